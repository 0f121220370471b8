//! Spin: looks again and again, at first at once, then after growing pauses.
//!
//! It never blocks a thread: between two looks others run. It has no order of arrival, so under a
//! crowd somebody may be unlucky until his patience ends.

use super::busy;
use super::table::Table;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock};
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many looks with nothing but others' work between them.
const EAGER_LOOKS: u32 = 64;
/// The longest pause between two looks.
const PAUSE_MAX_MS: u64 = 8;

/// Looks until the keys are free.
pub struct SpinLock {
    table: Arc<Table>,
    clock: Arc<dyn Clock>,
}

impl SpinLock {
    /// Nobody has anything.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { table: Arc::default(), clock }
    }

    async fn pause(&self, look: u32) {
        if look < EAGER_LOOKS {
            tokio::task::yield_now().await;
        } else {
            let doublings = (look - EAGER_LOOKS).min(PAUSE_MAX_MS.ilog2());
            self.clock.sleep_ms(1 << doublings).await;
        }
    }
}

#[async_trait]
impl Lock for SpinLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let until = self.clock.now().plus_ms(patience_ms);
        for look in 0.. {
            if let Some(taken) = self.table.try_take(keys) {
                return Ok(Box::new(taken));
            }
            if self.clock.now() >= until {
                break;
            }
            self.pause(look).await;
        }
        Err(busy())
    }
}
