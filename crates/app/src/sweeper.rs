//! The sweeper: ends holds that are over, so that lists and counts are right soon. Nothing
//! depends on its being in time.

use crate::ports::clock::Clock;
use crate::ports::delivery::Delivery;
use crate::ports::reads::Reads;
use crate::settle::sweep;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const PAUSE_MS: u64 = 500;
const AT_ONCE_MAX: usize = 256;

/// Sweeps until it is told to stop.
pub struct Sweeper {
    /// Tells what is over.
    pub reads: Arc<dyn Reads>,
    /// Takes the commands that end it.
    pub delivery: Arc<dyn Delivery>,
    /// Waits between rounds.
    pub clock: Arc<dyn Clock>,
}

impl Sweeper {
    /// Sweeps every half second until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.round().await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_ms(PAUSE_MS) => {}
            }
        }
    }

    /// Ends what is over now; how many holds it saw.
    pub async fn round(&self) -> usize {
        let due = match self.reads.due(AT_ONCE_MAX).await {
            Ok(due) => due,
            Err(trouble) => {
                tracing::warn!(%trouble, "cannot look for holds that are over");
                return 0;
            }
        };
        for reservation in &due {
            if let Err(trouble) = self.delivery.submit(sweep(*reservation)).await {
                tracing::warn!(%trouble, %reservation, "cannot end a hold that is over");
            }
        }
        due.len()
    }
}
