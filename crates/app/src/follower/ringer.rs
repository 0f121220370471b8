//! Rings when this instance has committed something: once for all that is committed in a moment.

use crate::ports::bell::Bell;
use crate::ports::clock::Clock;
use crate::ports::tap::Tap;
use admitone_domain::Verdict;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Between two rings. What is committed meanwhile is found by the look that the first one began, or
/// rung for after it.
const PAUSE_MS: u64 = 20;

/// Rings for what is committed here.
pub struct Ringer {
    bell: Arc<dyn Bell>,
    clock: Arc<dyn Clock>,
    has_news: Notify,
}

impl Ringer {
    /// Rings with this bell.
    pub fn new(bell: Arc<dyn Bell>, clock: Arc<dyn Clock>) -> Self {
        Self { bell, clock, has_news: Notify::new() }
    }

    /// Rings until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        while stop.run_until_cancelled(self.has_news.notified()).await.is_some() {
            if let Err(trouble) = self.bell.ring().await {
                tracing::debug!(%trouble, "others see it when they look");
            }
            stop.run_until_cancelled(self.clock.sleep_ms(PAUSE_MS)).await;
        }
    }
}

impl Tap for Ringer {
    fn committed(&self, verdict: &Arc<Verdict>) {
        if !verdict.events.is_empty() {
            self.has_news.notify_one();
        }
    }
}
