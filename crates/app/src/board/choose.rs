//! Chooses seats that are together: the best groups first.

use admitone_domain::id::SeatId;
use admitone_domain::show::{SeatBlock, SeatPlan};

/// At most so many groups are offered to one command.
const GROUPS_MAX: usize = 3;
/// Among so many of the best groups the offers are spread.
const CANDIDATES_MAX: usize = 32;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// How many seats together.
    pub(super) count: u32,
    /// Only in this section.
    pub(super) section: Option<&'a str>,
    /// A number that differs from command to command.
    pub(super) spread: u64,
}

/// Groups of free neighbours, in the order of the plan, which lists the best blocks first.
/// `look` says which seats of a block are free, in their order.
pub(super) fn groups(
    plan: &SeatPlan,
    look: impl Fn(&SeatBlock) -> Vec<bool>,
    wish: Wish<'_>,
) -> Vec<Vec<SeatId>> {
    let size = usize::try_from(wish.count).unwrap_or(usize::MAX);
    if size == 0 {
        return Vec::new();
    }
    let mut candidates: Vec<Vec<SeatId>> = Vec::new();
    for block in &plan.blocks {
        if wish.section.is_some_and(|section| section != block.section) {
            continue;
        }
        let seats: Vec<(SeatId, bool)> = block.seats().zip(look(block)).collect();
        for run in seats.split(|(_, is_free)| !is_free) {
            let found = run.chunks_exact(size.min(seats.len() + 1));
            candidates.extend(found.map(|group| group.iter().map(|(id, _)| *id).collect()));
            if candidates.len() >= CANDIDATES_MAX {
                return pick(candidates, wish.spread);
            }
        }
    }
    pick(candidates, wish.spread)
}

/// Whether a block is so long.
pub(super) fn has_group(plan: &SeatPlan, count: u32, section: Option<&str>) -> bool {
    let fits = |block: &SeatBlock| {
        block.count >= count && section.is_none_or(|section| section == block.section)
    };
    plan.blocks.iter().any(fits)
}

/// Up to three candidates, beginning at a place that differs from command to command.
fn pick(candidates: Vec<Vec<SeatId>>, spread: u64) -> Vec<Vec<SeatId>> {
    let count = candidates.len();
    if count <= GROUPS_MAX {
        return candidates;
    }
    let begin = usize::try_from(spread % count as u64).unwrap_or(0);
    candidates.into_iter().cycle().skip(begin).take(GROUPS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(
        plan: &SeatPlan,
        is_free: impl Fn(SeatId) -> bool,
        wish: Wish<'_>,
    ) -> Vec<Vec<SeatId>> {
        super::groups(plan, |block| block.seats().map(&is_free).collect(), wish)
    }

    fn plan() -> SeatPlan {
        let block = |section: &str, first_seat| SeatBlock {
            section: section.into(),
            row: "1".into(),
            first_number: 1,
            count: 10,
            first_seat: SeatId(first_seat),
        };
        SeatPlan { blocks: vec![block("A", 1), block("B", 11)] }
    }

    fn wish(count: u32, section: Option<&str>) -> Wish<'_> {
        Wish { count, section, spread: 0 }
    }

    #[test]
    fn a_group_is_of_neighbours_that_are_all_free() {
        let taken = [SeatId(2), SeatId(5)];
        let found = groups(&plan(), |id| !taken.contains(&id), wish(2, None));
        assert_eq!(found[0], [SeatId(3), SeatId(4)]);
        assert!(found.iter().flatten().all(|id| !taken.contains(id)));
        assert!(found.iter().all(|group| group[1].0 == group[0].0 + 1));
    }

    #[test]
    fn a_group_never_spans_two_rows() {
        let free = [SeatId(10), SeatId(11)];
        assert!(groups(&plan(), |id| free.contains(&id), wish(2, None)).is_empty());
    }

    #[test]
    fn a_section_is_kept_to() {
        let found = groups(&plan(), |_| true, wish(4, Some("B")));
        assert!(found.iter().flatten().all(|id| id.0 > 10));
        assert!(groups(&plan(), |_| true, wish(1, Some("C"))).is_empty());
    }

    #[test]
    fn different_commands_are_offered_different_groups() {
        let first = |spread| groups(&plan(), |_| true, Wish { count: 1, section: None, spread });
        assert_ne!(first(0)[0], first(7)[0]);
    }

    #[test]
    fn what_can_never_be_is_told_apart_from_what_is_taken() {
        let has = |count, section| has_group(&plan(), count, section);
        assert!(has(10, None) && has(10, Some("B")) && has(1, None));
        assert!(!has(11, None) && !has(11, Some("B")) && !has(1, Some("C")));
        assert!(!has_group(&SeatPlan { blocks: vec![] }, 1, None));
    }

    #[test]
    fn more_than_a_row_has_is_never_found() {
        assert!(groups(&plan(), |_| true, wish(11, None)).is_empty());
        assert!(groups(&plan(), |_| true, wish(u32::MAX, None)).is_empty());
        assert!(groups(&plan(), |_| true, wish(0, None)).is_empty());
    }
}
