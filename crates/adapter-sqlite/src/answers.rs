//! Which commands were answered: an index in memory, 16 bytes each, over pages that are appended.

use crate::shards::Shards;
use admitone_domain::{CommandId, StoredAnswer};
use std::sync::Arc;

/// Answers in the order in which they were given.
pub(crate) type Kept = Vec<Arc<StoredAnswer>>;

/// The answers that are kept.
#[derive(Default)]
pub(crate) struct Answers {
    /// Where the answer of each command is, by the low half of the command's id: [`RECENT`] and
    /// how many were given before it, or its number in the tables. Two ids that share their low
    /// half are told apart by the answer itself.
    index: Shards<u64, u64>,
    /// Given since the last fold began.
    recent: Kept,
    /// So many were given before these.
    recent_from: u64,
    /// Being folded; shared, so that the fold writes without the lock.
    folding: Arc<Kept>,
    folding_from: u64,
    /// Empty, with the room that an earlier fold needed.
    spare: Kept,
    /// The number of the next page.
    next: u64,
}

/// Marks an answer that no table has yet.
const RECENT: u64 = 1 << 63;

/// So many answers have room on a page: a row for each would cost several times as much, and one
/// that is asked for again is found among these quickly.
pub(crate) const PAGE_LEN: usize = 64;
/// The same as a number.
pub(crate) const PAGE: u64 = PAGE_LEN as u64;

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
        match self.index.get(&low(id)) {
            None => Place::Nowhere,
            Some(number) if number & RECENT == 0 => Place::Page(*number),
            Some(number) => {
                let answer = self.given(number & !RECENT).filter(|answer| answer.id == id);
                answer.map_or(Place::Nowhere, |answer| Place::Memory(Arc::clone(answer)))
            }
        }
    }

    /// The answer before which so many were given.
    fn given(&self, before: u64) -> Option<&Arc<StoredAnswer>> {
        let (answers, from) = if before >= self.recent_from {
            (&self.recent, self.recent_from)
        } else {
            (&*self.folding, self.folding_from)
        };
        answers.get(usize::try_from(before.checked_sub(from)?).ok()?)
    }

    /// Keeps an answer.
    pub(crate) fn keep(&mut self, answer: &Arc<StoredAnswer>) {
        let before = self.recent_from + self.recent.len() as u64;
        self.index.insert(low(answer.id), RECENT | before);
        self.recent.push(Arc::clone(answer));
    }

    /// Knows of an answer that is in the tables already.
    pub(crate) fn know(&mut self, id: CommandId, number: u64) {
        self.index.insert(low(id), number);
        self.next = self.next.max(number / PAGE + 1);
    }

    /// Begins a fold: the answers to append, and the number of the first page.
    pub(crate) fn begin_fold(&mut self) -> (u64, Arc<Kept>) {
        let empty = std::mem::take(&mut self.spare);
        let taken = std::mem::replace(&mut self.recent, empty);
        self.folding_from = self.recent_from;
        self.recent_from += taken.len() as u64;
        self.folding = Arc::new(taken);
        (self.next, Arc::clone(&self.folding))
    }

    /// The fold is committed, and its answers are known under their numbers.
    pub(crate) fn end_fold(&mut self) {
        self.folding = Arc::default();
    }

    /// Takes back a list that was emptied elsewhere.
    pub(crate) fn reuse(&mut self, emptied: Kept) {
        self.spare = emptied;
    }

    /// Forgets answers that were pruned.
    pub(crate) fn forget(&mut self, ids: &[CommandId]) {
        for id in ids {
            self.index.remove(&low(*id));
        }
    }
}

fn low(id: CommandId) -> u64 {
    u64::try_from(id.0 & u128::from(u64::MAX)).unwrap_or(0)
}
