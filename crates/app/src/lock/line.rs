//! Line: whoever waits for keys is let in in the order of arrival, once nobody has any of them.
//!
//! All keys or none: whoever waits for two has neither meanwhile, and those behind him who need
//! only the free one go on. Nobody comes in from the side: a key is handed to the first who can
//! use it in the moment in which it is let go.

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
    arrivals: u64,
}

struct Waiting {
    keys: BTreeSet<Key>,
    turn: oneshot::Sender<Turn>,
}

/// Turns that have come, to be handed out when nobody looks at the lines any more: whoever is gone
/// gives his back.
type Granted = Vec<(oneshot::Sender<Turn>, Turn)>;

impl LineLock {
    /// Nobody has anything; the clock ends patience.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { line: Arc::default(), clock }
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

    /// Lets keys go, and hands them to the first of those who can use them.
    fn let_go(self: &Arc<Self>, keys: &BTreeSet<Key>) {
        let mut state = self.state();
        for key in keys {
            state.taken.remove(key);
        }
        let mut granted = Granted::new();
        while let Some(Waiting { keys, turn }) = state.next_of(keys) {
            granted.push((turn, self.turn(keys)));
        }
        drop(state);
        for (waiting, turn) in granted {
            let _ = waiting.send(turn);
        }
    }
}

impl State {
    fn is_free(&self, keys: &BTreeSet<Key>) -> bool {
        !keys.iter().any(|key| self.taken.contains(key))
    }

    /// The first in the lines of these keys who can have all he wants; he has it then.
    fn next_of(&mut self, keys: &BTreeSet<Key>) -> Option<Waiting> {
        let free = keys.iter().filter(|key| !self.taken.contains(*key));
        let can_go = |arrival: &u64| self.is_free(&self.waiting[arrival].keys);
        let firsts = free.filter_map(|key| self.lines.get(key)?.iter().copied().find(can_go));
        let waiting = self.leave(firsts.min()?)?;
        self.taken.extend(&waiting.keys);
        Some(waiting)
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
        let arrival = if state.is_free(keys) {
            state.taken.extend(keys);
            drop(state);
            let _ = sender.send(line.turn(keys.clone()));
            None
        } else {
            Some(state.enter(Waiting { keys: keys.clone(), turn: sender }))
        };
        Self { line: Arc::clone(line), arrival, turn }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(arrival) = self.arrival {
            self.line.state().leave(arrival);
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
        self.line.let_go(&self.keys);
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
