//! Holds of which nobody was told: their time runs out like that of any other.

use super::{Sale, by, done, event, findings, kinds, refused, reservation, seat};
use crate::audit::Finding;
use crate::history::{Event, Op, Outcome};

/// A hold lasts a second here.
const HOLD_MS: u64 = 1_000;
const MS: u64 = 1_000_000;

/// The hold of seat 2 by buyer 0 is not answered, buyer 1 is refused the seat, and so many milliseconds
/// after the hold another one gets it.
fn held_again(sale: &mut Sale, wished: u64, after_ms: u64) {
    let at = 100 + after_ms * MS;
    let mut lost = by(0, event(20, (Op::Hold, wished, 1), (100, 110)));
    let mut taken = by(1, event(21, (Op::Hold, 2, 1), (120, 130)));
    let mut again = by(1, event(23, (Op::Hold, 2, 1), (at, at + 10)));
    (lost.outcome, taken.outcome) = (Outcome::Unknown, refused("SEAT_TAKEN"));
    again.outcome = done(73, 60);
    (taken.items, again.items) = ([2].into(), [2].into());
    sale.events.extend([lost, taken, again]);
    sale.state.rules.hold_ms = HOLD_MS;
    sale.state.reservations.push(reservation(72, 0, seat(2, "expired")));
    sale.state.reservations.push(reservation(73, 1, seat(2, "held")));
}

#[test]
fn a_hold_that_nobody_was_told_of_lapses_and_not_before_its_time() {
    assert_eq!(kinds(|sale| held_again(sale, 2, HOLD_MS + 1)), Vec::<&str>::new());
    assert_eq!(kinds(|sale| held_again(sale, 2, HOLD_MS - 1)), ["not linearizable"]);
}

#[test]
fn what_was_there_before_anybody_asked_is_not_foreign_and_takes_what_it_takes() {
    let earlier = |sale: &mut Sale| {
        for id in 90..93 {
            sale.state.reservations.push(reservation(id, 7, seat(id, "sold")));
        }
        sale.state.before = vec![90, 91, 92];
    };
    assert_eq!(kinds(earlier), Vec::<&str>::new());
    let later = |sale: &mut Sale| {
        earlier(sale);
        sale.state.before.pop();
    };
    assert_eq!(kinds(later), ["foreign"]);
    let full = |sale: &mut Sale| {
        earlier(sale);
        sale.state.reservations.push(reservation(93, 7, seat(1, "sold")));
        sale.state.before.push(93);
    };
    assert!(kinds(full).contains(&"sold twice"), "seat 1 was sold before");
}

#[test]
fn a_hold_that_left_the_seat_to_the_house_is_that_of_what_nobody_was_told_of() {
    assert_eq!(kinds(|sale| held_again(sale, 0, HOLD_MS + 1)), Vec::<&str>::new());
    assert_eq!(kinds(|sale| held_again(sale, 0, HOLD_MS - 1)), ["not linearizable"]);
    // Where nobody asked for such a hold, the refusal was for nothing.
    let nobody = |sale: &mut Sale| {
        held_again(sale, 0, HOLD_MS + 1);
        sale.events.retain(|event| event.number != 20);
    };
    assert!(kinds(nobody).contains(&"not linearizable"));
}

#[test]
fn that_a_hold_nobody_was_told_of_lapses_frees_no_seat_of_another() {
    // Two are told that the seat is theirs, the second when only the time of the lost hold is over.
    let found = |is_lost_first: bool| {
        let mut sale = super::good();
        sale.state.rules.hold_ms = HOLD_MS;
        let told = |number: u64, id: u64, at: u64| {
            let mut told = event(number, (Op::Hold, 2, 1), (at, at + 10));
            (told.outcome, told.items) = (done(id, 60), [2].into());
            told
        };
        let lost = event(20, (Op::Hold, 2, 1), (100, 110));
        let lost = Event { outcome: Outcome::Unknown, ..lost };
        let first = if is_lost_first { 200 * MS } else { 100 };
        sale.events.extend([lost, told(21, 72, first), told(23, 73, 1_100 * MS)]);
        sale.state.reservations.push(reservation(72, 1, seat(2, "expired")));
        sale.state.reservations.push(reservation(73, 1, seat(2, "held")));
        findings(sale).iter().map(Finding::kind).collect::<Vec<_>>()
    };
    assert_eq!(found(true), ["not linearizable"], "the lost one may be over, and not the first");
    assert_eq!(found(false), Vec::<&str>::new(), "the first is over");
}
