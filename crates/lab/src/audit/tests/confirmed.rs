//! Confirmations, and what is asked for again when it was done.

use super::{Finding, Sale, done, event, findings, good, reservation, ticket};
use crate::history::{Event, Op, Outcome};
use crate::state::Reservation;

/// A confirmation of a ticket that was told a payment, and the reservation that carries it.
fn confirmation(number: u64, payment: u64, at: u64) -> (Event, Reservation) {
    let asked = event(number, (Op::Confirm, 9, 100), (at, at + 5));
    let mut bought = reservation(payment + 1_000, number % 2, ticket("sold"));
    bought.payment = Some(payment);
    (Event { outcome: done(payment, 0), ..asked }, bought)
}

/// Two confirmations of tickets of type 9 beside the good sale.
fn confirmed(change: impl Fn(&mut [(Event, Reservation); 2])) -> Sale {
    let mut both = [confirmation(20, 300, 200), confirmation(21, 301, 210)];
    change(&mut both);
    let mut sale = good();
    (sale.state.stocks[0].capacity, sale.state.stocks[0].sold) = (9, 2);
    for (event, bought) in both {
        sale.events.push(event);
        sale.state.reservations.push(bought);
    }
    sale
}

#[test]
fn two_confirmations_that_were_told_the_same_payment_are_found() {
    assert_eq!(findings(confirmed(|_| ())), []);
    let mut sale = confirmed(|both| both[1].0.outcome = done(300, 0));
    // The other ticket is not there at all.
    sale.state.reservations.pop();
    sale.state.stocks[0].sold = 1;
    let shared = Finding::Shared { requests: [20, 21], acknowledged: "pay_300".to_owned() };
    assert_eq!(findings(sale), [shared]);
}

#[test]
fn a_confirmation_that_bought_another_number_of_tickets_or_another_type_is_found() {
    let mut none = confirmed(|both| both[0].1.items.clear());
    none.state.stocks[0].sold = 1;
    let mut many = confirmed(|both| both[0].1.items.push(ticket("sold")));
    many.state.stocks[0].sold = 3;
    let mut other = confirmed(|both| both[0].1.items[0].ticket_type = Some(8));
    other.state.stocks[0].sold = 1;
    for sale in [none, many, other] {
        let found = findings(sale);
        assert!(matches!(found[..], [Finding::Different { request: 20, .. }]), "{found:?}");
    }
}

#[test]
fn what_was_done_and_is_refused_when_it_is_asked_again_is_found() {
    let again = |sent: u64, status: u16, code: &str| {
        let mut sale = good();
        let mut again = sale.events[4].clone();
        (again.sent_ns, again.ended_ns) = (sent, sent + 5);
        again.outcome = Outcome::Refused { status, code: Some(code.into()) };
        sale.events.push(again);
        findings(sale)
    };
    let refused = "409 SOLD_OUT".to_owned();
    let found = Finding::TakenBack { request: 5, acknowledged: 71, refused };
    assert_eq!(again(91, 409, "SOLD_OUT"), [found]);
    // Sent before the answer was there, or not looked at: nothing was taken back.
    for (sent, status, code) in
        [(85, 409, "SOLD_OUT"), (91, 503, "BUSY"), (91, 429, "RATE_LIMITED"), (91, 202, "")]
    {
        assert_eq!(again(sent, status, code), [], "{status} {code}");
    }
}
