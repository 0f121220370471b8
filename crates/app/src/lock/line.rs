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

/// A line for each key. Whoever had his turn can leave something to the next.
pub struct LineLock<L = ()> {
    line: Arc<Line<L>>,
    clock: Arc<dyn Clock>,
}

struct Line<L>(Mutex<State<L>>);

struct State<L> {
    taken: HashSet<Key>,
    /// Who waits, by the number of his arrival.
    waiting: BTreeMap<u64, Waiting<L>>,
    /// Who waits for a key.
    lines: KeyMap<BTreeSet<u64>>,
    /// Whose keys are given to nobody who came later.
    passed: BTreeSet<u64>,
    arrivals: u64,
}

struct Waiting<L> {
    keys: BTreeSet<Key>,
    turn: oneshot::Sender<LineTurn<L>>,
    /// How many went before.
    passes: u32,
}

/// Turns that have come, to be handed out when nobody looks at the lines any more: whoever is gone
/// gives his back.
type Granted<L> = Vec<(oneshot::Sender<LineTurn<L>>, LineTurn<L>)>;

impl LineLock {
    /// Nobody has anything, and nobody leaves anything; the clock ends patience.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::leaving(clock)
    }
}

impl<L: Send + 'static> LineLock<L> {
    /// The same, where something can be left to the next.
    pub fn leaving(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            taken: HashSet::new(),
            waiting: BTreeMap::new(),
            lines: KeyMap::default(),
            passed: BTreeSet::new(),
            arrivals: 0,
        };
        Self { line: Arc::new(Line(Mutex::new(state))), clock }
    }

    /// Waits for a turn: until nobody else has any of the keys and it is the first who can have them all.
    ///
    /// # Errors
    /// It did not come within `patience_ms`: trouble of the kind `Busy`.
    pub async fn turn(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<LineTurn<L>, Trouble> {
        let mut place = Place::take(&self.line, keys);
        tokio::select! {
            biased;
            Ok(turn) = &mut place.turn => Ok(turn),
            () = self.clock.sleep_ms(patience_ms) => Err(busy()),
        }
    }

    /// Whether somebody has one of these keys.
    pub(super) fn is_wanted(&self, keys: &BTreeSet<Key>) -> bool {
        let state = self.line.state();
        keys.iter().any(|key| state.taken.contains(key))
    }
}

#[async_trait]
impl<L: Send + Sync + 'static> Lock for LineLock<L> {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        Ok(Box::new(self.turn(keys, patience_ms).await?))
    }
}

impl<L> Line<L> {
    fn state(&self) -> MutexGuard<'_, State<L>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(self: &Arc<Self>, keys: BTreeSet<Key>) -> LineTurn<L> {
        LineTurn { line: Arc::clone(self), keys, before: 0, left: None }
    }

    /// Hands keys to the first of those who can use them, after so many turns without a gap, and what was left to
    /// the next to whoever has the same keys. Else it is gone.
    fn hand_on(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<L>>,
        keys: &BTreeSet<Key>,
        (before, mut left): (u32, Option<L>),
    ) {
        let mut granted = Granted::new();
        while let Some(Waiting { keys: wanted, turn, .. }) = state.next_of(keys) {
            let left = if wanted == *keys { left.take() } else { None };
            let line = Arc::clone(self);
            granted.push((turn, LineTurn { line, keys: wanted, before, left }));
        }
        drop(state);
        drop(left);
        for (waiting, turn) in granted {
            let _ = waiting.send(turn);
        }
    }
}

impl<L> State<L> {
    /// Whether who came as this can have all that he wants.
    fn may_go(&self, arrival: u64, keys: &BTreeSet<Key>) -> bool {
        let is_kept = |earlier: &u64| !self.waiting[earlier].keys.is_disjoint(keys);
        !keys.iter().any(|key| self.taken.contains(key))
            && !self.passed.range(..arrival).any(is_kept)
    }

    /// The first in the lines of these keys who can have all he wants; he has it then.
    fn next_of(&mut self, keys: &BTreeSet<Key>) -> Option<Waiting<L>> {
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

    fn enter(&mut self, waiting: Waiting<L>) -> u64 {
        self.arrivals += 1;
        for key in &waiting.keys {
            self.lines.entry(*key).or_default().insert(self.arrivals);
        }
        self.waiting.insert(self.arrivals, waiting);
        self.arrivals
    }

    fn leave(&mut self, arrival: u64) -> Option<Waiting<L>> {
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
struct Place<L> {
    line: Arc<Line<L>>,
    /// Nothing if nobody was in the way.
    arrival: Option<u64>,
    turn: oneshot::Receiver<LineTurn<L>>,
}

impl<L> Place<L> {
    fn take(line: &Arc<Line<L>>, keys: &BTreeSet<Key>) -> Self {
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

impl<L> Drop for Place<L> {
    fn drop(&mut self) {
        let Some(arrival) = self.arrival else { return };
        let mut state = self.line.state();
        // What was kept for him is somebody else's now.
        if let Some(Waiting { keys, .. }) = state.leave(arrival) {
            self.line.hand_on(state, &keys, (0, None));
        }
    }
}

/// Keys that somebody has, until it is dropped.
pub struct LineTurn<L = ()> {
    line: Arc<Line<L>>,
    keys: BTreeSet<Key>,
    before: u32,
    left: Option<L>,
}

impl<L> LineTurn<L> {
    /// How many turns of this line came before this one without a gap, each handed on to the next.
    pub fn before(&self) -> u32 {
        self.before
    }

    /// There was a gap: whoever is outside this line had time to come in.
    pub fn begins_anew(&mut self) {
        self.before = 0;
    }

    /// Whether the next in line wants the same keys, no more and no fewer.
    pub fn is_awaited(&self) -> bool {
        let state = self.line.state();
        let first = |key| state.lines.get(key).and_then(BTreeSet::first);
        let next = self.keys.iter().filter_map(first).min();
        next.is_some_and(|next| state.waiting[next].keys == self.keys)
    }

    /// Ends, and leaves something to the next; it is gone if nobody comes who wants the same keys.
    pub fn leaves(mut self, left: L) {
        self.left = Some(left);
    }

    /// What the one before left.
    pub fn left(&mut self) -> Option<L> {
        self.left.take()
    }
}

impl<L> Drop for LineTurn<L> {
    fn drop(&mut self) {
        let mut state = self.line.state();
        for key in &self.keys {
            state.taken.remove(key);
        }
        let left = self.left.take();
        self.line.hand_on(state, &self.keys, (self.before.saturating_add(1), left));
    }
}

#[async_trait]
impl<L: Send + Sync + 'static> Guard for LineTurn<L> {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {
        drop(self);
    }
}

#[cfg(test)]
mod tests;
