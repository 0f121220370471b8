//! What is in memory: rows that the journal has and the tables do not yet, and hot rows.

use crate::answers::Answers;
use crate::due::Due;
use admitone_domain::wallet::Entry;
use admitone_domain::{CommandId, Event, Key, KeyMap, Loaded, Row, StoredAnswer, Verdict};
use hashbrown::HashMap;
use std::sync::Arc;

/// How many rows a generation of the cache holds; two are kept.
const GENERATION_MAX: usize = 200_000;

/// What is in memory.
#[derive(Default)]
pub(crate) struct Memory {
    /// The last batch of the journal.
    pub(crate) seq: u64,
    /// Rows written since the last fold began.
    dirty: KeyMap<Loaded>,
    /// Rows that are being folded; shared, so that the fold sorts and writes without the lock.
    folding: Arc<KeyMap<Loaded>>,
    /// Hot rows, and names known to have none.
    young: KeyMap<Option<Loaded>>,
    old: KeyMap<Option<Loaded>>,
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
    pub(crate) answers: Arc<HashMap<CommandId, StoredAnswer>>,
    /// The number of the first answer; the others follow it in the order of the map.
    pub(crate) first_answer: u64,
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

    /// Remembers what the tables said.
    pub(crate) fn remember(&mut self, key: Key, found: Option<Loaded>) {
        self.young.insert(key, found);
        if self.young.len() > GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
    }

    /// Takes over a batch that the journal has.
    pub(crate) fn take(&mut self, seq: u64, verdict: &Verdict) {
        self.seq = seq;
        for change in &verdict.changes {
            match &change.row {
                Row::Reservation(reservation) => {
                    self.due.note(reservation);
                    self.record_max = self.record_max.max(reservation.id.0);
                }
                Row::Payment(payment) => self.record_max = self.record_max.max(payment.id.0),
                _ => {}
            }
            let loaded = Loaded { version: change.seen + 1, row: change.row.clone() };
            self.dirty.insert(change.key(), loaded);
        }
        self.entries.extend(&verdict.entries);
        if !verdict.events.is_empty() {
            self.events.push((seq, verdict.events.clone()));
        }
        for answer in &verdict.answers {
            self.answers.keep(answer.clone());
        }
    }

    /// How many rows wait to be folded.
    pub(crate) fn lag(&self) -> usize {
        self.dirty.len() + self.folding.len()
    }

    /// Begins a fold. What it takes stays readable until it ends.
    pub(crate) fn begin_fold(&mut self) -> Fold {
        self.folding = Arc::new(std::mem::take(&mut self.dirty));
        let (first_answer, answers) = self.answers.begin_fold();
        Fold {
            seq: self.seq,
            rows: Arc::clone(&self.folding),
            entries: std::mem::take(&mut self.entries),
            events: std::mem::take(&mut self.events),
            answers,
            first_answer,
        }
    }

    /// The fold is committed, and its rows and answers are known otherwise.
    pub(crate) fn end_fold(&mut self) {
        self.folding = Arc::default();
        self.answers.end_fold();
    }
}
