//! A show: one date of a concert, its sale window, its limits and its seat plan.

mod plan;

pub use plan::{Attribute, PlanIndex, SeatBlock, SeatPlan};

use crate::id::{ConcertId, RoomId, ShowId};
use crate::{Currency, Moment};
use serde::{Deserialize, Serialize};

/// One date of a concert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Show {
    /// Its id.
    pub id: ShowId,
    /// The concert it belongs to.
    pub concert: ConcertId,
    /// The waiting room in front of it; none means that everybody may hold at once.
    pub room: Option<RoomId>,
    /// When it begins.
    pub opens_at: Moment,
    /// When it ends.
    pub closes_at: Moment,
    /// From when seats can be held.
    pub booking_opens_at: Moment,
    /// Until when seats can be held; a live hold may still be paid.
    pub booking_closes_at: Moment,
    /// IANA name of the zone in which people read its times.
    pub time_zone: String,
    /// The currency of its prices: its concert's.
    pub currency: Currency,
    /// How the sale bounds one buyer.
    pub limits: Limits,
}

/// What bounds one reservation and one buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most items of one reservation.
    pub per_reservation_max: u32,
    /// Most items one buyer may hold and own of this show; none means no limit.
    pub per_buyer_max: Option<u32>,
    /// How long a hold lasts, in milliseconds, from the hold itself.
    pub hold_ms: u64,
    /// How often one hold may be extended by its buyer.
    pub extensions_max: u32,
}

impl Default for Limits {
    /// Ten items, no limit per buyer, five minutes, two extensions.
    fn default() -> Self {
        Self { per_reservation_max: 10, per_buyer_max: None, hold_ms: 300_000, extensions_max: 2 }
    }
}
