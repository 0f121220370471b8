//! Line: whoever waits for keys is let in in the order of arrival, once nobody has any of them.
//!
//! All keys or none: whoever waits for two has neither meanwhile, and those behind him who need
//! only the free one go on, so many of them: then his keys are kept for him. Nobody comes in from
//! the side: a key is handed to the first who can use it in the moment in which it is let go.

use super::busy;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock};
use crate::ports::store::Fences;
use admitone_domain::{Key, KeyMap};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// So many who came later may go before somebody whose other keys are taken.
const PASSES_MAX: u32 = 8;

/// A line for each key.
pub struct LineLock {
    line: Arc<Line>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Line(Mutex<State>);

#[derive(Default)]
struct State {
    taken: HashSet<Key>,
    /// Who waits, by the number of his arrival.
    waiting: BTreeMap<u64, Waiting>,
    /// Who waits for a key.
    lines: KeyMap<BTreeSet<u64>>,
    /// Whose keys are given to nobody who came later.
    passed: BTreeSet<u64>,
    arrivals: u64,
}

struct Waiting {
    keys: BTreeSet<Key>,
    turn: oneshot::Sender<Turn>,
    /// How many went before.
    passes: u32,
}

/// Turns that have come, to be handed out when nobody looks at the lines any more: whoever is gone
/// gives his back.
type Granted = Vec<(oneshot::Sender<Turn>, Turn)>;

impl LineLock {
    /// Nobody has anything; the clock ends patience.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { line: Arc::default(), clock }
    }

    /// Whether somebody has one of these keys.
    pub(super) fn is_wanted(&self, keys: &BTreeSet<Key>) -> bool {
        let state = self.line.state();
        keys.iter().any(|key| state.taken.contains(key))
    }
}

#[async_trait]
impl Lock for LineLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let mut place = Place::take(&self.line, keys);
        tokio::select! {
            biased;
            Ok(turn) = &mut place.turn => Ok(Box::new(turn)),
            () = self.clock.sleep_ms(patience_ms) => Err(busy()),
        }
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(self: &Arc<Self>, keys: BTreeSet<Key>) -> Turn {
        Turn { line: Arc::clone(self), keys }
    }

    /// Hands keys to the first of those who can use them.
    fn hand_on(self: &Arc<Self>, mut state: MutexGuard<'_, State>, keys: &BTreeSet<Key>) {
        let mut granted = Granted::new();
        while let Some(Waiting { keys, turn, .. }) = state.next_of(keys) {
            granted.push((turn, self.turn(keys)));
        }
        drop(state);
        for (waiting, turn) in granted {
            let _ = waiting.send(turn);
        }
    }
}

impl State {
    /// Whether who came as this can have all that he wants.
    fn may_go(&self, arrival: u64, keys: &BTreeSet<Key>) -> bool {
        let is_kept = |earlier: &u64| !self.waiting[earlier].keys.is_disjoint(keys);
        !keys.iter().any(|key| self.taken.contains(key))
            && !self.passed.range(..arrival).any(is_kept)
    }

    /// The first in the lines of these keys who can have all he wants; he has it then.
    fn next_of(&mut self, keys: &BTreeSet<Key>) -> Option<Waiting> {
        let free = keys.iter().filter(|key| !self.taken.contains(*key));
        let first = free.filter_map(|key| self.first_of(*key)).min()?;
        let waiting = self.leave(first)?;
        self.give(first, &waiting.keys);
        Some(waiting)
    }

    /// Whoever came as this has the keys, also if he never had to wait.
    fn give(&mut self, arrival: u64, keys: &BTreeSet<Key>) {
        self.pass(arrival, keys);
        self.taken.extend(keys);
    }

    fn first_of(&self, key: Key) -> Option<u64> {
        for arrival in self.lines.get(&key)? {
            if self.may_go(*arrival, &self.waiting[arrival].keys) {
                return Some(*arrival);
            }
            if self.passed.contains(arrival) {
                break;
            }
        }
        None
    }

    /// Somebody goes before all who want one of his keys and came earlier.
    fn pass(&mut self, arrival: u64, keys: &BTreeSet<Key>) {
        let lines = keys.iter().filter_map(|key| self.lines.get(key));
        let earlier: BTreeSet<u64> =
            lines.flat_map(|line| line.range(..arrival)).copied().collect();
        for arrival in earlier {
            let Some(waiting) = self.waiting.get_mut(&arrival) else { continue };
            waiting.passes += 1;
            if waiting.passes >= PASSES_MAX {
                self.passed.insert(arrival);
            }
        }
    }

    fn enter(&mut self, waiting: Waiting) -> u64 {
        self.arrivals += 1;
        for key in &waiting.keys {
            self.lines.entry(*key).or_default().insert(self.arrivals);
        }
        self.waiting.insert(self.arrivals, waiting);
        self.arrivals
    }

    fn leave(&mut self, arrival: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&arrival)?;
        self.passed.remove(&arrival);
        for key in &waiting.keys {
            if let Some(line) = self.lines.get_mut(key) {
                line.remove(&arrival);
                if line.is_empty() {
                    self.lines.remove(key);
                }
            }
        }
        Some(waiting)
    }
}

/// A place in the lines, given up by being dropped.
struct Place {
    line: Arc<Line>,
    /// Nothing if nobody was in the way.
    arrival: Option<u64>,
    turn: oneshot::Receiver<Turn>,
}

impl Place {
    fn take(line: &Arc<Line>, keys: &BTreeSet<Key>) -> Self {
        let (sender, turn) = oneshot::channel();
        let mut state = line.state();
        let arrival = if state.may_go(u64::MAX, keys) {
            state.give(u64::MAX, keys);
            drop(state);
            let _ = sender.send(line.turn(keys.clone()));
            None
        } else {
            Some(state.enter(Waiting { keys: keys.clone(), turn: sender, passes: 0 }))
        };
        Self { line: Arc::clone(line), arrival, turn }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(arrival) = self.arrival else { return };
        let mut state = self.line.state();
        // What was kept for him is somebody else's now.
        if let Some(Waiting { keys, .. }) = state.leave(arrival) {
            self.line.hand_on(state, &keys);
        }
    }
}

/// Keys that somebody has, until it is dropped.
struct Turn {
    line: Arc<Line>,
    keys: BTreeSet<Key>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.line.state();
        for key in &self.keys {
            state.taken.remove(key);
        }
        self.line.hand_on(state, &self.keys);
    }
}

#[async_trait]
impl Guard for Turn {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {
        drop(self);
    }
}

#[cfg(test)]
mod tests {
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
    fn has_come(place: &mut Place) -> Option<Turn> {
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
        assert_eq!(
            passes_before_both(3),
            None,
            "with fewer nobody keeps anything for him: the harm"
        );
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
}
