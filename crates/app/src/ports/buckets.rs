//! Token buckets: how often somebody may ask, by a name, for one instance or for all of them.

use crate::Trouble;
use async_trait::async_trait;

/// How often: so many at once after a pause, and then one in each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// After how many microseconds there is one more.
    pub interval_us: u64,
}

impl Rate {
    /// So many in a span of milliseconds, and so many at once; none when either is zero: no limit.
    pub fn new(count: u32, span_ms: u64, burst: u32) -> Option<Self> {
        let interval_us = span_ms.saturating_mul(1_000).checked_div(u64::from(count))?;
        (burst > 0).then_some(Self { burst, interval_us: interval_us.max(1) })
    }

    /// How long an empty bucket takes to be full, in microseconds.
    pub fn span_us(&self) -> u64 {
        self.interval_us.saturating_mul(u64::from(self.burst))
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// After how many microseconds to try again; none when a token was taken.
    pub wait_us: Option<u64>,
    /// How many more could be taken at once.
    pub left: u32,
}

/// Keeps buckets.
#[async_trait]
pub trait Buckets: Send + Sync {
    /// Takes one token of a name's bucket, which is full at first.
    async fn take(&self, name: &str, rate: Rate) -> Result<Taken, Trouble>;
}
