//! Numbers nobody else has, drawn from the store in blocks.

use crate::Trouble;
use crate::ports::store::{Sequence, Store};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many record numbers are drawn at once. A crash leaves a gap of at most two blocks.
const BLOCK: u64 = 10_000;
/// Whoever takes the number after which so many are left draws the next block, so that nobody
/// waits for it.
const LOW: u64 = BLOCK / 2;

/// Draws numbers. Those of records come from a block in memory; the others, which people type,
/// are drawn one by one, so that they have no gaps.
pub struct Ids {
    store: Arc<dyn Store>,
    records: Mutex<Blocks>,
    /// Held by the one who draws a block: all who need it wait for the same draw.
    drawing: tokio::sync::Mutex<()>,
}

/// The block in use and the one after it.
#[derive(Debug, Default)]
struct Blocks {
    current: Range<u64>,
    spare: Range<u64>,
}

impl Blocks {
    fn next(&mut self) -> Option<u64> {
        if self.current.is_empty() {
            self.current = std::mem::take(&mut self.spare);
        }
        self.current.next()
    }

    /// Whether the next block need not be drawn.
    fn has_some(&self) -> bool {
        !self.spare.is_empty() || self.current.end - self.current.start > LOW
    }

    /// Exactly one taker of a block sees this, so that one alone draws the next.
    fn is_at_low(&self) -> bool {
        self.spare.is_empty() && self.current.end - self.current.start == LOW
    }
}

impl Ids {
    /// Draws from this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, records: Mutex::default(), drawing: tokio::sync::Mutex::default() }
    }

    /// The next record number.
    pub async fn record(&self) -> Result<u64, Trouble> {
        let (next, is_at_low) = self.next();
        match next {
            Some(number) => {
                if is_at_low {
                    // Without it somebody waits for the block later, and hears of the trouble.
                    let _ = self.draw_spare().await;
                }
                Ok(number)
            }
            None => self.record_of_new_block().await,
        }
    }

    /// `count` numbers of a sequence in a row; the first of them.
    pub async fn several(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }

    fn next(&self) -> (Option<u64>, bool) {
        let mut blocks = self.blocks();
        (blocks.next(), blocks.is_at_low())
    }

    /// Whoever comes while a block is drawn waits for that draw and makes none of his own: many
    /// come at once, and each draw is a sync of the store.
    async fn record_of_new_block(&self) -> Result<u64, Trouble> {
        loop {
            self.draw_spare().await?;
            // None when more waited for the block than it has numbers.
            if let (Some(number), _) = self.next() {
                return Ok(number);
            }
        }
    }

    async fn draw_spare(&self) -> Result<(), Trouble> {
        let _drawing = self.drawing.lock().await;
        if self.blocks().has_some() {
            return Ok(());
        }
        let first = self.store.reserve(Sequence::Record, BLOCK).await?;
        self.blocks().spare = first..first + BLOCK;
        Ok(())
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
