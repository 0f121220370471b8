//! What is in memory: rows that the journal has and the tables do not yet, and hot rows.
//!
//! All of it stands behind one lock that every batch takes. Whatever takes long (a large map that
//! is emptied, a generation that is forgotten) is handed out and done without the lock; a map
//! comes back empty, with the room it had, so that it does not grow anew under the lock.

use crate::answers::{Answers, Kept};
use crate::due::Due;
use admitone_domain::wallet::Entry;
use admitone_domain::{Event, Key, KeyMap, Loaded, Row, Verdict};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

/// How many rows a generation of the cache holds; two are kept.
const GENERATION_MAX: usize = 200_000;

/// Hot rows, and names known to have none.
pub(crate) type Generation = KeyMap<Option<Loaded>>;

/// What is in memory.
#[derive(Default)]
pub(crate) struct Memory {
    /// The last batch of the journal.
    pub(crate) seq: u64,
    /// Rows written since the last fold began.
    dirty: KeyMap<Loaded>,
    /// Rows that are being folded; shared, so that the fold sorts and writes without the lock.
    folding: Arc<KeyMap<Loaded>>,
    /// Empty, with the room that an earlier fold needed.
    spare: KeyMap<Loaded>,
    young: Generation,
    old: Generation,
    entries: Vec<Entry>,
    events: Vec<(u64, Vec<Event>)>,
    pub(crate) answers: Answers,
    pub(crate) due: Due,
    /// The highest number of a reservation or payment that was ever written: higher ones are new,
    /// and no table has to be asked for them.
    pub(crate) record_max: u64,
}

/// What memory knows of a row.
pub(crate) enum Known {
    /// This is how it stands.
    Row(Loaded),
    /// There is no such row.
    Nothing,
}

impl Known {
    /// The row, if there is one.
    pub(crate) fn row(self) -> Option<Loaded> {
        match self {
            Self::Row(loaded) => Some(loaded),
            Self::Nothing => None,
        }
    }
}

/// What a fold writes.
pub(crate) struct Fold {
    pub(crate) seq: u64,
    pub(crate) rows: Arc<KeyMap<Loaded>>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) events: Vec<(u64, Vec<Event>)>,
    pub(crate) answers: Arc<Kept>,
    /// The number of the first page of answers.
    pub(crate) first_page: u64,
}

impl Memory {
    /// What memory knows of a row, if anything.
    pub(crate) fn find(&self, key: Key) -> Option<Known> {
        if let Some(loaded) = self.dirty.get(&key).or_else(|| self.folding.get(&key)) {
            return Some(Known::Row(loaded.clone()));
        }
        if let Some(known) = self.young.get(&key).or_else(|| self.old.get(&key)) {
            return Some(known.clone().map_or(Known::Nothing, Known::Row));
        }
        let is_new = match key {
            Key::Reservation(id) => id.0 > self.record_max,
            Key::Payment(id) => id.0 > self.record_max,
            _ => false,
        };
        is_new.then_some(Known::Nothing)
    }

    /// Remembers what the tables said. A generation that is forgotten for it is handed out.
    #[must_use]
    pub(crate) fn remember(&mut self, key: Key, found: Option<Loaded>) -> Option<Generation> {
        self.young.insert(key, found);
        if self.young.len() < GENERATION_MAX {
            return None;
        }
        let empty =
            Generation::with_capacity_and_hasher(GENERATION_MAX, BuildHasherDefault::default());
        Some(std::mem::replace(&mut self.old, std::mem::replace(&mut self.young, empty)))
    }

    /// Takes over a batch that the journal has.
    pub(crate) fn take(&mut self, seq: u64, verdict: &Verdict) {
        self.seq = seq;
        for change in &verdict.changes {
            match &*change.row {
                Row::Reservation(reservation) => {
                    self.due.note(reservation);
                    self.record_max = self.record_max.max(reservation.id.0);
                }
                Row::Payment(payment) => self.record_max = self.record_max.max(payment.id.0),
                _ => {}
            }
            let loaded = Loaded { version: change.seen + 1, row: Arc::clone(&change.row) };
            self.dirty.insert(change.key(), loaded);
        }
        self.entries.extend(&verdict.entries);
        if !verdict.events.is_empty() {
            self.events.push((seq, verdict.events.clone()));
        }
        for answer in &verdict.answers {
            self.answers.keep(answer);
        }
    }

    /// How many rows wait to be folded.
    pub(crate) fn lag(&self) -> usize {
        self.dirty.len() + self.folding.len()
    }

    /// Begins a fold. What it takes stays readable until it ends.
    pub(crate) fn begin_fold(&mut self) -> Fold {
        let empty = std::mem::take(&mut self.spare);
        self.folding = Arc::new(std::mem::replace(&mut self.dirty, empty));
        let (first_page, answers) = self.answers.begin_fold();
        Fold {
            seq: self.seq,
            rows: Arc::clone(&self.folding),
            entries: std::mem::take(&mut self.entries),
            events: std::mem::take(&mut self.events),
            answers,
            first_page,
        }
    }

    /// The fold is committed, and its rows and answers are known otherwise.
    pub(crate) fn end_fold(&mut self) {
        self.folding = Arc::default();
        self.answers.end_fold();
    }

    /// Takes back the maps of a fold, emptied.
    pub(crate) fn reuse(&mut self, rows: KeyMap<Loaded>, answers: Kept) {
        self.spare = rows;
        self.answers.reuse(answers);
    }
}
