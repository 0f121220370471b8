//! When the line passed a place, without anything per user: one entry per half minute. Used only
//! to find out whether a place was passed longer ago than the grace.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

const STEP_US: i64 = 30_000_000;

/// When the line had come how far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CalledLog {
    entries: VecDeque<(i64, u64)>,
}

impl CalledLog {
    /// Whether it is time for an entry.
    pub(crate) fn is_due(&self, now_us: i64, to: u64) -> bool {
        let (last_us, last_to) = self.entries.back().copied().unwrap_or((i64::MIN, 0));
        to > last_to && now_us.saturating_sub(last_us) >= STEP_US
    }

    /// Writes an entry; forgets those that are older than the grace, but for the youngest.
    pub(crate) fn write(&mut self, now_us: i64, to: u64, grace_us: Option<i64>) {
        self.entries.push_back((now_us, to));
        let Some(grace_us) = grace_us else { return };
        let old = |entry: Option<&(i64, u64)>| {
            entry.is_some_and(|(at_us, _)| now_us.saturating_sub(*at_us) > grace_us)
        };
        while old(self.entries.get(1)) {
            self.entries.pop_front();
        }
    }

    /// A moment not earlier than the place's first turn; `None` while it had none.
    pub(crate) fn called_at_us(&self, place: u64) -> Option<i64> {
        let index = self.entries.partition_point(|(_, to)| *to < place);
        self.entries.get(index).map(|(at_us, _)| *at_us)
    }
}
