//! What a batch comes to: changes of rows, and for each of them how a store may check it.

use crate::wallet::Entry;
use crate::{Event, Key, Moment, Row, StoredAnswer};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a batch comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// One for each command, in their order.
    pub answers: Vec<Arc<StoredAnswer>>,
    /// One for each row that changes.
    pub changes: Vec<Change>,
    /// Entries of wallets, to be added.
    pub entries: Vec<Entry>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// One row that changes. What is used of it depends on the transaction mode: plain and
/// pessimistic write `row`, optimistic demands `seen` first, conditional demands `guard` and
/// applies `delta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The version that was loaded; 0 when there was no such row.
    pub seen: u64,
    /// What must hold of the row at the moment of saving.
    pub guard: Guard,
    /// What changes.
    pub delta: Delta,
    /// The row as it shall be.
    pub row: Arc<Row>,
}

impl Change {
    /// The row that changes.
    pub fn key(&self) -> Key {
        self.row.key()
    }
}

/// What must hold of a row at the moment of saving, whatever happened since it was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Guard {
    /// It has the version that was seen.
    Unchanged,
    /// The seat is free, or its hold was over at this moment.
    Takeable(Moment),
    /// The seat belongs to this reservation.
    BelongsTo(crate::id::ReservationId),
    /// The ticket type has room: held + sold + `highest` is within the capacity, and neither
    /// count falls below zero.
    HasRoom {
        /// The largest sum that the batch reached on its way.
        highest: i64,
    },
    /// The balance is what was seen: the answers say it.
    Balance(crate::Money),
    /// The quota has room: taken + `highest` is at most `max`.
    Within {
        /// The largest sum that the batch reached on its way.
        highest: i64,
        /// The limit; none means that anything goes.
        max: Option<u32>,
    },
}

/// What changes in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delta {
    /// The row as a whole.
    Whole,
    /// Counts of a ticket type.
    Stock {
        /// Added to what is held.
        held: i64,
        /// Added to what is sold.
        sold: i64,
    },
    /// Added to the balance.
    Balance(i64),
    /// Added to what a buyer has taken.
    Quota(i64),
}
