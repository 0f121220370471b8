//! Simple: looks once, then again at fixed intervals, until its patience ends.
//!
//! A free key is noticed up to an interval late: the price of the simplest lock there is.

use super::busy;
use super::table::Table;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock};
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often it looks.
#[derive(Debug, Clone, Copy)]
pub struct SimpleLimits {
    /// Between two looks.
    pub interval_ms: u64,
}

impl Default for SimpleLimits {
    /// Every ten milliseconds.
    fn default() -> Self {
        Self { interval_ms: 10 }
    }
}

/// Looks at intervals.
pub struct SimpleLock {
    table: Arc<Table>,
    clock: Arc<dyn Clock>,
    limits: SimpleLimits,
}

impl SimpleLock {
    /// Nobody has anything.
    pub fn new(clock: Arc<dyn Clock>, limits: SimpleLimits) -> Self {
        Self { table: Arc::default(), clock, limits }
    }
}

#[async_trait]
impl Lock for SimpleLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let until = self.clock.now().plus_ms(patience_ms);
        loop {
            if let Some(taken) = self.table.try_take(keys) {
                return Ok(Box::new(taken));
            }
            if self.clock.now() >= until {
                return Err(busy());
            }
            self.clock.sleep_ms(self.limits.interval_ms.max(1)).await;
        }
    }
}
