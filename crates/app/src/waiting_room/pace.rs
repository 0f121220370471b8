//! How fast the deck is invited and how long silence is forgiven, so that promises which were
//! made under older settings stay true.
//!
//! A user who was told "ask again in (p − deck)/v" relies on the deck moving no faster than v
//! until then. So a new speed is promised at once, but the deck moves at the slowest speed that
//! is still promised to anybody; that is known to be over after the longest poll interval.

use serde::{Deserialize, Serialize};

/// The speeds of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pace {
    /// What new promises are made with, thousandths of a place per second.
    pub(crate) promised_milli: u64,
    /// How fast the deck may move, thousandths of a place per second.
    pub(crate) invite_milli: u64,
    /// How long a silent user counts as present, in µs.
    pub(crate) react_us: i64,
    react_wanted_us: i64,
    settled_at_us: i64,
}

impl Pace {
    /// Nothing has been promised to anybody yet.
    pub(crate) fn fresh(speed_milli: u64, react_us: i64) -> Self {
        Self {
            promised_milli: speed_milli,
            invite_milli: speed_milli,
            react_us,
            react_wanted_us: react_us,
            settled_at_us: i64::MIN,
        }
    }

    /// Wants other speeds. Promises made so far are over after `promise_us`.
    pub(crate) fn aim(&mut self, speed_milli: u64, react_us: i64, promise_us: i64, now_us: i64) {
        self.promised_milli = speed_milli;
        self.invite_milli = self.invite_milli.min(speed_milli);
        self.react_us = self.react_us.max(react_us);
        self.react_wanted_us = react_us;
        self.settled_at_us = self.settled_at_us.max(now_us.saturating_add(promise_us));
    }

    /// Lets old promises run out.
    pub(crate) fn settle(&mut self, now_us: i64) {
        if self.is_settled(now_us) {
            self.invite_milli = self.promised_milli;
            self.react_us = self.react_wanted_us;
        }
    }

    pub(crate) fn is_settled(&self, now_us: i64) -> bool {
        now_us >= self.settled_at_us
    }
}
