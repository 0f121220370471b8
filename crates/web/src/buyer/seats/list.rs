//! The seats as a list: sections with what is left in them, rows with their seats, and of a large hall the
//! spaces for wheelchairs alone, wherever they are.

use super::Named;
use admitone_app::board::{SeatMark, SeatView, Snapshot};
use admitone_domain::Money;
use admitone_domain::id::SeatId;
use admitone_domain::show::{Attribute, SeatBlock, SeatPlan};
use std::collections::{BTreeMap, HashMap, HashSet};

/// So many rows of a section are listed at once.
const ROWS: usize = 12;

/// A section by what is left in it.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) free: u32,
    pub(super) from: Money,
}

/// A row of the list.
pub(super) struct Row {
    pub(super) section: String,
    pub(super) name: String,
    pub(super) seats: Vec<Place>,
}

/// A seat in the list.
pub(super) struct Place {
    pub(super) id: SeatId,
    pub(super) number: u32,
    pub(super) price: Money,
    pub(super) mark: SeatMark,
    pub(super) attribute: Option<Attribute>,
    pub(super) is_chosen: bool,
}

/// The sections in the order of the plan.
pub(super) fn sections(snapshot: &Snapshot) -> Vec<Section> {
    let mut order: Vec<&str> = Vec::new();
    for block in &snapshot.plan.blocks {
        if !order.contains(&block.section.as_str()) {
            order.push(&block.section);
        }
    }
    let plan = snapshot.plan.index();
    let mut free: HashMap<&str, (u32, Money)> = HashMap::new();
    for seat in snapshot.seats.iter().filter(|seat| seat.mark != SeatMark::Blocked) {
        let Some((block, _)) = plan.find(seat.id) else { continue };
        let known = free.entry(&block.section).or_insert((0, seat.price));
        known.0 += u32::from(seat.mark == SeatMark::Free);
        known.1 = known.1.min(seat.price);
    }
    let section = |name: &str| {
        let (free, from) = free.get(name).copied().unwrap_or((0, Money::ZERO));
        Section { name: name.to_owned(), free, from }
    };
    order.into_iter().map(section).collect()
}

/// The section that was asked for, else the first in which something is free.
pub(super) fn listed_section(sections: &[Section], asked: &str) -> String {
    let found = sections.iter().find(|section| section.name == asked);
    let found = found.or_else(|| sections.iter().find(|section| section.free > 0));
    found.or(sections.first()).map(|section| section.name.clone()).unwrap_or_default()
}

/// Where the parts of a list begin: from which row, which rows, whether it is the one that is shown.
pub(super) type Pages = Vec<(usize, String, bool)>;

/// Which rows are listed.
#[derive(Clone, Copy)]
pub(super) enum Listed<'a> {
    /// Those of a section.
    Section(&'a str),
    /// Those with spaces for wheelchairs, and of them these and companions' seats.
    Spaces,
}

/// Some of the rows that are listed, and where the parts of the list begin.
pub(super) fn rows(
    snapshot: &Snapshot,
    (listed, from): (Listed<'_>, usize),
    chosen: &[Named],
) -> (Vec<Row>, Pages) {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut blocks: BTreeMap<usize, Vec<&SeatBlock>> = BTreeMap::new();
    for block in listed_blocks(&snapshot.plan, listed) {
        let row = (block.section.as_str(), block.row.as_str());
        let place = order.iter().position(|known| *known == row).unwrap_or_else(|| {
            order.push(row);
            order.len() - 1
        });
        blocks.entry(place).or_default().push(block);
    }
    let from = if from < order.len() { from / ROWS * ROWS } else { 0 };
    let name = |at: usize| order.get(at).map_or("", |(_, row)| row);
    let span = |at: usize| {
        let last = (at + ROWS).min(order.len()).saturating_sub(1);
        format!("{}–{}", name(at), name(last))
    };
    let parts = (0..order.len()).step_by(ROWS);
    let pages = parts.map(|at| (at, span(at), at == from)).collect();
    let marks: HashMap<SeatId, &SeatView> =
        snapshot.seats.iter().map(|seat| (seat.id, seat)).collect();
    let row = |(place, blocks): (&usize, &Vec<&SeatBlock>)| {
        let (section, name) = order.get(*place).copied().unwrap_or_default();
        let seats = blocks.iter().flat_map(|block| places(snapshot, block, &marks, chosen));
        let is_shown = |seat: &Place| match listed {
            Listed::Section(_) => true,
            Listed::Spaces => seat.attribute.is_some_and(Attribute::is_for_some),
        };
        Row {
            section: section.to_owned(),
            name: name.to_owned(),
            seats: seats.filter(is_shown).collect(),
        }
    };
    (blocks.iter().skip(from).take(ROWS).map(row).collect(), pages)
}

/// The blocks of the rows that are listed.
fn listed_blocks<'a>(plan: &'a SeatPlan, listed: Listed<'_>) -> Vec<&'a SeatBlock> {
    match listed {
        Listed::Section(section) => {
            plan.blocks.iter().filter(|block| block.section == section).collect()
        }
        Listed::Spaces => {
            let is_space = |id: SeatId| plan.attribute(id) == Some(Attribute::Wheelchair);
            let with_spaces = plan.blocks.iter().filter(|block| block.seats().any(is_space));
            let rows: HashSet<_> =
                with_spaces.map(|block| (block.section.as_str(), block.row.as_str())).collect();
            let is_listed =
                |block: &&SeatBlock| rows.contains(&(block.section.as_str(), block.row.as_str()));
            plan.blocks.iter().filter(is_listed).collect()
        }
    }
}

fn places(
    snapshot: &Snapshot,
    block: &SeatBlock,
    marks: &HashMap<SeatId, &SeatView>,
    chosen: &[Named],
) -> Vec<Place> {
    let place = |(id, number): (SeatId, u32)| {
        let seat = marks.get(&id)?;
        let is_chosen = chosen.iter().any(|known| known.id == id);
        let attribute = snapshot.plan.attribute(id);
        Some(Place { id, number, price: seat.price, mark: seat.mark, attribute, is_chosen })
    };
    block.seats().zip(block.first_number..).filter_map(place).collect()
}

/// How many spaces for wheelchairs and companions' seats are free, where there are spaces.
pub(super) fn spaces(snapshot: &Snapshot) -> Option<usize> {
    let plan = &snapshot.plan;
    let is_for_some = |id: SeatId| plan.attribute(id).is_some_and(Attribute::is_for_some);
    let free = snapshot.seats.iter().filter(|seat| seat.mark == SeatMark::Free);
    plan.has(Attribute::Wheelchair).then(|| free.filter(|seat| is_for_some(seat.id)).count())
}
