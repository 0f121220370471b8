//! Numbers nobody else has, drawn from the store in blocks.

use crate::Trouble;
use crate::ports::store::{Sequence, Store};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// How many record numbers are drawn at once. A crash leaves a gap of at most that many.
const BLOCK: u64 = 10_000;

/// Draws numbers. Those of records come from a block in memory; the others, which people type,
/// are drawn one by one, so that they have no gaps.
pub struct Ids {
    store: Arc<dyn Store>,
    records: Mutex<Range<u64>>,
}

impl Ids {
    /// Draws from this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, records: Mutex::new(0..0) }
    }

    /// The next record number.
    pub async fn record(&self) -> Result<u64, Trouble> {
        if let Some(number) = self.next() {
            return Ok(number);
        }
        let first = self.store.reserve(Sequence::Record, BLOCK).await?;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        // Two callers may have drawn: the numbers of the block that is dropped are a gap.
        *records = first + 1..first + BLOCK;
        Ok(first)
    }

    /// `count` numbers of a sequence in a row; the first of them.
    pub async fn several(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }

    fn next(&self) -> Option<u64> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}
