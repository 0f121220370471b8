//! The free seats nearest to one that is lost: in its row first, then in the rows around it.

use admitone_domain::id::SeatId;
use admitone_domain::show::{SeatBlock, SeatPlan};

/// So many are offered.
const OFFERED: usize = 3;
/// A row away is as far as so many seats in the row.
const ROW: u64 = 3;

/// The nearest free seats of the same section, the nearest first.
pub(super) fn nearest(
    plan: &SeatPlan,
    lost: SeatId,
    is_free: impl Fn(SeatId) -> bool,
) -> Vec<SeatId> {
    let Some((home, number)) = plan.find(lost) else { return Vec::new() };
    let section: Vec<&SeatBlock> =
        plan.blocks.iter().filter(|block| block.section == home.section).collect();
    let mut rows: Vec<&str> = Vec::new();
    for block in &section {
        if !rows.contains(&block.row.as_str()) {
            rows.push(&block.row);
        }
    }
    let place = |row: &str| rows.iter().position(|known| *known == row).unwrap_or(0);
    let home_row = place(&home.row);
    let mut found: Vec<(u64, SeatId)> = Vec::new();
    for block in section {
        let rows_away = u64::try_from(place(&block.row).abs_diff(home_row)).unwrap_or(u64::MAX);
        for (id, other) in block.seats().zip(block.first_number..) {
            if id != lost && is_free(id) {
                let away = rows_away.saturating_mul(ROW) + u64::from(other.abs_diff(number));
                found.push((away, id));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().take(OFFERED).map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> SeatPlan {
        let block = |section: &str, row: &str, first| SeatBlock {
            section: section.into(),
            row: row.into(),
            first_number: 1,
            count: 10,
            first_seat: SeatId(first),
        };
        let blocks = vec![block("A", "1", 1), block("A", "2", 11), block("B", "1", 21)];
        SeatPlan { blocks, ..SeatPlan::default() }
    }

    #[test]
    fn neighbours_come_first_and_then_the_next_row() {
        assert_eq!(nearest(&plan(), SeatId(5), |_| true), [SeatId(4), SeatId(6), SeatId(3)]);
        let taken = |id: SeatId| !(1..=9).contains(&id.0);
        assert_eq!(nearest(&plan(), SeatId(5), taken), [SeatId(15), SeatId(14), SeatId(16)]);
    }

    #[test]
    fn another_section_is_not_near() {
        assert!(nearest(&plan(), SeatId(5), |id| id.0 > 20).is_empty());
        assert!(nearest(&plan(), SeatId(99), |_| true).is_empty());
    }
}
