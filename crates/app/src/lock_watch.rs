//! Looks now and then who waits for the locks of the database, and makes figures of it.
//!
//! It asks on an interval of its own, not when somebody scrapes: a server that does not answer
//! must not keep the other figures away.

use crate::ports::clock::Clock;
use crate::ports::lock_waits::{LockWaits, Waits};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const PAUSE_MS: u64 = 2_000;

/// Watches until it is told to stop.
pub struct LockWatch {
    /// Tells who waits.
    pub waits: Arc<dyn LockWaits>,
    /// Waits between two looks.
    pub clock: Arc<dyn Clock>,
}

impl LockWatch {
    /// Looks every two seconds until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        // A database whose user may not look says so each time: once is enough.
        let mut is_told = false;
        while !stop.is_cancelled() {
            match self.waits.lock_waits().await {
                Ok(waits) => {
                    is_told = false;
                    publish(&waits);
                }
                Err(trouble) if !is_told => {
                    is_told = true;
                    tracing::warn!(%trouble, "cannot see who waits for the database's locks");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_ms(PAUSE_MS) => {}
            }
        }
    }
}

fn publish(waits: &Waits) {
    metrics::gauge!("admitone_store_lock_waiting").set(f64::from(waits.waiting));
    metrics::gauge!("admitone_store_lock_wait_longest_seconds").set(waits.longest_s);
    // Gauges though they only grow: with the server they begin anew.
    if let Some(total) = waits.total {
        metrics::gauge!("admitone_store_lock_waits_total").set(total);
    }
    if let Some(total_s) = waits.total_s {
        metrics::gauge!("admitone_store_lock_wait_seconds_total").set(total_s);
    }
    if let Some(deadlocks) = waits.deadlocks {
        metrics::gauge!("admitone_store_deadlocks_total").set(deadlocks);
    }
}
