//! Which requests a finding names: those that prove it, whose answers count for nobody.

use super::*;
use crate::audit::FIRST_TOKEN;

/// What was found of a kind in the good sale after it was changed, and whom it convicts.
pub(super) fn convicted_of(kind: &str, change: impl Fn(&mut Sale)) -> Vec<u64> {
    let mut sale = good();
    change(&mut sale);
    let found: Vec<Finding> = findings(sale).into_iter().filter(|one| one.kind() == kind).collect();
    let [finding] = &found[..] else { panic!("{found:?}") };
    finding.requests()
}

/// One more ticket, which a request was told of at a moment.
fn take(sale: &mut Sale, (number, id): (u64, u64), times: (u64, u64)) {
    let taken = Event { outcome: done(id, 60), ..event(number, (Op::Take, 9, 1), times) };
    sale.events.push(taken);
    sale.state.reservations.push(reservation(id, number % 2, ticket("held")));
    sale.state.stocks[0].held += 1;
}

#[test]
fn a_seat_that_is_sold_twice_names_whoever_was_told_that_it_is_his() {
    let both = convicted_of("sold twice", |sale| {
        sale.events[2].outcome = done(72, 60);
        sale.state.reservations.push(reservation(72, 1, seat(1, "held")));
    });
    assert_eq!(both, [2, 3]);
}

#[test]
fn a_seat_whose_item_was_cancelled_is_nobodys_and_can_be_sold_again() {
    let again = kinds(|sale| {
        // The reservation has another item still, so it is alive.
        sale.state.reservations[0].items[0].state = "cancelled".to_owned();
        sale.state.reservations[0].items.push(ticket("sold"));
        sale.state.reservations.push(reservation(72, 1, seat(1, "held")));
    });
    assert!(!again.contains(&"sold twice"), "{again:?}");
}

#[test]
fn an_oversold_type_names_who_was_told_last() {
    let last = |capacity: i64| {
        convicted_of("oversold", |sale| {
            take(sale, (7, 75), (91, 130));
            take(sale, (9, 74), (92, 120));
            sale.state.stocks[0].capacity = capacity;
        })
    };
    assert_eq!(last(2), [7], "it was told of its ticket behind the others");
    assert_eq!(last(1), [9, 7]);
    // Who was never told comes last, and has no answer that could count.
    let untold = convicted_of("oversold", |sale| {
        take(sale, (7, 75), (91, 130));
        let open = sale.events.last_mut().unwrap();
        open.outcome = Outcome::Unknown;
        sale.state.stocks[0].capacity = 1;
    });
    assert_eq!(untold, Vec::<u64>::new());
}

#[test]
fn more_than_a_buyer_may_have_names_what_went_beyond() {
    let limited = |sale: &mut Sale| {
        take(sale, (7, 75), (91, 130));
        sale.state.stocks[0].capacity = 2;
        sale.state.rules.per_buyer_max = Some(1);
    };
    assert_eq!(convicted_of("beyond a limit", limited), [7]);
    let cancelled = kinds(|sale| {
        limited(sale);
        // Of two items in one reservation one was given back.
        let items = &mut sale.state.reservations[1].items;
        items[0].state = "cancelled".to_owned();
        sale.state.stocks[0].held = 1;
    });
    assert!(!cancelled.contains(&"beyond a limit"), "{cancelled:?}");
}

#[test]
fn a_room_that_is_too_full_names_who_came_in_beyond() {
    let beyond = convicted_of("beyond a limit", |sale| {
        sale.state.rules.active_max = Some(1);
        for (number, told) in [(100, 220), (101, 210)] {
            let entered = event(number, (Op::Join, 0, 0), (200, told));
            let left = event(number, (Op::Leave, 0, 0), (300, 310));
            sale.events.push(Event { outcome: done(number, 1), ..entered });
            sale.events.push(Event { outcome: done(0, 0), ..left });
        }
    });
    assert_eq!(beyond, [100], "the other was told before");
}

#[test]
fn who_left_before_he_was_told_that_he_is_inside_is_not_counted() {
    let found = kinds(|sale| {
        sale.state.rules.active_max = Some(1);
        for number in [100, 101] {
            let entered = event(number, (Op::Join, 0, 0), (200 + number, 400));
            let left = event(number, (Op::Leave, 0, 0), (350, 360));
            sale.events.push(Event { outcome: done(number, 1), ..entered });
            sale.events.push(Event { outcome: done(0, 0), ..left });
        }
    });
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn money_without_a_ticket_names_who_paid_and_a_wallet_below_zero_who_was_told_so() {
    let paid = convicted_of("charged without ticket", |sale| {
        sale.state.reservations[0].state = "expired".to_owned();
        sale.state.reservations[0].items[0].state = "expired".to_owned();
    });
    assert_eq!(paid, [2]);
    let below = convicted_of("beyond a limit", |sale| {
        sale.events[3].outcome = done(80, -20);
        sale.state.wallets[0].balance = -20;
        sale.state.wallets[0].entries[1].amount = -120;
    });
    assert_eq!(below, [2]);
}

#[test]
fn two_payments_for_one_thing_name_who_paid_if_anybody_did() {
    let paid = |sale: &mut Sale, id: u64, reservation: u64| {
        let reservation = Some(reservation);
        sale.state.payments.push(Payment { id, by: 0, reservation, amount: 60, refunded: 0 });
    };
    assert_eq!(convicted_of("applied twice", |sale| paid(sale, 81, 70)), [2]);
    let refused_before = |sale: &mut Sale| {
        paid(sale, 81, 70);
        let mut vain = event(4, (Op::Pay, 70, 60), (52, 55));
        vain.outcome = refused("INSUFFICIENT_FUNDS");
        sale.events.push(vain);
    };
    assert_eq!(convicted_of("applied twice", refused_before), [2], "whoever was told of one");
    let nobody = |sale: &mut Sale| {
        paid(sale, 81, 71);
        paid(sale, 82, 71);
    };
    assert_eq!(convicted_of("foreign", nobody), Vec::<u64>::new());
    assert!(!kinds(nobody).contains(&"applied twice"), "nobody's answer is wrong");
}

#[test]
fn who_overtook_another_is_convicted_and_not_the_other() {
    let by = convicted_of("overtaken", |sale| {
        sale.events.extend([join(100, 2, (200, 220)), join(101, 1, (221, 230))]);
    });
    assert_eq!(by, [101]);
}

#[test]
fn a_token_that_two_were_told_names_both_and_one_that_is_told_again_nobody() {
    let token = |number: u64, buyer: u32, token: i64| {
        let told = done(0, i64::try_from(FIRST_TOKEN).unwrap() + token);
        let join = event(number, (Op::Join, 0, 0), (200 + number, 210 + number));
        by(buyer, Event { outcome: told, ..join })
    };
    let same = |sale: &mut Sale| sale.events.extend([token(100, 0, 5), token(101, 1, 5)]);
    assert_eq!(convicted_of("told to two", same), [100, 101]);
    let sound = kinds(|sale| {
        sale.events.extend([token(100, 0, 5), token(101, 1, 6), token(102, 0, 5)]);
    });
    assert_eq!(sound, Vec::<&str>::new(), "each has his own, and was told so again");
}

#[test]
fn requests_are_said_and_of_many_the_first() {
    let said = |requests: Vec<u64>| {
        let what = "items".to_owned();
        Finding::BeyondLimit { what, limit: 1, counted: 2, requests }.to_string()
    };
    let beyond = "beyond a limit: items: 2, and 1 may be";
    assert_eq!(said(Vec::new()), beyond);
    assert_eq!(said(vec![7]), format!("{beyond} (request 7)"));
    assert_eq!(said(vec![7, 8]), format!("{beyond} (requests 7, 8)"));
    let many = format!("{beyond} (requests 1, 2, 3, 4, 5, 6, 7, 8, and 2 more)");
    assert_eq!(said((1..=10).collect()), many);
}

#[test]
fn findings_of_reports_that_named_no_requests_are_read() {
    let old = [
        r#"{"finding":"sold_twice","seat":"seat_1","reservations":["res_1","res_2"]}"#,
        r#"{"finding":"oversold","what":"type_9","capacity":1,"live":2}"#,
        r#"{"finding":"beyond_limit","what":"items","limit":1,"counted":2}"#,
        r#"{"finding":"paid_for_nothing","payment":"pay_1","reservation":"res_1","found":"held"}"#,
    ];
    for text in old {
        let finding: Finding = serde_json::from_str(text).unwrap();
        assert_eq!(finding.requests(), Vec::<u64>::new(), "{text}");
    }
}
