//! Looks again and again until keys are free, the more often the longer somebody waits.
//!
//! Whoever comes guesses from how long it took those before him when his turn may come. Until then he looks
//! seldom, from then on all the time; and who comes where others look leaves the first look to them. So who came
//! first mostly is first, though nobody stands in line and nobody is called: without that chance decides each time, and
//! of fifty somebody waits twenty times as long as the others.

use super::busy;
use super::table::Table;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::Guard;
use admitone_domain::Key;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The longest pause: after so long everybody looks, however long it took others.
const PAUSE_MAX_MS: u64 = 128;

/// A lock that is looked at.
pub(super) struct Looks {
    table: Arc<Table>,
    clock: Arc<dyn Clock>,
    /// So often whoever may have his turn looks in a row, with nothing but others' work between.
    eager: u32,
}

impl Looks {
    /// Nobody has anything.
    pub(super) fn new(clock: Arc<dyn Clock>, eager: u32) -> Self {
        Self { table: Arc::default(), clock, eager }
    }

    pub(super) async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let is_polite = patience_ms > 0 && self.table.is_looked_at(keys);
        if !is_polite && let Some(taken) = self.table.try_take(keys) {
            return Ok(Box::new(taken));
        }
        let (looking, came) = (self.table.look(keys), self.clock.now());
        let until = came.plus_ms(patience_ms);
        let mut eager = 0;
        loop {
            let now = self.clock.now();
            if now >= until {
                return Err(busy());
            }
            let pause_ms = pause_ms(looking.expects_us() - (now.0 - came.0));
            let left_ms = u64::try_from((until.0 - now.0) / 1_000).unwrap_or(0);
            if pause_ms == 0 && eager < self.eager {
                eager += 1;
                tokio::task::yield_now().await;
            } else if pause_ms.min(left_ms) == 0 {
                eager = 0;
                self.clock.sleep_a_tick().await;
            } else {
                eager = 0;
                self.clock.sleep_ms(pause_ms.min(left_ms)).await;
            }
            if let Some(taken) = looking.try_take(self.clock.now().0 - came.0) {
                return Ok(Box::new(taken));
            }
        }
    }
}

/// Most of what is left until it may be his turn: it may come sooner, and if nobody looked before nobody would
/// find out.
fn pause_ms(left_us: i64) -> u64 {
    let most_us = left_us - left_us / 8;
    u64::try_from(most_us / 1_000).unwrap_or(0).min(PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests;
