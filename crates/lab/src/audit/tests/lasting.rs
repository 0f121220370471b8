//! Holds that end before their time, and what is sold without having been paid: tickets of a type.

use super::named::convicted_of;
use super::{Sale, done, event, findings, good, kinds, refused, reservation, ticket};
use crate::audit::Finding;
use crate::history::{Event, Op, Outcome};
use crate::state::{Payment, Rules};

/// The ticket that buyer 1 took ends otherwise; its hold has so many seconds left when it is looked at.
fn ends(sale: &mut Sale, state: &str, left_s: i64) {
    let taken = &mut sale.state.reservations[1];
    taken.state = state.to_owned();
    taken.items[0].state = state.to_owned();
    taken.seen_at = "2026-01-01T00:05:00Z".to_owned();
    taken.expires_at =
        format!("2026-01-01T00:{:02}:{:02}Z", (300 + left_s) / 60, (300 + left_s) % 60);
    sale.state.stocks[0].held -= 1;
}

/// Something that buyer 1 asks of his ticket.
fn asked(op: Op, outcome: Outcome) -> Event {
    let asked = event(31, (op, 71, 60), (100, 110));
    Event { outcome, ..asked }
}

#[test]
fn a_ticket_that_is_released_though_nobody_gave_it_up_is_found() {
    let silent = |sale: &mut Sale| ends(sale, "released", 60);
    assert_eq!(convicted_of("ended unasked", silent), [5]);
    assert_eq!(kinds(silent), ["ended unasked"]);
    for outcome in [done(0, 0), Outcome::Unknown] {
        let given_up = |sale: &mut Sale| {
            silent(sale);
            sale.events.push(asked(Op::Release, outcome.clone()));
        };
        assert_eq!(kinds(given_up), Vec::<&str>::new(), "{outcome:?}");
    }
    let refused = |sale: &mut Sale| {
        silent(sale);
        sale.events.push(asked(Op::Release, refused("INVALID_STATE")));
    };
    assert_eq!(kinds(refused), ["ended unasked"]);
}

#[test]
fn a_ticket_that_expires_before_its_time_is_found_and_one_whose_time_is_over_is_not() {
    let expired = |left_s: i64, rules: fn(Rules) -> Rules| {
        kinds(move |sale| {
            ends(sale, "expired", left_s);
            sale.state.rules = rules(sale.state.rules);
        })
    };
    assert_eq!(expired(60, |rules| rules), ["ended unasked"]);
    assert_eq!(expired(0, |rules| rules), Vec::<&str>::new());
    assert_eq!(expired(-10, |rules| rules), Vec::<&str>::new());
    // A hold of five minutes ends a little early by a clock that was moved.
    assert_eq!(expired(10, Rules::with_moved_clock), Vec::<&str>::new());
    assert_eq!(expired(60, Rules::with_moved_clock), ["ended unasked"]);
}

#[test]
fn one_of_several_tickets_that_ends_by_itself_is_found_and_said() {
    let mut sale = good();
    sale.state.reservations[1].items.push(ticket("released"));
    let taken = sale.events.iter_mut().find(|event| event.asked.op == Op::Take);
    taken.unwrap().asked.amount = 2;
    let found = findings(sale);
    let [finding] = &found[..] else { panic!("{found:?}") };
    let said = "ended unasked: request 5 was told res_71, released too early";
    assert_eq!(finding.to_string(), said);
}

/// The ticket that buyer 1 took is sold, and this came of his payment, if he sent one.
fn sold(sale: &mut Sale, pay: Option<Outcome>) {
    let taken = &mut sale.state.reservations[1];
    taken.state = "sold".to_owned();
    taken.items[0].state = "sold".to_owned();
    let stock = &mut sale.state.stocks[0];
    (stock.held, stock.sold) = (0, 1);
    sale.events.extend(pay.map(|outcome| asked(Op::Pay, outcome)));
}

fn payment(amount: i64) -> Payment {
    Payment { id: 90, by: 1, reservation: Some(71), amount, refunded: 0 }
}

#[test]
fn a_ticket_that_is_sold_though_nobody_paid_is_found() {
    assert_eq!(convicted_of("sold unpaid", |sale| sold(sale, None)), [5]);
    assert_eq!(kinds(|sale| sold(sale, None)), ["sold unpaid"]);
    let vain = Some(refused("INSUFFICIENT_FUNDS"));
    assert_eq!(convicted_of("sold unpaid", |sale| sold(sale, vain.clone())), [5, 31]);
    // The reservation is told of a payment that nobody was told of.
    let named = |sale: &mut Sale| {
        sold(sale, None);
        sale.state.reservations[1].payment = Some(90);
        sale.state.payments.push(payment(60));
    };
    assert_eq!(kinds(named), ["sold unpaid"]);
}

#[test]
fn whoever_was_not_answered_when_he_paid_may_have_paid_if_the_payment_is_there() {
    let open = |sale: &mut Sale| sold(sale, Some(Outcome::Unknown));
    assert_eq!(kinds(open), ["sold unpaid"], "there is no payment");
    assert_eq!(convicted_of("sold unpaid", open), [5]);
    let paid = |amount: i64, has_entry: bool| {
        kinds(move |sale| {
            open(sale);
            sale.state.payments.push(payment(amount));
            let mut wallet = sale.state.wallets[0].clone();
            (wallet.by, wallet.opening, wallet.balance) = (1, 100, 100);
            wallet.entries.clear();
            if has_entry {
                let entry = crate::state::Entry { id: 60, amount: -amount, payment: Some(90) };
                wallet.entries.push(entry);
                wallet.balance -= amount;
            }
            sale.state.wallets.push(wallet);
        })
    };
    assert_eq!(paid(60, true), Vec::<&str>::new());
    assert_eq!(paid(60, false), ["sold unpaid"], "nothing was taken for it");
    assert_eq!(paid(0, false), Vec::<&str>::new(), "it costs nothing");
    // Where payments were not asked for, nothing is known of them.
    let unseen = |sale: &mut Sale| {
        open(sale);
        sale.state.has_payments = false;
    };
    assert_eq!(kinds(unseen), Vec::<&str>::new());
}

#[test]
fn what_is_confirmed_was_paid_elsewhere() {
    let confirmed = |outcome: Option<Outcome>| {
        kinds(move |sale| {
            let mut bought = reservation(1_300, 0, ticket("sold"));
            bought.payment = Some(300);
            let asked = event(40, (Op::Confirm, 9, 100), (200, 205));
            sale.events.extend(outcome.clone().map(|outcome| Event { outcome, ..asked }));
            sale.state.reservations.push(bought);
            (sale.state.stocks[0].capacity, sale.state.stocks[0].sold) = (9, 1);
        })
    };
    assert_eq!(confirmed(Some(done(300, 0))), Vec::<&str>::new());
    assert_eq!(confirmed(Some(Outcome::Unknown)), Vec::<&str>::new());
    assert_eq!(confirmed(Some(refused("SOLD_OUT"))), ["foreign", "sold unpaid"]);
    let said = Finding::SoldUnpaid { reservation: "res_1".to_owned(), requests: vec![4] };
    assert_eq!(said.to_string(), "sold unpaid: nobody paid for res_1 (request 4)");
}
