//! Histories that are known to be bad, each with the kind of finding that it must be convicted of,
//! beside the good one that they were made from.

mod confirmed;
mod inside;
mod lasting;
mod named;
mod untold;
mod whole;

use super::{Finding, audit};
use crate::history::{Asked, Event, History, Op, Outcome, Window};
use crate::state::{Entry, Item, Payment, Reservation, Rules, State, Stock, Wallet};

/// A sale of two seats and a ticket type, and a wallet, as it should be.
struct Sale {
    events: Vec<Event>,
    state: State,
}

fn event(number: u64, (op, on, amount): (Op, u64, i64), (sent, ended): (u64, u64)) -> Event {
    let by = u32::try_from(number % 2).unwrap();
    let asked = Asked { op, by, on, amount };
    Event { number, asked, intended_ns: sent, sent_ns: sent, ended_ns: ended, ..Event::default() }
}

fn done(named: u64, value: i64) -> Outcome {
    Outcome::Done { named, value }
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { status: 409, code: Some(code.into()) }
}

fn reservation(id: u64, by: u64, item: Item) -> Reservation {
    let until =
        if item.state == "expired" { "2025-12-31T23:59:00Z" } else { "2026-01-01T00:10:00Z" };
    Reservation {
        id,
        buyer: format!("buyer_{by}"),
        show: 1,
        state: item.state.clone(),
        items: vec![item],
        payment: None,
        expires_at: until.to_owned(),
        seen_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn seat(id: u64, state: &str) -> Item {
    Item { seat: Some(id), ticket_type: None, state: state.to_owned() }
}

fn ticket(state: &str) -> Item {
    Item { seat: None, ticket_type: Some(9), state: state.to_owned() }
}

/// Buyer 0 charges 100, holds seat 1 and pays 60 for it; buyer 1 is refused the seat, then takes a
/// ticket.
fn good() -> Sale {
    let mut events = vec![
        event(0, (Op::Charge, 0, 100), (0, 10)),
        event(2, (Op::Hold, 1, 1), (20, 30)),
        event(3, (Op::Hold, 1, 1), (40, 50)),
        event(2, (Op::Pay, 70, 60), (60, 70)),
        event(5, (Op::Take, 9, 1), (80, 90)),
    ];
    let outcomes = [done(50, 100), done(70, 60), refused("SEAT_TAKEN"), done(80, 40), done(71, 60)];
    for (event, outcome) in events.iter_mut().zip(outcomes) {
        event.outcome = outcome;
    }
    events[1].items = [1].into();
    events[2].items = [1].into();
    let mut paid = reservation(70, 0, seat(1, "sold"));
    paid.payment = Some(80);
    let entries = vec![
        Entry { id: 50, amount: 100, payment: None },
        Entry { id: 51, amount: -60, payment: Some(80) },
    ];
    let state = State {
        buyers: vec!["buyer_0".to_owned(), "buyer_1".to_owned()],
        reservations: vec![paid, reservation(71, 1, ticket("held"))],
        payments: vec![Payment { id: 80, by: 0, reservation: Some(70), amount: 60, refunded: 0 }],
        has_payments: true,
        wallets: vec![Wallet { by: 0, opening: 0, balance: 40, entries }],
        stocks: vec![Stock { ticket_type: 9, capacity: 1, held: 1, sold: 0 }],
        rules: Rules { hold_ms: 300_000, ..Rules::default() },
        ..State::default()
    };
    Sale { events, state }
}

fn findings(sale: Sale) -> Vec<Finding> {
    let window = Window { from_ns: 0, to_ns: 1_000 };
    audit(&History { events: sale.events, window }, &sale.state).findings
}

/// The requests whose answers do not count.
fn convicted(sale: Sale) -> Vec<u64> {
    let mut convicted: Vec<u64> = findings(sale).iter().flat_map(Finding::requests).collect();
    convicted.sort_unstable();
    convicted.dedup();
    convicted
}

/// The kinds that are found when the good sale was changed.
fn kinds(change: impl Fn(&mut Sale)) -> Vec<&'static str> {
    let mut sale = good();
    change(&mut sale);
    let mut kinds: Vec<&str> = findings(sale).iter().map(Finding::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn a_good_sale_is_acquitted() {
    assert_eq!(findings(good()), []);
}

#[test]
fn a_lost_reservation_and_a_foreign_one_are_found() {
    assert!(kinds(|sale| drop(sale.state.reservations.remove(1))).contains(&"lost"));
    let foreign = |sale: &mut Sale| {
        sale.state.reservations.push(reservation(99, 1, seat(2, "held")));
    };
    assert!(kinds(foreign).contains(&"foreign"));
}

#[test]
fn what_was_accepted_and_not_answered_may_have_been_done_and_what_was_refused_may_not() {
    let with = |status: u16, code: &str| {
        kinds(move |sale| {
            let mut asked = event(7, (Op::Hold, 2, 1), (91, 96));
            asked.outcome = Outcome::Refused { status, code: Some(code.into()) };
            asked.items = [2].into();
            sale.events.push(asked);
            sale.state.reservations.push(reservation(73, 1, seat(2, "held")));
        })
    };
    for (status, code) in [(202, ""), (503, "NOT_ANSWERED"), (503, "UNAVAILABLE")] {
        assert!(with(status, code).is_empty(), "{code}: {:?}", with(status, code));
    }
    for (status, code) in [(409, "SEAT_TAKEN"), (503, "BUSY"), (503, "CLOSING")] {
        assert!(with(status, code).contains(&"foreign"), "{code}");
    }
}

#[test]
fn a_seat_that_is_sold_twice_is_found_in_the_state_and_in_the_order_of_its_answers() {
    let found = kinds(|sale| {
        sale.events[2].outcome = done(72, 60);
        sale.state.reservations.push(reservation(72, 1, seat(1, "held")));
    });
    assert_eq!(found, ["not linearizable", "sold twice"]);
}

#[test]
fn a_seat_that_two_were_told_is_found_though_only_one_has_it_in_the_end() {
    let found = kinds(|sale| {
        sale.events[2].outcome = done(72, 60);
        sale.state.reservations.push(reservation(72, 1, seat(1, "released")));
    });
    assert!(found.contains(&"not linearizable"), "{found:?}");
}

#[test]
fn a_hold_that_is_said_to_be_over_too_early_is_found_and_one_that_may_be_over_is_not() {
    let told = |lasts_ms: u64| {
        kinds(move |sale| {
            sale.events.push(event(6, (Op::Pay, 71, 60), (95, 600_000_000)));
            sale.events[5].outcome = refused("HOLD_EXPIRED");
            sale.state.rules.hold_ms = lasts_ms;
        })
    };
    assert_eq!(told(300_000), ["ended early"]);
    assert_eq!(told(1_000), Vec::<&str>::new());
}

#[test]
fn a_seat_that_is_refused_for_a_hold_that_is_over_is_found() {
    let refused_after = |hold_ms: u64| {
        kinds(move |sale| {
            let mut held = event(6, (Op::Hold, 2, 1), (91, 95));
            let mut asked = event(9, (Op::Hold, 2, 1), (600_000_000, 600_000_010));
            (held.outcome, asked.outcome) = (done(72, 60), refused("SEAT_TAKEN"));
            (held.items, asked.items) = ([2].into(), [2].into());
            sale.events.extend([held, asked]);
            sale.state.reservations.push(reservation(72, 0, seat(2, "expired")));
            sale.state.rules.hold_ms = hold_ms;
        })
    };
    assert_eq!(refused_after(50), ["held past expiry"]);
    assert_eq!(refused_after(300), Vec::<&str>::new());
}

#[test]
fn where_a_clock_was_moved_a_seat_may_be_free_a_little_early() {
    // Held for a second, and somebody else's after a part of it.
    let held_again_after = |ms: u64, rules: fn(Rules) -> Rules| {
        kinds(move |sale| {
            let at = 91 + ms * 1_000_000;
            let mut first = event(6, (Op::Hold, 2, 1), (91, 95));
            let mut second = event(9, (Op::Hold, 2, 1), (at, at + 5));
            (first.outcome, second.outcome) = (done(72, 60), done(73, 60));
            (first.items, second.items) = ([2].into(), [2].into());
            sale.events.extend([first, second]);
            sale.state.reservations.push(reservation(72, 0, seat(2, "expired")));
            sale.state.reservations.push(reservation(73, 1, seat(2, "held")));
            sale.state.rules = rules(Rules { hold_ms: 1_000, ..sale.state.rules });
        })
    };
    assert_eq!(held_again_after(960, |rules| rules), ["not linearizable"]);
    assert_eq!(held_again_after(960, Rules::with_moved_clock), Vec::<&str>::new());
    assert_eq!(held_again_after(940, Rules::with_moved_clock), ["not linearizable"]);
}

#[test]
fn an_oversold_type_and_a_wrong_count_are_found() {
    let oversold = kinds(|sale| sale.state.stocks[0].capacity = 0);
    assert_eq!(oversold, ["oversold"]);
    let miscounted = kinds(|sale| sale.state.stocks[0].held = 0);
    assert_eq!(miscounted, ["miscounted"]);
}

#[test]
fn a_lost_update_of_a_wallet_is_found_in_the_balance_and_in_what_was_told() {
    let lost = kinds(|sale| sale.state.wallets[0].balance = 100);
    assert_eq!(lost, ["miscounted", "not linearizable"]);
    let told = kinds(|sale| sale.events[3].outcome = done(80, 100));
    assert_eq!(told, ["not linearizable"]);
    let mut sale = good();
    sale.events[3].outcome = done(80, 100);
    assert_eq!(convicted(sale), [2], "who was told a balance that cannot have been");
}

#[test]
fn a_command_that_was_applied_twice_is_found() {
    let twice = kinds(|sale| {
        let entry = Entry { id: 52, amount: 100, payment: None };
        sale.state.wallets[0].entries.push(entry);
        sale.state.wallets[0].balance = 140;
    });
    assert!(twice.contains(&"foreign") && twice.contains(&"not linearizable"), "{twice:?}");
    let answered = kinds(|sale| {
        let mut again = sale.events[0].clone();
        again.sent_ns = 11;
        again.outcome = done(52, 200);
        sale.events.push(again);
    });
    assert!(answered.contains(&"applied twice"), "{answered:?}");
}

#[test]
fn a_retry_that_is_answered_the_same_is_one_command() {
    let mut sale = good();
    let mut lost = sale.events[0].clone();
    lost.outcome = Outcome::Unknown;
    lost.ended_ns = 5;
    sale.events[0].sent_ns = 6;
    sale.events.push(lost);
    assert_eq!(findings(sale), []);
}

#[test]
fn money_without_a_ticket_is_found() {
    let found = kinds(|sale| {
        sale.state.reservations[0].state = "expired".to_owned();
        sale.state.reservations[0].items[0].state = "expired".to_owned();
    });
    assert!(found.contains(&"charged without ticket"), "{found:?}");
}

#[test]
fn a_balance_below_zero_and_more_than_a_buyer_may_have_are_found() {
    let negative = kinds(|sale| {
        sale.state.wallets[0].balance = -20;
        sale.state.wallets[0].entries[1].amount = -120;
    });
    assert!(negative.contains(&"beyond a limit"), "{negative:?}");
    let many = kinds(|sale| sale.state.rules.per_buyer_max = Some(0));
    assert_eq!(many, ["beyond a limit"]);
}

fn join(number: u64, place: u64, times: (u64, u64)) -> Event {
    Event { outcome: done(place, 0), ..event(number, (Op::Join, 0, 0), times) }
}

#[test]
fn every_room_counts_its_places_by_itself() {
    let told = |number, room| {
        let asked = (Op::Join, room, 0);
        Event { outcome: done(7, 0), ..event(number, asked, (number * 10, number * 10 + 5)) }
    };
    let kinds = |events: Vec<Event>| -> Vec<&'static str> {
        let history = History { events, window: Window { from_ns: 0, to_ns: u64::MAX } };
        audit(&history, &State::default()).findings.iter().map(Finding::kind).collect()
    };
    assert!(kinds(vec![told(0, 1), told(1, 2)]).is_empty());
    assert_eq!(kinds(vec![told(0, 1), told(1, 1)]), ["told to two"]);
}

#[test]
fn somebody_who_is_overtaken_is_found_and_those_who_came_together_are_not() {
    let together = |sale: &mut Sale| {
        sale.events.extend([join(100, 2, (200, 220)), join(101, 1, (210, 230))]);
    };
    assert_eq!(kinds(together), Vec::<&str>::new());
    let later = |sale: &mut Sale| {
        sale.events.extend([join(100, 2, (200, 220)), join(101, 1, (221, 230))]);
    };
    assert_eq!(kinds(later), ["overtaken"]);
}

fn by(buyer: u32, event: Event) -> Event {
    Event { asked: Asked { by: buyer, ..event.asked }, ..event }
}

#[test]
fn who_comes_back_to_the_place_that_he_still_has_overtakes_nobody() {
    // The first visit ended in an outage, with the place kept; others came meanwhile.
    let back = |between: Option<Event>| {
        kinds(|sale: &mut Sale| {
            let again = by(0, join(102, 1, (240, 250)));
            let others = by(1, join(101, 2, (220, 230)));
            sale.events.extend([by(0, join(100, 1, (200, 210))), others, again]);
            sale.events.extend(between.clone());
        })
    };
    assert_eq!(back(None), Vec::<&str>::new());
    let left = Event { outcome: done(0, 0), ..event(103, (Op::Leave, 0, 0), (212, 214)) };
    assert_eq!(back(Some(by(0, left))), ["overtaken"], "he had given it back");
}

#[test]
fn who_leaves_one_room_still_has_his_place_in_another() {
    let found = |left_room: u64| {
        kinds(|sale: &mut Sale| {
            let again = by(0, join(102, 1, (240, 250)));
            let others = by(1, join(101, 2, (220, 230)));
            let left = event(103, (Op::Leave, left_room, 0), (212, 214));
            let left = by(0, Event { outcome: done(0, 0), ..left });
            sale.events.extend([by(0, join(100, 1, (200, 210))), others, again, left]);
        })
    };
    assert_eq!(found(7), Vec::<&str>::new());
    assert_eq!(found(0), ["overtaken"]);
}

#[test]
fn whose_place_was_not_told_may_have_had_it_all_the_same() {
    let back = |first: Option<Event>| {
        kinds(|sale: &mut Sale| {
            let others = by(1, join(101, 2, (220, 230)));
            sale.events.extend([others, by(0, join(102, 1, (240, 250)))]);
            sale.events.extend(first.clone());
        })
    };
    let lost = Event { outcome: Outcome::Unknown, ..by(0, join(100, 0, (200, 210))) };
    assert_eq!(back(Some(lost)), Vec::<&str>::new());
    assert_eq!(back(None), ["overtaken"]);
}

#[test]
fn a_place_that_two_have_and_a_room_that_is_too_full_are_found() {
    let shared = |sale: &mut Sale| {
        sale.events.extend([join(100, 2, (200, 220)), join(101, 2, (210, 230))]);
    };
    assert_eq!(kinds(shared), ["told to two"]);
    let full = |sale: &mut Sale| {
        sale.state.rules.active_max = Some(1);
        for number in [100, 101] {
            let mut entered = join(number, number, (number + 100, number + 110));
            entered.outcome = done(number, 1);
            let mut left = event(number, (Op::Leave, 0, 0), (300, 310));
            left.outcome = done(0, 0);
            sale.events.extend([entered, left]);
        }
    };
    assert_eq!(kinds(full), ["beyond a limit"]);
}

#[test]
fn an_unknown_hold_may_be_there_or_not() {
    for is_there in [false, true] {
        let mut sale = good();
        let mut wanted = event(7, (Op::Hold, 2, 1), (100, 120));
        wanted.outcome = Outcome::Unknown;
        sale.events.push(wanted);
        if is_there {
            sale.state.reservations.push(reservation(77, 1, seat(2, "held")));
        }
        assert_eq!(findings(sale), [], "{is_there}");
    }
}
