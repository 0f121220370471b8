//! The room's numbers for operators. The alarm that matters is `slot_idle_us_total`: a free slot
//! and a ripe, present user, and nothing moves. `overshoot_total` and `order_violation_total` are
//! checks of the room on itself and must stay zero.

use super::record::EndReason;
use super::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

/// What a room shows to its operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gauges {
    /// The last place that was given.
    pub issued: u64,
    /// How many have a place and are not inside.
    pub waiting: u64,
    /// How many of them are there, by the measured share.
    pub waiting_present_estimate: u64,
    /// How many are on the deck.
    pub deck: u64,
    /// How many are called and have not shown up yet.
    pub active_called: u64,
    /// How many are inside.
    pub active_claimed: u64,
    /// At most so many of both.
    pub active_limit: Option<u32>,
    /// How many of a thousand invited are there.
    pub show_rate_permille: Option<u32>,
    /// How many of a thousand published intervals held; should be near 600.
    pub eta_coverage_permille: Option<u32>,
    /// What only grows.
    pub totals: Totals,
}

/// What only grows in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Calls.
    pub admitted_total: u64,
    /// Places that ended because of a payment.
    pub ended_paid_total: u64,
    /// Places whose users went.
    pub ended_left_total: u64,
    /// Places or passes that ran out.
    pub ended_expired_total: u64,
    /// Places that were taken away.
    pub ended_revoked_total: u64,
    /// Calls that nobody claimed.
    pub no_show_total: u64,
    /// How long a slot, credit and a ripe, present user were there beyond one tick, in µs.
    pub slot_idle_us_total: u64,
    /// Admissions beyond the limit. Must be zero.
    pub overshoot_total: u64,
    /// Admissions past a smaller place on the deck. Must be zero.
    pub order_violation_total: u64,
    /// Joins of users who had a place.
    pub duplicate_join_total: u64,
    /// Joins and touches that were refused.
    pub refused_total: u64,
}

impl Gauges {
    /// A room's numbers from its counters.
    pub fn of(snapshot: &Snapshot, eta_coverage_permille: Option<u32>, totals: Totals) -> Self {
        let share = u64::from(snapshot.show_permille.unwrap_or(1_000));
        let far = (snapshot.issued - snapshot.deck_to).min(snapshot.waiting) * share / 1_000;
        Self {
            issued: snapshot.issued,
            waiting: snapshot.waiting,
            waiting_present_estimate: snapshot.deck + far,
            deck: snapshot.deck,
            active_called: snapshot.called,
            active_claimed: snapshot.claimed,
            active_limit: snapshot.active_max,
            show_rate_permille: snapshot.show_permille,
            eta_coverage_permille,
            totals,
        }
    }
}

impl Totals {
    pub(crate) fn end(&mut self, reason: EndReason) {
        let total = match reason {
            EndReason::Paid => &mut self.ended_paid_total,
            EndReason::Left => &mut self.ended_left_total,
            EndReason::Expired => &mut self.ended_expired_total,
            EndReason::Revoked => &mut self.ended_revoked_total,
        };
        *total += 1;
    }
}
