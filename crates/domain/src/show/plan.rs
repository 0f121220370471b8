//! The plan of a show's seats: how they are called, what is said of some of them, and until when those that
//! are for some are kept for them. Nobody who holds a seat reads it.

use crate::Moment;
use crate::id::SeatId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The seats of a show by name: a few blocks of neighbours instead of a label on every seat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct SeatPlan {
    /// In the order in which they were added.
    pub blocks: Vec<SeatBlock>,
    /// What is said of some seats beside their names.
    pub attributes: BTreeMap<SeatId, Attribute>,
    /// For whom or why seats were taken out of the sale, where that was said. For operators alone.
    pub labels: BTreeMap<SeatId, String>,
    /// Until when seats that are for some are kept for those who ask for them; none means always.
    pub kept_until: Option<Moment>,
}

/// What is said of a seat beside its name and its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// A space for somebody in a wheelchair.
    Wheelchair,
    /// A seat for whoever comes with somebody in a wheelchair.
    Companion,
    /// Something stands before the stage.
    RestrictedView,
}

impl Attribute {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Wheelchair, Self::Companion, Self::RestrictedView];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wheelchair => "wheelchair",
            Self::Companion => "companion",
            Self::RestrictedView => "restricted_view",
        }
    }

    /// The one that is written so.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether seats of which it is said are for some, and kept for them.
    pub fn is_for_some(self) -> bool {
        match self {
            Self::Wheelchair | Self::Companion => true,
            Self::RestrictedView => false,
        }
    }
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

    /// Whether it goes on in the same row where another ends.
    pub fn follows(&self, other: &Self) -> bool {
        let end = u64::from(other.first_number) + u64::from(other.count);
        self.section == other.section
            && self.row == other.row
            && u64::from(self.first_number) == end
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

    /// What is said of a seat.
    pub fn attribute(&self, seat: SeatId) -> Option<Attribute> {
        self.attributes.get(&seat).copied()
    }

    /// Whether any seat is of this kind.
    pub fn has(&self, attribute: Attribute) -> bool {
        self.attributes.values().any(|known| *known == attribute)
    }

    /// Whether a seat is kept for those who ask for one of its kind: nobody else is given it by the house.
    pub fn is_kept(&self, seat: SeatId, now: Moment) -> bool {
        let is_over = self.kept_until.is_some_and(|until| until <= now);
        !is_over && self.attribute(seat).is_some_and(Attribute::is_for_some)
    }
}

/// A plan as it is written: blocks alone, as plans were before anything was said of seats. What is said of a
/// seat stands behind them as a block of no seats at its place. Rows end where other things begin, so nothing
/// can be left out of them. A house that knows no such blocks has the same seats and calls some of them wrongly: nothing is said
/// of seats until all instances know.
#[derive(Serialize, Deserialize)]
struct Written {
    blocks: Vec<SeatBlock>,
}

/// What a block of no seats says, in the place of its first number: until when seats are kept, and what is said
/// of the seat whose id it has. From [`ATTRIBUTES`] on they are those of [`Attribute::ALL`], in their order.
const KEPT_UNTIL: u32 = 0;
/// Why the seat is out of the sale: it stands in the place of the row.
const LABEL: u32 = 1;
const ATTRIBUTES: u32 = 2;

impl Attribute {
    fn number(self) -> u32 {
        ATTRIBUTES
            + match self {
                Self::Wheelchair => 0,
                Self::Companion => 1,
                Self::RestrictedView => 2,
            }
    }
}

impl From<SeatPlan> for Written {
    fn from(plan: SeatPlan) -> Self {
        let index = plan.index();
        let empty = |what, first_seat| {
            let place = index.find(first_seat).map(|(block, _)| block).or(plan.blocks.first());
            let (section, row) =
                place.map(|block| (block.section.clone(), block.row.clone())).unwrap_or_default();
            SeatBlock { section, row, first_number: what, count: 0, first_seat }
        };
        let labelled = |(seat, label): (&SeatId, &String)| SeatBlock {
            row: label.clone(),
            ..empty(LABEL, *seat)
        };
        let attributes = plan.attributes.iter().map(|(seat, said)| empty(said.number(), *seat));
        let kept = plan.kept_until.map(|until| empty(KEPT_UNTIL, SeatId(until.0.cast_unsigned())));
        let said = attributes.chain(plan.labels.iter().map(labelled)).chain(kept);
        let said: Vec<SeatBlock> = said.collect();
        let mut blocks = plan.blocks;
        blocks.extend(said);
        Self { blocks }
    }
}

impl From<Written> for SeatPlan {
    fn from(written: Written) -> Self {
        let mut plan = Self::default();
        for block in written.blocks {
            let SeatBlock { first_number: what, count, first_seat: seat, .. } = block;
            match (count, what) {
                (0, KEPT_UNTIL) => plan.kept_until = Some(Moment(seat.0.cast_signed())),
                (0, LABEL) => {
                    plan.labels.insert(seat, block.row);
                }
                (0, what) => {
                    // What a later house says is nothing to this one.
                    let said = Attribute::ALL.into_iter().find(|known| known.number() == what);
                    plan.attributes.extend(said.map(|said| (seat, said)));
                }
                _ => plan.blocks.push(block),
            }
        }
        plan
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
        let blocks = vec![block(1, 50, 10), block(2, 1, 20), block(3, 21, 9)];
        let plan = SeatPlan { blocks, ..SeatPlan::default() };
        let index = plan.index();
        for seat in (0..70).map(SeatId) {
            assert_eq!(index.find(seat), plan.find(seat), "{seat}");
        }
        assert!(SeatPlan::default().index().find(SeatId(1)).is_none());
    }
}
