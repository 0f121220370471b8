//! Time, as a port: the only way to it.

use admitone_domain::Moment;
use async_trait::async_trait;

/// Tells the time and waits.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Moment;

    /// Waits so many milliseconds.
    async fn sleep_ms(&self, span_ms: u64);

    /// Waits as short as it can, a millisecond at most.
    async fn sleep_a_tick(&self) {
        self.sleep_ms(1).await;
    }
}
