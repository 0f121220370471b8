//! Deliveries in which commands travel.

use admitone_app::delivery::{SenderLimits, WorkerLimits};
use serde::Deserialize;

/// How long commands that travel are waited for, and who settles them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeliveriesConfiguration {
    pub(crate) workers: usize,
    pub(crate) wait_ms: u64,
    pub(crate) deadline_ms: u64,
    pub(crate) attempts_max: u32,
    pub(crate) jobs_batch_max: usize,
}

impl Default for DeliveriesConfiguration {
    fn default() -> Self {
        Self {
            workers: 1,
            wait_ms: 5_000,
            deadline_ms: 30_000,
            attempts_max: 6,
            jobs_batch_max: 100,
        }
    }
}

impl DeliveriesConfiguration {
    pub(crate) fn sender(self) -> SenderLimits {
        let Self { wait_ms, deadline_ms, .. } = self;
        SenderLimits { wait_ms, deadline_ms, ..SenderLimits::default() }
    }

    pub(crate) fn jobs_worker(self) -> WorkerLimits {
        let batch_max = self.jobs_batch_max.max(1);
        let attempts_max = self.attempts_max.max(1);
        WorkerLimits { batch_max, attempts_max, ..WorkerLimits::default() }
    }
}
