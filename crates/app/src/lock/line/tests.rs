//! Who is next, and what goes with a turn.

use super::*;
use crate::clock::SystemClock;
use admitone_domain::id::SeatId;

fn seats(ids: &[u64]) -> BTreeSet<Key> {
    ids.iter().copied().map(SeatId).map(Key::Seat).collect()
}

fn line() -> LineLock {
    LineLock::new(Arc::new(SystemClock::default()))
}

/// Whether it is somebody's turn by now.
fn has_come<L>(place: &mut Place<L>) -> Option<LineTurn<L>> {
    place.turn.try_recv().ok()
}

#[test]
fn who_came_first_is_first() {
    let LineLock { line, .. } = line();
    let mut places: Vec<_> = (0..4).map(|_| Place::take(&line, &seats(&[1]))).collect();
    for place in &mut places {
        let turn = has_come(place).expect("nobody is before him any more");
        drop(turn);
    }
    assert!(line.state().lines.is_empty(), "an empty line is forgotten");
}

#[test]
fn who_waits_for_two_holds_up_nobody_who_needs_only_the_free_one() {
    let LineLock { line, .. } = line();
    let [one, two] = [1, 2].map(|seat| has_come(&mut Place::take(&line, &seats(&[seat]))));
    let mut both = Place::take(&line, &seats(&[1, 2]));
    let mut first = Place::take(&line, &seats(&[1]));
    drop(one);
    let first = has_come(&mut first).expect("the seat is free");
    drop(two);
    assert!(has_come(&mut both).is_none(), "one of his is taken");
    drop(first);
    assert!(has_come(&mut both).is_some());
}

/// Somebody has one of two keys, then the other, and before he lets one go the next already waits for it.
/// After how many of them it is the turn of who wants both; none if it never is.
fn passes_before_both(passes_max: usize) -> Option<usize> {
    let LineLock { line, .. } = line();
    let take = |seat| Place::take(&line, &seats(&[seat]));
    let (mut one, mut two) = (take(1), take(2));
    let mut turns = (has_come(&mut one), has_come(&mut two));
    let mut both = Place::take(&line, &seats(&[1, 2]));
    for passes in 0..passes_max {
        let (mut next_one, mut next_two) = (take(1), take(2));
        turns.0 = None;
        turns.0 = has_come(&mut next_one);
        turns.1 = None;
        turns.1 = has_come(&mut next_two);
        if has_come(&mut both).is_some() {
            return Some(passes);
        }
    }
    None
}

#[test]
fn who_wants_two_that_are_never_free_together_is_kept_waiting_by_so_many() {
    assert_eq!(passes_before_both(3), None, "with fewer nobody keeps anything for him: the harm");
    assert_eq!(passes_before_both(20), Some(4), "eight turns, two in each round");
}

#[test]
fn whoever_comes_when_a_key_is_free_goes_before_too_and_is_counted() {
    let LineLock { line, .. } = line();
    let _other = has_come(&mut Place::take(&line, &seats(&[2])));
    let _both = Place::take(&line, &seats(&[1, 2]));
    for _ in 0..PASSES_MAX {
        assert!(has_come(&mut Place::take(&line, &seats(&[1]))).is_some());
    }
    assert!(has_come(&mut Place::take(&line, &seats(&[1]))).is_none(), "it is kept");
}

#[test]
fn what_is_kept_for_somebody_who_gives_up_goes_to_the_next() {
    let LineLock { line, .. } = line();
    let mut turn = has_come(&mut Place::take(&line, &seats(&[1])));
    let other = has_come(&mut Place::take(&line, &seats(&[2])));
    let both = Place::take(&line, &seats(&[1, 2]));
    for _ in 0..PASSES_MAX {
        let mut next = Place::take(&line, &seats(&[1]));
        drop(turn.take());
        turn = has_come(&mut next);
    }
    let mut next = Place::take(&line, &seats(&[1]));
    drop(turn);
    assert!(has_come(&mut next).is_none(), "it is kept");
    drop(both);
    assert!(has_come(&mut next).is_some());
    drop(other);
}

#[test]
fn a_turn_that_comes_when_nobody_waits_any_more_goes_to_the_next() {
    let LineLock { line, .. } = line();
    let turn = has_come(&mut Place::take(&line, &seats(&[1])));
    let gone = Place::take(&line, &seats(&[1]));
    let mut next = Place::take(&line, &seats(&[1]));
    drop(turn);
    assert!(has_come(&mut next).is_none(), "the turn of one who has not noticed it");
    drop(gone);
    assert!(has_come(&mut next).is_some());
}

#[test]
fn what_is_left_goes_to_the_next_who_wants_the_same() {
    let LineLock { line, .. } = LineLock::leaving(Arc::new(SystemClock::default()));
    let take = |ids: &[u64]| Place::take(&line, &seats(ids));
    let turn = has_come(&mut take(&[1])).unwrap();
    let (gone, mut next, mut both) = (take(&[1]), take(&[1]), take(&[1, 2]));
    assert!(turn.is_awaited());
    turn.leaves("mine");
    drop(gone);
    let mut turn = has_come(&mut next).unwrap();
    assert_eq!((turn.left(), turn.left(), turn.before()), (Some("mine"), None, 2));
    assert!(!turn.is_awaited(), "whoever is next wants more");
    turn.leaves("yours");
    assert_eq!(has_come(&mut both).and_then(|mut turn| turn.left()), None);
}
