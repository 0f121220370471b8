//! One seat: free, held by a reservation, or sold to one.

use super::{AT_THE_END, Call, Model};
use crate::audit::commands::{Command, End};
use crate::audit::{Audited, SEATS_UNDECIDED};
use crate::history::Op;
use crate::state::State;
use std::collections::{BTreeMap, HashMap, HashSet};

struct Seat;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Is {
    Free,
    Held(Whose),
    Sold(Whose),
}

/// A reservation; of one whose id nobody was told, the request that wanted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Told(u64),
    Untold(u64),
}

impl Whose {
    /// Whether they can be the same.
    fn fits(self, other: Self) -> bool {
        self == other || matches!(self, Self::Untold(_)) || matches!(other, Self::Untold(_))
    }
}

#[derive(PartialEq)]
enum Move {
    Hold(Whose),
    /// A hold was refused because the seat was somebody's.
    Taken,
    Pay(u64),
    /// Released.
    End(u64),
    /// Over its time: that ends this hold, and no other.
    Lapse(Whose),
    Cancel(u64),
    /// At the end it was so.
    Found(Is),
}

impl Model for Seat {
    type Op = Move;
    type State = Is;

    fn first(&self) -> Is {
        Is::Free
    }

    fn step(&self, state: &Is, op: &Move) -> Option<Is> {
        match (op, *state) {
            (Move::Hold(whose), Is::Free) => Some(Is::Held(*whose)),
            (Move::Taken, Is::Held(_) | Is::Sold(_)) => Some(*state),
            (Move::Pay(id), Is::Held(whose)) => {
                whose.fits(Whose::Told(*id)).then_some(Is::Sold(Whose::Told(*id)))
            }
            (Move::End(id), Is::Held(whose)) | (Move::Cancel(id), Is::Sold(whose)) => {
                whose.fits(Whose::Told(*id)).then_some(Is::Free)
            }
            (Move::Lapse(one), Is::Held(whose)) => (*one == whose).then_some(Is::Free),
            (Move::Found(found), _) => match (*found, *state) {
                (Is::Free, Is::Free) => Some(*state),
                (Is::Held(one), Is::Held(other)) | (Is::Sold(one), Is::Sold(other)) => {
                    one.fits(other).then_some(*state)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

type Calls = BTreeMap<u64, Vec<Call<Move>>>;

/// Searches an order for each seat that was asked for by name or told.
pub(crate) fn audit(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let mut calls = Calls::new();
    let mut seats_of: HashMap<u64, Vec<u64>> = HashMap::new();
    for command in commands.iter().filter(|command| command.is(Op::Hold)) {
        hold(command, state, &mut calls, &mut seats_of);
    }
    unnamed(commands, state, &mut calls);
    for found in &state.reservations {
        seats_of.entry(found.id).or_insert_with(|| found.seats().collect());
    }
    for command in commands {
        let id = command.asked.on;
        let moves: fn(u64) -> Move = match command.asked.op {
            Op::Pay => Move::Pay,
            Op::Release => Move::End,
            Op::Cancel => Move::Cancel,
            _ => continue,
        };
        if matches!(command.end, End::Done { .. } | End::Open) {
            for seat in seats_of.get(&id).into_iter().flatten() {
                calls.entry(*seat).or_default().push(call(moves(id), command));
            }
        }
    }
    let ends = at_the_end(state);
    for (seat, mut calls) in calls {
        let found = ends.get(&seat).copied().unwrap_or(Is::Free);
        let (op, request) = (Move::Found(found), AT_THE_END);
        let (invoked_ns, returned_ns) = (u64::MAX, Some(u64::MAX));
        calls.push(Call { op, invoked_ns, returned_ns, request, hint: 0 });
        audited.search((&Seat, format!("seat {seat}")), &calls, SEATS_UNDECIDED);
    }
}

fn call(op: Move, command: &Command<'_>) -> Call<Move> {
    let Command { invoked_ns, returned_ns, number: request, .. } = *command;
    Call { op, invoked_ns, returned_ns, request, hint: 0 }
}

fn hold(
    command: &Command<'_>,
    state: &State,
    calls: &mut Calls,
    seats_of: &mut HashMap<u64, Vec<u64>>,
) {
    match command.end {
        End::Done { named, .. } => {
            seats_of.insert(named, command.items.to_vec());
            for seat in command.items {
                held(Whose::Told(named), command, state, calls.entry(*seat).or_default());
            }
        }
        End::Open if command.asked.on > 0 => {
            let whose = Whose::Untold(command.number);
            held(whose, command, state, calls.entry(command.asked.on).or_default());
        }
        End::Refused { code: "SEAT_TAKEN", .. } => {
            let one = [command.asked.on];
            let taken = if command.items.is_empty() { &one[..] } else { command.items };
            for seat in taken.iter().filter(|seat| **seat > 0) {
                calls.entry(*seat).or_default().push(call(Move::Taken, command));
            }
        }
        End::Open | End::Refused { .. } | End::Never => {}
    }
}

/// Of a hold that left it to the house which seats, and was not answered, they are those of what the same
/// buyer has and nobody was told of.
fn unnamed(commands: &[Command<'_>], state: &State, calls: &mut Calls) {
    let holds = || commands.iter().filter(|command| command.is(Op::Hold));
    let told: HashSet<u64> = holds().filter_map(Command::named).collect();
    for command in holds().filter(|command| command.is_open() && command.asked.on == 0) {
        let buyer = usize::try_from(command.asked.by).ok().and_then(|at| state.buyers.get(at));
        let untold = state.reservations.iter().filter(|found| !told.contains(&found.id));
        for found in untold.filter(|found| Some(&found.buyer) == buyer) {
            for seat in found.seats() {
                let mine = calls.entry(seat).or_default();
                held(Whose::Told(found.id), command, state, mine);
            }
        }
    }
}

/// A seat is held or may be: such a hold may end by itself, once its time is over, also one of which
/// nobody was told.
fn held(whose: Whose, hold: &Command<'_>, state: &State, mine: &mut Vec<Call<Move>>) {
    mine.push(call(Move::Hold(whose), hold));
    mine.push(Call {
        op: Move::Lapse(whose),
        invoked_ns: hold.invoked_ns.saturating_add(state.rules.shortest_hold_ns()),
        returned_ns: None,
        request: hold.number,
        hint: 0,
    });
}

fn at_the_end(state: &State) -> HashMap<u64, Is> {
    let mut ends = HashMap::new();
    for found in &state.reservations {
        let whose = Whose::Told(found.id);
        for item in &found.items {
            let is = match item.state.as_str() {
                "held" | "confirming" if found.is_live() => Is::Held(whose),
                "sold" => Is::Sold(whose),
                _ => continue,
            };
            ends.extend(item.seat.map(|seat| (seat, is)));
        }
    }
    ends
}
