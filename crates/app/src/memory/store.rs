//! The in-memory store, in all five transaction modes.

use super::state::State;
use crate::ports::clock::Clock;
use crate::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use crate::{Trouble, TroubleKind};
use admitone_domain::{Change, Guard, Key, Loaded, Moment, Row, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// Keeps everything in memory; nothing survives the process.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    /// Held from load to commit by pessimistic transactions: one lock for all rows, which is the
    /// coarsest that is right.
    rows_lock: Arc<tokio::sync::Mutex<()>>,
    pub(super) clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// An empty store with a clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Arc::default(), rows_lock: Arc::default(), clock }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All events so far, in order.
    pub fn events(&self) -> Vec<admitone_domain::Event> {
        self.lock().events.clone()
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        Ok(Box::new(MemoryTransaction {
            store: self.clone(),
            mode,
            fences: fences.clone(),
            lock: None,
            read: BTreeMap::new(),
            verdict: None,
        }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        let mut state = self.lock();
        let newest = state.fences.entry(name.to_owned()).or_default();
        *newest += 1;
        Ok(Fence { name: name.to_owned(), token: *newest })
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        let mut state = self.lock();
        let last = state.sequences.entry(sequence.name()).or_default();
        let first = *last + 1;
        *last += count;
        Ok(first)
    }
}

struct MemoryTransaction {
    store: MemoryStore,
    mode: Mode,
    fences: Fences,
    lock: Option<OwnedMutexGuard<()>>,
    /// The versions that were read, for the serializable mode.
    read: BTreeMap<Key, u64>,
    verdict: Option<Arc<Verdict>>,
}

#[async_trait]
impl Transaction for MemoryTransaction {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        if self.mode == Mode::Pessimistic && self.lock.is_none() {
            self.lock = Some(Arc::clone(&self.store.rows_lock).lock_owned().await);
        }
        let now = self.store.clock.now();
        let state = self.store.lock();
        rows.now = if rows.now == Moment::default() { now } else { rows.now };
        for key in &wanted.keys {
            let found = state.rows.get(key).cloned();
            self.read.insert(*key, found.as_ref().map_or(0, |loaded: &Loaded| loaded.version));
            rows.insert(*key, found);
        }
        rows.due = if wanted.due_of.is_empty() {
            Vec::new()
        } else {
            state.due(rows.now, |held| wanted.due_of.contains(&held.show))
        };
        Ok(wanted.commands.iter().filter_map(|id| state.answers.get(id).cloned()).collect())
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.verdict = Some(Arc::clone(verdict));
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        let Some(verdict) = &self.verdict else { return Ok(()) };
        // Rows that somebody has locked are written by nobody else, in whatever mode he comes.
        let _rows = match &self.lock {
            None => Some(self.store.rows_lock.lock().await),
            Some(_) => None,
        };
        let mut state = self.store.lock();
        self.check(&state, verdict)?;
        for change in &verdict.changes {
            if self.mode == Mode::Conditional {
                state.apply(change);
            } else {
                state.overwrite(change);
            }
        }
        state.answers.extend(verdict.answers.iter().map(|answer| (answer.id, answer.clone())));
        state.entries.extend(verdict.entries.iter().copied());
        state.events.extend(verdict.events.iter().cloned());
        Ok(())
    }
}

impl MemoryTransaction {
    fn check(&self, state: &State, verdict: &Verdict) -> Result<(), Trouble> {
        for fence in &self.fences.0 {
            if state.fences.get(&fence.name).is_some_and(|newest| *newest > fence.token) {
                return Err(Trouble::new(TroubleKind::Fenced, "commit", &fence.name));
            }
        }
        if let Some(answer) = verdict.answers.iter().find(|a| state.answers.contains_key(&a.id)) {
            return Err(conflict(format_args!("command {:x} was answered", answer.id.0)));
        }
        let stands = |change: &&Change| match self.mode {
            Mode::Plain | Mode::Pessimistic => true,
            Mode::Optimistic | Mode::Serializable => state.version(change.key()) == change.seen,
            Mode::Conditional => holds(state, change),
        };
        if let Some(change) = verdict.changes.iter().find(|change| !stands(change)) {
            return Err(conflict(format_args!("{:?} was changed", change.key())));
        }
        let is_stale = |(key, version): &(&Key, &u64)| state.version(**key) != **version;
        match self.read.iter().find(is_stale) {
            Some((key, _)) if self.mode == Mode::Serializable => {
                Err(conflict(format_args!("{key:?} was changed since it was read")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn conflict(detail: std::fmt::Arguments<'_>) -> Trouble {
    Trouble::new(TroubleKind::Conflict, "commit", detail)
}

/// Whether a change's guard holds of the row as it is now.
fn holds(state: &State, change: &Change) -> bool {
    let current = state.rows.get(&change.key());
    let unchanged = state.version(change.key()) == change.seen;
    match (change.guard, current.map(|loaded| &*loaded.row)) {
        (Guard::Takeable(now), Some(Row::Seat(seat))) => seat.can_be_held(now),
        (Guard::BelongsTo(reservation), Some(Row::Seat(seat))) => seat.belongs_to(reservation),
        (Guard::HasRoom { highest }, Some(Row::TicketType(stock))) => {
            let used = i64::from(stock.held) + i64::from(stock.sold);
            used + highest <= i64::from(stock.capacity) && stays_positive(change, stock)
        }
        (Guard::Balance(seen), Some(Row::Wallet(wallet))) => wallet.balance == seen,
        (Guard::Within { highest, max }, Some(Row::Quota { taken, .. })) => {
            max.is_none_or(|max| highest <= 0 || i64::from(*taken) + highest <= i64::from(max))
        }
        _ => unchanged,
    }
}

fn stays_positive(change: &Change, stock: &admitone_domain::ticket_type::TicketType) -> bool {
    match change.delta {
        admitone_domain::Delta::Stock { held, sold } => {
            i64::from(stock.held) + held >= 0 && i64::from(stock.sold) + sold >= 0
        }
        _ => true,
    }
}
