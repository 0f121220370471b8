//! The laboratory's clock: nanoseconds since a run began.

use std::time::{Duration, Instant};

/// Counts from one moment on. Copies count from the same moment.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    start: Instant,
}

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "the laboratory's own clock")]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Nanoseconds since the start.
    pub fn ns(&self) -> u64 {
        nanos(self.start.elapsed())
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// How long after another one it was started, in nanoseconds.
    pub(crate) fn ns_after(&self, other: &Self) -> u64 {
        nanos(self.start.saturating_duration_since(other.start))
    }

    /// The moment so many nanoseconds after the start.
    pub(crate) fn moment(&self, ns: u64) -> tokio::time::Instant {
        (self.start + Duration::from_nanos(ns)).into()
    }
}

/// A span in nanoseconds; one of centuries counts as the longest there is.
pub fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "the laboratory's own clock")]
pub async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}
