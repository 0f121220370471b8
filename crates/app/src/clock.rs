//! The clock of the machine.

use crate::ports::clock::Clock;
use admitone_domain::Moment;
use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// The machine's clock, kept from going back.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest_us: AtomicI64,
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    fn now(&self) -> Moment {
        let now = Moment::from(jiff::Timestamp::now()).0;
        Moment(self.latest_us.fetch_max(now, Ordering::Relaxed).max(now))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the Clock port")]
    async fn sleep_ms(&self, span_ms: u64) {
        tokio::time::sleep(Duration::from_millis(span_ms)).await;
    }
}

/// A clock that is moved by hand, for tests. Sleeping only lets others run.
#[derive(Debug)]
pub struct HandClock {
    now_us: AtomicI64,
}

impl HandClock {
    /// A clock that stands at a moment.
    pub fn at(now: Moment) -> Self {
        Self { now_us: AtomicI64::new(now.0) }
    }

    /// Moves it forward.
    pub fn advance_ms(&self, span_ms: u64) {
        let now = self.now().plus_ms(span_ms);
        self.now_us.store(now.0, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Moment {
        Moment(self.now_us.load(Ordering::SeqCst))
    }

    async fn sleep_ms(&self, _span_ms: u64) {
        tokio::task::yield_now().await;
    }
}
