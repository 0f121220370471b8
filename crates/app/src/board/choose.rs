//! Chooses seats that are together: the best groups first.

use admitone_domain::Moment;
use admitone_domain::id::SeatId;
use admitone_domain::show::{Attribute, SeatBlock, SeatPlan};
use std::collections::BTreeSet;

/// At most so many groups are offered to one command.
const GROUPS_MAX: usize = 3;
/// Among so many of the best groups the offers are spread.
const CANDIDATES_MAX: usize = 32;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// How many seats together.
    pub count: u32,
    /// How many of them are spaces for wheelchairs.
    pub wheelchairs: u32,
    /// Only in this section.
    pub section: Option<&'a str>,
    /// When: seats that are for some are kept for them until a moment.
    pub now: Moment,
    /// A number that differs from command to command.
    pub spread: u64,
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
    // Seats of which something is said are often written as blocks of their own, and are one row all the same.
    let is_one = |block: &SeatBlock, next: &SeatBlock| {
        next.follows(block) && (says_something(plan, block) || says_something(plan, next))
    };
    for blocks in plan.blocks.chunk_by(is_one) {
        if wish.section.is_some_and(|section| blocks.iter().any(|one| section != one.section)) {
            continue;
        }
        let seats = blocks.iter().flat_map(|block| block.seats().zip(look(block)));
        let seats: Vec<(SeatId, bool)> = seats.collect();
        // No longer than the block: a wish may be for more than there is memory.
        let size = size.min(seats.len() + 1);
        if wish.wheelchairs == 0 {
            for_anybody(plan, &seats, (size, wish.now), &mut candidates);
        } else {
            with_wheelchairs(plan, &seats, (size, wish.wheelchairs), &mut candidates);
        }
        if candidates.len() >= CANDIDATES_MAX {
            break;
        }
    }
    if wish.wheelchairs == 0 {
        return pick(candidates, wish.spread);
    }
    best_apart(plan, candidates, wish.spread)
}

/// Up to three of them that share no seat, so that one who is faster takes no more than one away. Companions' seats
/// go with spaces first: those with the fewest seats that are for anybody are the best, and offers are spread among the best.
fn best_apart(plan: &SeatPlan, mut candidates: Vec<Vec<SeatId>>, spread: u64) -> Vec<Vec<SeatId>> {
    let for_anybody = |group: &Vec<SeatId>| count(plan, group, None);
    candidates.sort_by_key(for_anybody);
    let mut taken: BTreeSet<SeatId> = BTreeSet::new();
    candidates.retain(|group| {
        let is_apart = group.iter().all(|seat| !taken.contains(seat));
        taken.extend(group.iter().filter(|_| is_apart));
        is_apart
    });
    let fewest = candidates.first().map_or(0, for_anybody);
    let others = candidates.split_off(candidates.partition_point(|one| for_anybody(one) == fewest));
    let mut offered = pick(candidates, spread);
    offered.extend(others);
    offered.truncate(GROUPS_MAX);
    offered
}

/// Whether something is said of a seat of a block.
fn says_something(plan: &SeatPlan, block: &SeatBlock) -> bool {
    let seats = block.first_seat..SeatId(block.first_seat.0.saturating_add(u64::from(block.count)));
    plan.attributes.range(seats).next().is_some()
}

/// Groups of seats that are kept for nobody.
fn for_anybody(
    plan: &SeatPlan,
    seats: &[(SeatId, bool)],
    (size, now): (usize, Moment),
    candidates: &mut Vec<Vec<SeatId>>,
) {
    let cannot_be_had = |(id, is_free): &(SeatId, bool)| !is_free || plan.is_kept(*id, now);
    for run in seats.split(cannot_be_had) {
        let found = run.chunks_exact(size);
        candidates.extend(found.map(|group| group.iter().map(|(id, _)| *id).collect()));
        if candidates.len() >= CANDIDATES_MAX {
            return;
        }
    }
}

/// Groups with so many spaces for wheelchairs, no more and no fewer: nobody is given one that nobody asked for.
fn with_wheelchairs(
    plan: &SeatPlan,
    seats: &[(SeatId, bool)],
    (size, wheelchairs): (usize, u32),
    candidates: &mut Vec<Vec<SeatId>>,
) {
    for group in seats.windows(size).filter(|group| group.iter().all(|(_, is_free)| *is_free)) {
        let ids: Vec<SeatId> = group.iter().map(|(id, _)| *id).collect();
        if count(plan, &ids, Some(Attribute::Wheelchair)) == u64::from(wheelchairs) {
            candidates.push(ids);
        }
    }
}

/// Of how many seats this is said; none asks for those of which nothing is.
fn count(plan: &SeatPlan, seats: &[SeatId], said: Option<Attribute>) -> u64 {
    seats.iter().filter(|id| plan.attribute(**id) == said).count() as u64
}

/// Whether there is such a group, whoever has its seats.
pub(super) fn has_group(plan: &SeatPlan, wish: Wish<'_>) -> bool {
    if wish.wheelchairs > 0 || !plan.attributes.is_empty() {
        let all = |block: &SeatBlock| vec![true; usize::try_from(block.count).unwrap_or(0)];
        return !groups(plan, all, wish).is_empty();
    }
    let fits = |block: &SeatBlock| {
        block.count >= wish.count && wish.section.is_none_or(|section| section == block.section)
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
    use std::collections::BTreeMap;

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
        SeatPlan { blocks: vec![block("A", 1), block("B", 11)], ..SeatPlan::default() }
    }

    fn wish(count: u32, section: Option<&str>) -> Wish<'_> {
        Wish { count, wheelchairs: 0, section, now: Moment(0), spread: 0 }
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
        let first = |spread| groups(&plan(), |_| true, Wish { spread, ..wish(1, None) });
        assert_ne!(first(0)[0], first(7)[0]);
    }

    #[test]
    fn what_can_never_be_is_told_apart_from_what_is_taken() {
        let has = |count, section| has_group(&plan(), wish(count, section));
        assert!(has(10, None) && has(10, Some("B")) && has(1, None));
        assert!(!has(11, None) && !has(11, Some("B")) && !has(1, Some("C")));
        assert!(!has_group(&SeatPlan::default(), wish(1, None)));
    }

    #[test]
    fn more_than_a_row_has_is_never_found() {
        assert!(groups(&plan(), |_| true, wish(11, None)).is_empty());
        assert!(groups(&plan(), |_| true, wish(u32::MAX, None)).is_empty());
        assert!(groups(&plan(), |_| true, wish(0, None)).is_empty());
    }

    /// In row A: 1 to 3 free, 4 for wheelchairs, 5 for companions, 6 free, 7 for wheelchairs, the rest free.
    fn with_spaces(kept_until: Option<Moment>) -> SeatPlan {
        let said =
            [(4, Attribute::Wheelchair), (5, Attribute::Companion), (7, Attribute::Wheelchair)];
        let attributes = said.into_iter().map(|(seat, said)| (SeatId(seat), said)).collect();
        SeatPlan { attributes, kept_until, blocks: vec![plan().blocks[0].clone()], ..plan() }
    }

    fn ids(groups: &[Vec<SeatId>]) -> Vec<Vec<u64>> {
        groups.iter().map(|group| group.iter().map(|id| id.0).collect()).collect()
    }

    #[test]
    fn nobody_is_given_a_seat_for_somebody_else_unasked() {
        let found = groups(&with_spaces(None), |_| true, wish(3, None));
        assert_eq!(ids(&found), [[1, 2, 3], [8, 9, 10]], "a row ends where one is kept");
        assert!(groups(&with_spaces(None), |_| true, wish(4, None)).is_empty());
        assert!(!has_group(&with_spaces(None), wish(4, None)) && has_group(&plan(), wish(4, None)));
        // Without it somebody who did not ask is given a space for wheelchairs.
        let unkept = SeatPlan { attributes: BTreeMap::new(), ..with_spaces(None) };
        assert_eq!(ids(&groups(&unkept, |_| true, wish(4, None)))[0], [1, 2, 3, 4]);
    }

    #[test]
    fn those_who_ask_for_spaces_at_once_are_offered_different_ones() {
        let attributes = (1..=8).map(|seat| (SeatId(seat), Attribute::Wheelchair)).collect();
        let plan = SeatPlan { attributes, ..plan() };
        let first = |spread| {
            let wish = Wish { wheelchairs: 1, spread, ..wish(1, None) };
            groups(&plan, |_| true, wish)[0][0].0
        };
        assert!((0..8).map(first).eq(1..=8));
    }

    #[test]
    fn who_asks_is_given_spaces_with_their_neighbours_and_no_more_of_them() {
        let asks = |count, wheelchairs| {
            let wish = Wish { wheelchairs, ..wish(count, None) };
            ids(&groups(&with_spaces(None), |_| true, wish))
        };
        assert_eq!(asks(1, 1), [[4], [7]]);
        assert_eq!(asks(2, 1), [[4, 5], [6, 7]], "with a companion's seat first, and none twice");
        assert_eq!(asks(4, 2), [[4, 5, 6, 7]]);
        assert!(asks(2, 2).is_empty(), "they are not side by side");
        let wish = Wish { wheelchairs: 1, ..wish(1, None) };
        assert_eq!(ids(&groups(&with_spaces(None), |id| id.0 != 4, wish)), [[7]]);
        assert!(has_group(&with_spaces(None), wish) && !has_group(&plan(), wish));
    }

    #[test]
    fn a_space_and_the_seat_beside_it_are_together_also_where_each_is_a_block() {
        let mut plan = with_spaces(None);
        let row = plan.blocks.remove(0);
        let part = |first: u32, count| SeatBlock {
            first_number: first,
            count,
            first_seat: SeatId(u64::from(first)),
            ..row.clone()
        };
        plan.blocks = vec![part(1, 3), part(4, 1), part(5, 1), part(6, 5)];
        let wish = Wish { wheelchairs: 1, ..wish(2, None) };
        assert_eq!(ids(&groups(&plan, |_| true, wish))[0], [4, 5]);
        let unasked = Wish { wheelchairs: 0, count: 10, ..wish };
        assert!(groups(&plan, |_| true, unasked).is_empty(), "somebody else's are in between");
        let over = SeatPlan { kept_until: Some(Moment(0)), ..plan.clone() };
        assert_eq!(groups(&over, |_| true, unasked).len(), 1, "until they are kept for nobody");
        let unsaid = SeatPlan { attributes: BTreeMap::new(), ..plan.clone() };
        assert!(groups(&unsaid, |_| true, unasked).is_empty(), "blocks of which nothing is said");
        plan.blocks[2].row = "2".into();
        assert_eq!(ids(&groups(&plan, |_| true, wish))[0], [3, 4], "another row is not beside it");
    }

    #[test]
    fn from_a_moment_on_anybody_is_given_what_was_kept() {
        let plan = with_spaces(Some(Moment(100)));
        let at = |now| groups(&plan, |_| true, Wish { now: Moment(now), ..wish(4, None) });
        assert_eq!((at(99).len(), ids(&at(100))[0].as_slice()), (0, &[1, 2, 3, 4][..]));
    }

    #[test]
    fn a_seat_with_a_restricted_view_is_as_any_other() {
        let attributes = [(SeatId(2), Attribute::RestrictedView)].into();
        let plan = SeatPlan { attributes, ..plan() };
        assert_eq!(ids(&groups(&plan, |_| true, wish(10, Some("A")))).len(), 1);
    }
}
