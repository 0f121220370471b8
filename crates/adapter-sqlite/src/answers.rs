//! Which commands were answered: an index in memory, 16 bytes each, over pages that are appended.

use crate::shards::Shards;
use admitone_domain::{CommandId, CommandMap, StoredAnswer};
use std::sync::Arc;

/// Answers by the command they are of.
pub(crate) type Kept = CommandMap<Arc<StoredAnswer>>;

/// The answers that are kept.
#[derive(Default)]
pub(crate) struct Answers {
    /// Answered since the last fold began.
    fresh: Kept,
    /// Being folded; shared, so that the fold writes without the lock.
    folding: Arc<Kept>,
    /// Empty, with the room that an earlier fold needed.
    spare: Kept,
    /// The number of each folded answer, by the low half of its command's id. Two ids that share
    /// it are told apart by the page itself.
    folded: Shards<u64, u64>,
    /// The number of the next page.
    next: u64,
}

/// So many answers have room on a page: a row for each would cost several times as much, and one
/// that is asked for again is found among these quickly.
pub(crate) const PAGE: u64 = 64;

/// How long an answer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// A day.
    Day = 0,
    /// Fifteen days: money moved.
    Money = 1,
    /// As long as there is a house.
    Ever = 2,
}

impl Keep {
    pub(crate) const ALL: [Self; 3] = [Self::Day, Self::Money, Self::Ever];

    /// How long this one is kept.
    pub(crate) fn of(answer: &StoredAnswer) -> Self {
        match (answer.at == StoredAnswer::FOR_EVER, answer.money) {
            (true, _) => Self::Ever,
            (false, true) => Self::Money,
            (false, false) => Self::Day,
        }
    }
}

/// Where an answer is.
pub(crate) enum Place {
    /// Here.
    Memory(Arc<StoredAnswer>),
    /// In the tables under this number, if what is there is of this command.
    Page(u64),
    /// Nowhere.
    Nowhere,
}

impl Answers {
    /// Where the answer of a command is.
    pub(crate) fn find(&self, id: CommandId) -> Place {
        match self.fresh.get(&id).or_else(|| self.folding.get(&id)) {
            Some(answer) => Place::Memory(Arc::clone(answer)),
            None => self.folded.get(&low(id)).map_or(Place::Nowhere, |number| Place::Page(*number)),
        }
    }

    /// Keeps an answer.
    pub(crate) fn keep(&mut self, answer: &Arc<StoredAnswer>) {
        self.fresh.insert(answer.id, Arc::clone(answer));
    }

    /// Knows of an answer that is in the tables already.
    pub(crate) fn know(&mut self, id: CommandId, number: u64) {
        self.folded.insert(low(id), number);
        self.next = self.next.max(number / PAGE + 1);
    }

    /// Begins a fold: the answers to append, and the number of the first page.
    pub(crate) fn begin_fold(&mut self) -> (u64, Arc<Kept>) {
        let empty = std::mem::take(&mut self.spare);
        self.folding = Arc::new(std::mem::replace(&mut self.fresh, empty));
        (self.next, Arc::clone(&self.folding))
    }

    /// The fold is committed, and its pages are known.
    pub(crate) fn end_fold(&mut self) {
        self.folding = Arc::default();
    }

    /// Takes back a map that was emptied elsewhere.
    pub(crate) fn reuse(&mut self, emptied: Kept) {
        self.spare = emptied;
    }

    /// Forgets answers that were pruned.
    pub(crate) fn forget(&mut self, ids: &[CommandId]) {
        for id in ids {
            self.folded.remove(&low(*id));
        }
    }
}

fn low(id: CommandId) -> u64 {
    u64::try_from(id.0 & u128::from(u64::MAX)).unwrap_or(0)
}
