//! Places in a line: nobody is overtaken, no two have the same place, and never are more inside than
//! may be.

use super::commands::{Command, End};
use super::{Audited, Finding, grouped, inside};
use crate::history::Op;
use crate::state::State;
use std::collections::HashMap;

/// Looks at joins, polls and ends.
pub(crate) fn audit(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let joins: Vec<(&Command<'_>, u64)> = commands
        .iter()
        .filter(|command| command.is(Op::Join))
        // Some routes tell no place.
        .filter_map(|command| Some((command, command.named().filter(|place| *place > 0)?)))
        .collect();
    audited.count("places", joins.len());
    tokens(commands, audited);
    let mut visits = visits(commands);
    // Every room counts its places by itself.
    for (room, joins) in grouped(joins.into_iter().map(|join| (join.0.asked.on, join))) {
        shared(&joins, |place| format!("place {place}"), audited);
        overtaken(&joins, visits.entry(room).or_default(), audited);
    }
    inside::audit(commands, &state.rules, audited);
}

/// Of a join that tells no place, the value is what its token is told apart by, from here on; below,
/// it says whether somebody is inside.
pub(crate) const FIRST_TOKEN: u64 = 1 << 60;

/// Who has a token has a place of his own.
fn tokens(commands: &[Command<'_>], audited: &mut Audited) {
    let token = |join: &Command<'_>| match join.end {
        End::Done { named: 0, value } => {
            u64::try_from(value).ok().filter(|token| *token >= FIRST_TOKEN)
        }
        _ => None,
    };
    let joins = commands.iter().filter(|command| command.is(Op::Join));
    let joins: Vec<(&Command<'_>, u64)> =
        joins.filter_map(|join| Some((join, token(join)?))).collect();
    audited.count("tokens", joins.len());
    shared(&joins, |_| "the same token".to_owned(), audited);
}

/// The same may be told to the same buyer again, and to nobody else.
fn shared(joins: &[(&Command<'_>, u64)], said: fn(u64) -> String, audited: &mut Audited) {
    let mut owners: HashMap<u64, &Command<'_>> = HashMap::new();
    for (join, told) in joins {
        let other = owners.insert(*told, join);
        if let Some(other) = other.filter(|other| other.asked.by != join.asked.by) {
            let (requests, acknowledged) = ([other.number, join.number], said(*told));
            audited.findings.push(Finding::Shared { requests, acknowledged });
        }
    }
}

/// What is known of a buyer's visits to a room.
#[derive(Default)]
struct Visits {
    /// When he had given a place back: what he is told afterwards is another one.
    left: Vec<u64>,
    /// Since when he may have a place of which he was not told.
    open: Option<u64>,
    /// When he asked first for each place that he was told of.
    told: HashMap<u64, u64>,
}

impl Visits {
    /// Whether the place is one that he was not given before.
    fn is_new(&mut self, place: u64, asked: u64) -> bool {
        let first = *self.told.entry(place).or_insert(asked);
        let has_left = self.left.iter().any(|left| (first..asked).contains(left));
        let may_have_it = self.open.is_some_and(|open| open < asked);
        (first == asked && !may_have_it) || has_left
    }
}

/// The visits of all buyers, by room.
fn visits(commands: &[Command<'_>]) -> HashMap<u64, HashMap<u32, Visits>> {
    let mut all: HashMap<u64, HashMap<u32, Visits>> = HashMap::new();
    for command in commands.iter().filter(|one| one.is(Op::Leave) || one.is(Op::Join)) {
        let visits = all.entry(command.asked.on).or_default().entry(command.asked.by).or_default();
        if command.is(Op::Leave) && command.named().is_some() {
            visits.left.extend(command.returned_ns);
        } else if command.is(Op::Join) && command.is_open() {
            visits.open.get_or_insert(command.invoked_ns);
        }
    }
    all
}

/// Who had a place before another one asked for his stands before him. Who still has a place is told of that one
/// whenever he asks, also when he comes back after many others: he was there before them.
fn overtaken(
    joins: &[(&Command<'_>, u64)],
    visits: &mut HashMap<u32, Visits>,
    audited: &mut Audited,
) {
    let mut ended: Vec<(u64, u64, u64)> = joins
        .iter()
        .filter_map(|(join, place)| Some((join.returned_ns?, *place, join.number)))
        .collect();
    ended.sort_unstable();
    let mut ended = ended.into_iter().peekable();
    // The greatest place that was told before.
    let (mut greatest, mut whose) = (0, 0);
    for (join, place) in joins {
        while let Some((_, told, number)) = ended.next_if(|(end, ..)| *end < join.invoked_ns) {
            if told > greatest {
                (greatest, whose) = (told, number);
            }
        }
        let is_new = visits.entry(join.asked.by).or_default().is_new(*place, join.invoked_ns);
        if is_new && *place < greatest {
            audited.findings.push(Finding::Overtaken {
                request: whose,
                place: greatest,
                by: join.number,
                with: *place,
            });
        }
    }
}
