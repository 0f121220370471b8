//! Who is inside of a room for certain, also if he never leaves.

use super::{by, done, event};
use crate::audit::{Finding, audit};
use crate::history::{Event, History, Op, Outcome, Window};
use crate::state::{Rules, State};

/// A pass lasts ten seconds here.
const PASS_MS: u64 = 10_000;
const MS: u64 = 1_000_000;

/// What somebody asks at a moment and is told; the number of the request is his own.
fn says(buyer: u32, op: Op, (at_ms, place, value): (u64, u64, i64)) -> Event {
    let number = 1_000 + u64::from(buyer);
    let asked = event(number, (op, 0, 0), (at_ms * MS, at_ms * MS + 5));
    by(buyer, Event { outcome: done(place, value), ..asked })
}

/// Somebody is told that he is inside as soon as he asks.
fn enters(buyer: u32, at_ms: u64) -> Event {
    says(buyer, Op::Join, (at_ms, u64::from(buyer) + 1, 1))
}

/// How many were counted inside at once, if there were too many: one may be.
fn beyond(pass_ms: Option<u64>, events: &[Event]) -> Option<(i64, Vec<u64>)> {
    let history =
        History { events: events.to_vec(), window: Window { from_ns: 0, to_ns: u64::MAX } };
    let rules = Rules { active_max: Some(1), pass_ms, ..Rules::default() };
    let found = audit(&history, &State { rules, ..State::default() }).findings;
    match &found[..] {
        [] => None,
        [Finding::BeyondLimit { counted, requests, .. }] => Some((*counted, requests.clone())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn those_who_never_leave_are_counted_as_long_as_their_passes_last_for_certain() {
    let crowd: Vec<Event> = (0..5).map(|buyer| enters(buyer, u64::from(buyer))).collect();
    assert_eq!(beyond(Some(PASS_MS), &crowd), Some((5, vec![1_001, 1_002, 1_003, 1_004])));
    assert_eq!(beyond(None, &crowd), None, "nobody knows how long a pass lasts");
    assert_eq!(beyond(Some(PASS_MS), &[enters(0, 0), enters(1, PASS_MS)]), None);
    assert_eq!(beyond(Some(PASS_MS), &[enters(0, 0), enters(1, 9_000)]), Some((2, vec![1_001])));
}

#[test]
fn a_pass_that_may_have_begun_before_it_was_told_may_be_over_before() {
    // Three seconds after he joined he asks again and is told that he is inside; both pay in the end.
    let told = |before: Option<Event>, joined: Outcome| {
        let join = says(0, Op::Join, (0, 8, 0));
        let poll = says(0, Op::Poll, (3_000, 8, 1));
        let pays = [0, 20].map(|buyer| says(buyer, Op::Pay, (20_000, 0, 0)));
        let mut events = vec![Event { outcome: joined, ..join }, poll, enters(20, 11_000)];
        events.extend(before.into_iter().chain(pays));
        beyond(Some(PASS_MS), &events)
    };
    let both = Some((2, vec![1_020]));
    let (outside, elsewhere) = ((2_900, 8, 0), (2_900, 7, 1));
    assert_eq!(told(Some(says(0, Op::Poll, outside)), done(8, 0)), both, "he was outside before");
    assert_eq!(told(Some(says(0, Op::Poll, elsewhere)), done(7, 0)), both, "he had another place");
    assert_eq!(told(None, done(8, 0)), None, "he may have come in behind the first answer");
    assert_eq!(told(None, Outcome::Unknown), None, "that he is inside may have been the answer");
    let by_then = told(Some(says(0, Op::Poll, outside)), Outcome::Unknown);
    assert_eq!(by_then, both, "it was not");
}

#[test]
fn what_a_room_kept_of_those_who_say_nothing_is_not_certain_after_an_outage() {
    let lost = by(7, Event { outcome: Outcome::Unknown, ..enters(7, 2_000) });
    let quiet = [enters(0, 0), lost.clone(), enters(1, 5_000)];
    assert_eq!(beyond(Some(PASS_MS), &quiet), None);
    assert_eq!(
        beyond(Some(PASS_MS), &[enters(0, 0), enters(1, 1_000), lost.clone()]),
        Some((2, vec![1_001]))
    );
    let behind = [lost, enters(0, 3_000), enters(1, 5_000)];
    assert_eq!(beyond(Some(PASS_MS), &behind), Some((2, vec![1_001])), "both came behind it");
}

#[test]
fn whoever_asked_for_what_ends_his_visit_is_not_counted_in_the_same_place_again() {
    // He paid or tried to; what he is told of the place afterwards may be of before.
    let pays = |outcome: Outcome| Event { outcome, ..says(0, Op::Pay, (1_000, 0, 0)) };
    let back = |place: u64| Event { number: 1_500, ..says(0, Op::Join, (2_000, place, 1)) };
    for outcome in [done(80, 0), refused(), Outcome::Unknown] {
        let events = [enters(0, 0), pays(outcome.clone()), back(1), enters(1, 3_000)];
        assert_eq!(beyond(Some(PASS_MS), &events), None, "{outcome:?}");
    }
    let events = [enters(0, 0), pays(done(80, 0)), back(9), enters(20, 3_000)];
    assert_eq!(
        beyond(Some(PASS_MS), &events),
        Some((2, vec![1_020])),
        "another place is another visit"
    );
    let together = [enters(0, 0), enters(1, 500), pays(refused())];
    assert_eq!(beyond(Some(PASS_MS), &together), Some((2, vec![1_001])));
}

fn refused() -> Outcome {
    super::refused("INSUFFICIENT_FUNDS")
}

#[test]
fn where_a_clock_was_moved_a_pass_may_end_a_little_early() {
    let rules = Rules { pass_ms: Some(PASS_MS), ..Rules::default() }.with_moved_clock();
    let shortest = rules.pass_ms.unwrap();
    assert!(shortest < PASS_MS && shortest > PASS_MS * 9 / 10);
    let late = [enters(0, 0), enters(1, 9_300)];
    assert_eq!(beyond(Some(shortest), &late), None);
    assert_eq!(beyond(Some(PASS_MS), &late), Some((2, vec![1_001])));
}
