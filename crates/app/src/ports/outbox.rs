//! What all instances on one store committed, as events that are numbered by the store.

use crate::Trouble;
use admitone_domain::Event;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Reads events by their numbers. Numbers are given before the commit, so a smaller one may become
/// visible after a greater one; but whoever changes a row that another batch changed is numbered
/// after that batch has committed. So what is visible of one aggregate is always its beginning.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The end of the outbox as it is now.
    async fn end(&self) -> Result<End, Trouble>;

    /// Events with greater numbers, at most `limit`, and those that have appeared in the gaps; all
    /// in the order of their numbers.
    async fn news(&self, after: u64, gaps: &[Gap], limit: usize) -> Result<News, Trouble>;
}

/// Where an outbox ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The greatest number that is visible.
    pub newest: u64,
    /// Numbers below it that are not.
    pub gaps: Vec<Gap>,
}

/// Neighbouring numbers that are not visible though a greater one is: batches that are not
/// committed yet, or never will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The first of them.
    pub first: u64,
    /// The last of them.
    pub last: u64,
    /// The mark of the store when it was noticed.
    pub noticed: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Events with their numbers.
    pub events: Vec<(u64, Event)>,
    /// The store's mark, taken after the events were read.
    pub mark: u64,
    /// Batches that were in hand when the store had this mark, or an earlier one, had ended before
    /// the events were read: what has not appeared in their gaps never will.
    pub settled: u64,
}
