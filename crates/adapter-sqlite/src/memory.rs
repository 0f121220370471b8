//! What is in memory: rows that the journal has and the tables do not yet, and hot rows.
//!
//! All of it stands behind one lock that every batch takes, so each row has one place in one map,
//! and whatever takes long is handed out and done without the lock. A row stays while the tables
//! do not have it, and after that as long as somebody asks for it now and then.

use crate::answers::{Answers, Kept};
use crate::due::Due;
use crate::shards::{PARTS, Shards};
use admitone_domain::{Change, Key, Loaded, Row, Verdict};
use std::cmp::Reverse;
use std::sync::Arc;

/// When there are more rows than this (about 100 MB), those that nobody asked for lately are
/// forgotten.
const ROWS_MAX: usize = if cfg!(test) { 10_000 } else { 400_000 };
/// A row is forgotten when it was not asked for in so many rounds of forgetting.
const ROUNDS: u32 = 2;

/// What is in memory.
#[derive(Default)]
pub(crate) struct Memory {
    /// The last batch of the journal.
    pub(crate) seq: u64,
    /// The last batch that the tables have.
    folded: u64,
    rows: Shards<Key, Slot>,
    round: u32,
    /// The batches since the last fold began.
    batches: Batches,
    /// So many changes are in them, and in those that are being folded.
    pending: usize,
    folding: usize,
    pub(crate) answers: Answers,
    pub(crate) due: Due,
    /// The highest number of a reservation or payment that was ever written: higher ones are new,
    /// and no table has to be asked for them.
    pub(crate) record_max: u64,
}

/// A row, or that there is none.
struct Slot {
    loaded: Option<Loaded>,
    /// The batch that wrote it; 0 when the tables said so.
    written: u64,
    /// The round in which it was last asked for.
    asked: u32,
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

/// Batches of the journal by their numbers.
pub(crate) type Batches = Vec<(u64, Arc<Verdict>)>;

/// What a fold writes.
pub(crate) struct Fold {
    /// The last batch that is in it.
    pub(crate) seq: u64,
    pub(crate) batches: Batches,
    pub(crate) answers: Arc<Kept>,
    /// The number of the first page of answers.
    pub(crate) first_page: u64,
}

impl Fold {
    /// The last change of each row, in the order of their keys, so that neighbours share a page.
    pub(crate) fn rows(&self) -> Vec<(Key, &Change)> {
        let many = self.batches.iter().map(|(_, batch)| batch.changes.len()).sum();
        let mut rows = Vec::with_capacity(many);
        let changes = self.batches.iter().flat_map(|(_, batch)| &batch.changes);
        rows.extend(changes.map(|change| (change.key(), change)));
        rows.sort_unstable_by_key(|(key, change)| (*key, Reverse(change.seen)));
        rows.dedup_by_key(|(key, _)| *key);
        rows
    }
}

/// A row after a change.
fn after(change: &Change) -> (Key, Loaded) {
    (change.key(), Loaded { version: change.seen + 1, row: Arc::clone(&change.row) })
}

impl Memory {
    /// Of a house whose tables have everything up to a batch.
    pub(crate) fn recovered(folded: u64, record_max: u64, due: Due, answers: Answers) -> Self {
        Self { seq: folded, folded, record_max, due, answers, ..Self::default() }
    }

    /// What memory knows of a row, if anything.
    pub(crate) fn find(&mut self, key: Key) -> Option<Known> {
        if let Some(slot) = self.rows.get_mut(&key) {
            slot.asked = self.round;
            return Some(slot.loaded.clone().map_or(Known::Nothing, Known::Row));
        }
        let is_new = match key {
            Key::Reservation(id) => id.0 > self.record_max,
            Key::Payment(id) => id.0 > self.record_max,
            _ => false,
        };
        is_new.then_some(Known::Nothing)
    }

    /// The round in which the tables are asked now, for [`Memory::remember`].
    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    /// Remembers what the tables said when they were asked in a round, unless memory knows
    /// better; what is known now. After some rounds a newer row may have come and be forgotten
    /// again: then what was said is not remembered.
    pub(crate) fn remember(
        &mut self,
        asked: u32,
        key: Key,
        found: Option<Loaded>,
    ) -> Option<Loaded> {
        if let Some(known) = self.find(key) {
            return known.row();
        }
        if self.round - asked < ROUNDS {
            self.rows.insert(key, Slot { loaded: found.clone(), written: 0, asked: self.round });
        }
        found
    }

    /// Takes over a batch that the journal has.
    pub(crate) fn take(&mut self, seq: u64, verdict: Arc<Verdict>) {
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
            let (key, loaded) = after(change);
            let slot = Slot { loaded: Some(loaded), written: seq, asked: self.round };
            self.rows.insert(key, slot);
        }
        for answer in &verdict.answers {
            self.answers.keep(answer);
        }
        self.pending += verdict.changes.len();
        self.batches.push((seq, verdict));
    }

    /// How many changes wait to be folded.
    pub(crate) fn lag(&self) -> usize {
        self.pending + self.folding
    }

    /// Begins a fold. What it takes stays readable until it ends.
    pub(crate) fn begin_fold(&mut self) -> Fold {
        self.folding = std::mem::take(&mut self.pending);
        let (first_page, answers) = self.answers.begin_fold();
        Fold { seq: self.seq, batches: std::mem::take(&mut self.batches), answers, first_page }
    }

    /// The tables have everything up to this batch, and its answers are known under their numbers.
    pub(crate) fn end_fold(&mut self, seq: u64) {
        self.folded = seq;
        self.folding = 0;
        self.answers.end_fold();
    }

    /// Begins a round of forgetting if there are too many rows; in how many parts it is done.
    pub(crate) fn begin_forgetting(&mut self) -> usize {
        if self.rows.len() <= ROWS_MAX {
            return 0;
        }
        self.round += 1;
        PARTS
    }

    /// Forgets what the tables have and nobody asked for, in one part of the rows. It is handed
    /// out: to drop it takes longer than to find it.
    #[must_use]
    pub(crate) fn forget(&mut self, part: usize) -> Vec<impl Sized + use<>> {
        let (folded, round) = (self.folded, self.round);
        self.rows.extract(part, |slot| slot.written <= folded && round - slot.asked >= ROUNDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::SeatId;
    use admitone_domain::seat::{Seat, SeatState};
    use admitone_domain::{Delta, Guard, Money};

    fn key(id: u64) -> Key {
        Key::Seat(SeatId(id))
    }

    fn loaded(id: u64, version: u64) -> Loaded {
        let show = admitone_domain::id::ShowId(1);
        let seat = Seat { id: SeatId(id), show, price: Money(1), state: SeatState::Free };
        Loaded { version, row: Arc::new(Row::Seat(seat)) }
    }

    fn written(id: u64, seen: u64) -> Arc<Verdict> {
        let change =
            Change { row: loaded(id, 0).row, seen, guard: Guard::Unchanged, delta: Delta::Whole };
        Arc::new(Verdict { changes: vec![change], ..Verdict::default() })
    }

    /// Too many rows, none of which is asked for: with so many rounds of forgetting.
    fn crowded(memory: &mut Memory, rounds: u32) {
        for id in 1_000..1_001 + ROWS_MAX as u64 {
            memory.remember(memory.round(), key(id), None);
        }
        for _ in 0..rounds {
            (0..memory.begin_forgetting()).for_each(|part| drop(memory.forget(part)));
        }
    }

    #[test]
    fn what_the_tables_do_not_have_yet_is_not_forgotten() {
        let mut memory = Memory::default();
        memory.take(1, written(1, 0));
        crowded(&mut memory, ROUNDS + 1);
        assert!(memory.find(key(2_000)).is_none(), "nobody asked for this one");
        assert_eq!(memory.find(key(1)).and_then(Known::row), Some(loaded(1, 1)));
        let fold = memory.begin_fold();
        memory.end_fold(fold.seq);
        memory.round += ROUNDS;
        crowded(&mut memory, 1);
        assert!(memory.find(key(1)).is_none(), "the tables have it, and nobody asked");
    }

    #[test]
    fn what_the_tables_said_long_ago_is_not_remembered() {
        let mut memory = Memory::default();
        let asked = memory.round();
        crowded(&mut memory, ROUNDS);
        memory.remember(asked, key(1), Some(loaded(1, 1)));
        assert!(memory.find(key(1)).is_none(), "it may have changed and been forgotten since");
        memory.remember(memory.round(), key(1), Some(loaded(1, 1)));
        assert!(memory.find(key(1)).is_some());
    }

    #[test]
    fn what_the_tables_said_does_not_stand_over_what_was_written_since() {
        let mut memory = Memory::default();
        memory.take(1, written(1, 1));
        let known = memory.remember(memory.round(), key(1), Some(loaded(1, 1)));
        assert_eq!(known, Some(loaded(1, 2)));
    }

    #[test]
    fn a_fold_has_each_row_as_it_was_last_in_the_order_of_keys() {
        let mut memory = Memory::default();
        for (seq, (id, seen)) in (1..).zip([(2, 0), (1, 0), (2, 1), (2, 2)]) {
            memory.take(seq, written(id, seen));
        }
        assert_eq!(memory.lag(), 4);
        let fold = memory.begin_fold();
        memory.take(5, written(2, 3));
        let rows: Vec<_> = fold.rows().into_iter().map(|(_, change)| after(change)).collect();
        assert_eq!(rows, [(key(1), loaded(1, 1)), (key(2), loaded(2, 3))]);
        assert_eq!((fold.seq, memory.lag()), (4, 5));
    }
}
