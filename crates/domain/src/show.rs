//! A show: one date of a concert, its sale window, its limits and its seat plan.

use crate::id::{ConcertId, RoomId, SeatId, ShowId};
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

/// The seats of a show by name: a few blocks of neighbours instead of a label on every seat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SeatPlan {
    /// In the order in which they were added.
    pub blocks: Vec<SeatBlock>,
}

/// Neighbouring seats: consecutive numbers in one row, consecutive ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatBlock {
    /// Section, such as `A`.
    pub section: String,
    /// Row inside the section.
    pub row: String,
    /// Number of the first seat.
    pub first_number: u32,
    /// How many seats.
    pub count: u32,
    /// Id of the first seat; the others follow it.
    pub first_seat: SeatId,
}

impl SeatBlock {
    /// The ids of its seats, in the order of their numbers.
    pub fn seats(&self) -> impl Iterator<Item = SeatId> + use<> {
        let first = self.first_seat.0;
        (first..first.saturating_add(u64::from(self.count))).map(SeatId)
    }

    /// The number of a seat, if it is in this block.
    pub fn number_of(&self, seat: SeatId) -> Option<u32> {
        let offset = u32::try_from(seat.0.checked_sub(self.first_seat.0)?).ok()?;
        (offset < self.count).then(|| self.first_number.saturating_add(offset))
    }

    /// Whether a seat of the same name is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let end = |block: &Self| u64::from(block.first_number) + u64::from(block.count);
        self.section == other.section
            && self.row == other.row
            && u64::from(self.first_number) < end(other)
            && u64::from(other.first_number) < end(self)
    }
}

/// The blocks of a plan by the ids of their seats: for finding many.
#[derive(Debug, Clone)]
pub struct PlanIndex<'a> {
    /// By their first seats; no seat is in two of them.
    blocks: Vec<&'a SeatBlock>,
}

impl<'a> PlanIndex<'a> {
    /// The block and number of a seat.
    pub fn find(&self, seat: SeatId) -> Option<(&'a SeatBlock, u32)> {
        let after = self.blocks.partition_point(|block| block.first_seat <= seat);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        Some((block, block.number_of(seat)?))
    }
}

impl SeatPlan {
    /// Its blocks in the order of their seats' ids.
    pub fn index(&self) -> PlanIndex<'_> {
        let mut blocks: Vec<&SeatBlock> = self.blocks.iter().collect();
        blocks.sort_unstable_by_key(|block| block.first_seat);
        PlanIndex { blocks }
    }

    /// The block and number of a seat.
    pub fn find(&self, seat: SeatId) -> Option<(&SeatBlock, u32)> {
        self.blocks.iter().find_map(|block| Some((block, block.number_of(seat)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_finds_what_a_search_of_the_plan_finds() {
        let block = |row: u64, first_seat, count| SeatBlock {
            section: "A".into(),
            row: row.to_string(),
            first_number: 7,
            count,
            first_seat: SeatId(first_seat),
        };
        // Not in the order of their ids, and with a gap.
        let plan = SeatPlan { blocks: vec![block(1, 50, 10), block(2, 1, 20), block(3, 21, 9)] };
        let index = plan.index();
        for seat in (0..70).map(SeatId) {
            assert_eq!(index.find(seat), plan.find(seat), "{seat}");
        }
        assert!(SeatPlan::default().index().find(SeatId(1)).is_none());
    }
}
