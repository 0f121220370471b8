//! Holds of seats, each wished once: every acknowledged one is there once, and no other.

use super::{Audited, Finding, grouped};
use crate::history::{Event, History, Outcome};
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId};
use std::collections::{BTreeMap, HashSet};

/// What a request asked for. No two requests of a history ask for the same seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Who.
    pub buyer: BuyerId,
    /// The show.
    pub show: ShowId,
    /// The seat.
    pub seat: SeatId,
}

/// A reservation as the house lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its id.
    pub id: ReservationId,
    /// Whose.
    pub buyer: BuyerId,
    /// Of which show.
    pub show: ShowId,
    /// Its seats.
    pub seats: Vec<SeatId>,
    /// Whether it has them still.
    pub is_live: bool,
}

/// Compares a history of holds with all reservations of its shows, and with how many seats of
/// them the house shows as taken.
pub fn audit(history: &History, wish: impl Fn(u64) -> Wish, found: &[Held], taken: u64) -> Audited {
    let mut findings = Vec::new();
    let by_seat = grouped(found.iter().flat_map(|held| {
        let seats = held.seats.iter();
        seats.map(move |seat| (*seat, held))
    }));
    let mut asked = HashSet::new();
    for event in &history.events {
        let wish = wish(event.number);
        asked.insert(wish.seat);
        let there = by_seat.get(&wish.seat).map(Vec::as_slice).unwrap_or_default();
        findings.extend(compare(event, wish, there));
    }
    findings.extend(foreign(found, &asked));
    findings.extend(sold_twice(&by_seat));
    let live = found.iter().filter(|held| held.is_live).map(|held| held.seats.len()).sum();
    findings.extend(miscounted(taken, live));
    let checked = u64::try_from(history.events.len()).unwrap_or(u64::MAX);
    Audited { checked, findings, ..Audited::default() }
}

fn compare(event: &Event, wish: Wish, there: &[&Held]) -> Option<Finding> {
    let request = event.number;
    let names = || there.iter().map(|held| held.id.to_string()).collect::<Vec<_>>();
    match (&event.outcome, there) {
        (_, [_, _, ..]) => Some(Finding::Twice { request, found: names() }),
        (Outcome::Done { named, .. }, []) => {
            Some(Finding::Lost { request, acknowledged: ReservationId(*named).to_string() })
        }
        (Outcome::Done { named, .. }, [held]) => {
            let wanted = ReservationId(*named);
            let is_same = held.id == wanted
                && held.buyer == wish.buyer
                && held.show == wish.show
                && held.seats == [wish.seat]
                && held.is_live;
            (!is_same).then(|| Finding::Different {
                request,
                found: format!("{} ({})", held.id, described(held)),
                wanted: format!("{wanted} of {}", wish.buyer),
            })
        }
        // Whatever the answer was, it did not say that the seat is held.
        (Outcome::Refused { .. } | Outcome::NotSent, [held]) => {
            Some(Finding::Unacknowledged { request, found: held.id.to_string() })
        }
        // It may have been done or not.
        (Outcome::Unknown | Outcome::Wrong, [_])
        | (Outcome::Unknown | Outcome::Wrong | Outcome::Refused { .. } | Outcome::NotSent, []) => {
            None
        }
    }
}

fn described(held: &Held) -> String {
    let state = if held.is_live { "live" } else { "over" };
    format!("{} of {}, {} seats, {state}", held.show, held.buyer, held.seats.len())
}

fn foreign(found: &[Held], asked: &HashSet<SeatId>) -> Vec<Finding> {
    let is_foreign = |held: &&Held| !held.seats.iter().any(|seat| asked.contains(seat));
    let strangers = found.iter().filter(is_foreign);
    strangers.map(|held| Finding::Foreign { found: held.id.to_string() }).collect()
}

fn sold_twice(by_seat: &BTreeMap<SeatId, Vec<&Held>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (seat, there) in by_seat {
        let live: Vec<String> =
            there.iter().filter(|held| held.is_live).map(|held| held.id.to_string()).collect();
        if live.len() > 1 {
            // Who asked for it is found as having it twice.
            let (seat, reservations, requests) = (seat.to_string(), live, Vec::new());
            findings.push(Finding::SoldTwice { seat, reservations, requests });
        }
    }
    findings
}

fn miscounted(taken: u64, live: usize) -> Option<Finding> {
    let said = i64::try_from(taken).unwrap_or(i64::MAX);
    let counted = i64::try_from(live).unwrap_or(i64::MAX);
    let what = "seats that are taken".to_owned();
    (said != counted).then_some(Finding::Miscounted { what, said, counted })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Window;

    const SHOW: ShowId = ShowId(1);

    fn wish(number: u64) -> Wish {
        Wish { buyer: BuyerId(u128::from(number % 2)), show: SHOW, seat: SeatId(100 + number) }
    }

    fn held(number: u64) -> Held {
        let Wish { buyer, show, seat } = wish(number);
        let id = ReservationId(10 + number);
        Held { id, buyer, show, seats: vec![seat], is_live: true }
    }

    fn done(number: u64) -> Outcome {
        Outcome::Done { named: 10 + number, value: 0 }
    }

    fn refused() -> Outcome {
        Outcome::Refused { status: 409, code: Some("SEAT_TAKEN".into()) }
    }

    fn history(outcomes: impl IntoIterator<Item = Outcome>) -> History {
        let event = |(number, outcome)| Event { number, ended_ns: 1, outcome, ..Event::default() };
        let events = (0..).zip(outcomes).map(event).collect();
        History { events, window: Window { from_ns: 0, to_ns: 2 } }
    }

    /// What the audit of three acknowledged holds finds after something was changed.
    fn after(change: impl Fn(&mut Vec<Held>)) -> Vec<Finding> {
        let mut found = vec![held(0), held(1), held(2)];
        change(&mut found);
        let live =
            found.iter().filter(|held| held.is_live).map(|held| held.seats.len()).sum::<usize>();
        let taken = u64::try_from(live).unwrap();
        audit(&history([done(0), done(1), done(2)]), wish, &found, taken).findings
    }

    #[test]
    fn a_sound_history_is_acquitted() {
        assert_eq!(after(|_| ()), []);
    }

    #[test]
    fn a_lost_hold_is_found() {
        let findings = after(|found| drop(found.remove(1)));
        assert_eq!(findings, [Finding::Lost { request: 1, acknowledged: "res_11".into() }]);
    }

    #[test]
    fn a_doubled_hold_is_found_as_a_seat_that_was_sold_twice() {
        let findings = after(|found| found.push(Held { id: ReservationId(99), ..held(1) }));
        let both = vec!["res_11".to_owned(), "res_99".to_owned()];
        let twice = Finding::Twice { request: 1, found: both.clone() };
        let sold = Finding::SoldTwice {
            seat: "seat_101".into(),
            reservations: both,
            requests: Vec::new(),
        };
        assert_eq!(findings, [twice, sold]);
    }

    #[test]
    fn a_foreign_hold_is_found() {
        let findings = after(|found| found.push(held(50)));
        assert_eq!(findings, [Finding::Foreign { found: "res_60".into() }]);
    }

    #[test]
    fn a_hold_that_went_to_somebody_else_is_found() {
        let findings = after(|found| found[0].buyer = BuyerId(77));
        assert!(matches!(findings[..], [Finding::Different { request: 0, .. }]), "{findings:?}");
    }

    #[test]
    fn a_hold_under_another_number_is_found() {
        let findings = after(|found| found[2].id = ReservationId(500));
        assert!(matches!(findings[..], [Finding::Different { request: 2, .. }]), "{findings:?}");
    }

    #[test]
    fn a_hold_with_a_seat_too_many_is_found() {
        let findings = after(|found| found[2].seats.push(SeatId(9_999)));
        assert!(matches!(findings[..], [Finding::Different { request: 2, .. }]), "{findings:?}");
    }

    #[test]
    fn a_hold_that_ended_too_soon_is_found() {
        let findings = after(|found| found[0].is_live = false);
        assert!(matches!(findings[..], [Finding::Different { request: 0, .. }]), "{findings:?}");
    }

    #[test]
    fn a_refused_hold_that_is_there_is_found_and_an_unknown_one_is_not() {
        let found = [held(0), held(1)];
        let findings = audit(&history([refused(), Outcome::Unknown]), wish, &found, 2).findings;
        let refused = Finding::Unacknowledged { request: 0, found: "res_10".into() };
        assert_eq!(findings, [refused]);
    }

    #[test]
    fn a_board_that_shows_another_count_is_found() {
        let audited = audit(&history([done(0)]), wish, &[held(0)], 2);
        let what = "seats that are taken".to_owned();
        assert_eq!(audited.findings, [Finding::Miscounted { what, said: 2, counted: 1 }]);
        assert!(audited.convicted().is_empty());
    }

    #[test]
    fn a_convicted_request_is_named() {
        let audited = audit(&history([done(0), done(1)]), wish, &[held(0)], 1);
        assert_eq!(audited.convicted(), HashSet::from([1]));
    }
}
