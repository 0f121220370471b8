//! Reservations, seats and stock: what was acknowledged is there once, nothing else is, and nothing
//! is sold twice or beyond what there is.

use super::commands::{Command, End};
use super::told::Told;
use super::{Audited, Finding, MARGIN_NS, grouped};
use crate::history::Op;
use crate::state::{Item, Reservation, State};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Compares the commands with all reservations of the shows.
pub(crate) fn audit(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let by_id: BTreeMap<u64, &Reservation> =
        state.reservations.iter().map(|found| (found.id, found)).collect();
    audited.count("reservations", state.reservations.len());
    acknowledged(commands, state, &by_id, audited);
    foreign(commands, state, audited);
    confirmed(commands, state, audited);
    ended(commands, &by_id, audited);
    let told = Told::of(commands);
    sold_twice(state, &told, audited);
    oversold(state, &told, audited);
    per_buyer(state, &told, audited);
    held_past_expiry(commands, state, audited);
    ended_early(commands, state, audited);
}

/// Each hold that was acknowledged is there, as it was told, and nobody else was told the same.
fn acknowledged(
    commands: &[Command<'_>],
    state: &State,
    by_id: &BTreeMap<u64, &Reservation>,
    audited: &mut Audited,
) {
    let mut owners: HashMap<u64, u64> = HashMap::new();
    let holds = [Op::Hold, Op::Take];
    for command in commands.iter().filter(|command| holds.contains(&command.asked.op)) {
        audited.count("holds", 1);
        let Some(id) = command.named() else { continue };
        let request = command.number;
        if !command.others.is_empty() {
            let names = [id].iter().chain(&command.others).map(|id| name(*id)).collect();
            audited.findings.push(Finding::Twice { request, found: names });
        }
        if let Some(other) = owners.insert(id, request) {
            let requests = [other, request];
            audited.findings.push(Finding::Shared { requests, acknowledged: name(id) });
        }
        match by_id.get(&id) {
            None => audited.findings.push(Finding::Lost { request, acknowledged: name(id) }),
            Some(found) => audited.findings.extend(different(command, found, state)),
        }
    }
}

fn name(id: u64) -> String {
    format!("res_{id}")
}

fn different(command: &Command<'_>, found: &Reservation, state: &State) -> Option<Finding> {
    let by = usize::try_from(command.asked.by).ok();
    let buyer = by.and_then(|at| state.buyers.get(at)).map_or("", String::as_str);
    let mut seats: Vec<u64> = found.seats().collect();
    let mut told = command.items.to_vec();
    seats.sort_unstable();
    told.sort_unstable();
    let tickets = found.items.iter().filter(|item| item.ticket_type.is_some()).count();
    let wanted = i64::try_from(tickets).ok();
    let is_same = (buyer.is_empty() || buyer == found.buyer)
        && seats == told
        && (!command.is(Op::Take) || wanted == Some(command.asked.amount));
    (!is_same).then(|| Finding::Different {
        request: command.number,
        found: format!("{} of {} with {} items", name(found.id), found.buyer, found.items.len()),
        wanted: format!("seats {told:?} and {} tickets of {buyer}", command.asked.amount),
    })
}

/// Reservations that nobody was told of: each must be that of a command of the same buyer that may
/// have been done, or have been there before.
fn foreign(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let kinds = [Op::Hold, Op::Take, Op::Confirm];
    let makers = || commands.iter().filter(|command| kinds.contains(&command.asked.op));
    let told: HashMap<u64, u64> = makers()
        .filter(|command| !command.is(Op::Confirm))
        .filter_map(|command| Some((command.named()?, command.number)))
        .collect();
    // Whoever confirms is told of a payment; the reservation carries it.
    let confirmed: HashMap<u64, u64> = makers()
        .filter(|command| command.is(Op::Confirm))
        .filter_map(|command| Some((command.named()?, command.number)))
        .collect();
    let buyer = |by: u32| usize::try_from(by).ok().and_then(|at| state.buyers.get(at));
    let open = makers().filter(|command| command.is_open());
    let mut open = grouped(open.map(|command| (buyer(command.asked.by), command.number)));
    let before: HashSet<u64> = state.before.iter().copied().collect();
    for found in state.reservations.iter().filter(|found| !before.contains(&found.id)) {
        let is_told = told.contains_key(&found.id)
            || found.payment.is_some_and(|payment| confirmed.contains_key(&payment));
        if is_told {
            continue;
        }
        let known = Some(&found.buyer).filter(|buyer| state.buyers.contains(buyer));
        if open.get_mut(&known).and_then(Vec::pop).is_none() {
            audited.findings.push(Finding::Foreign { found: name(found.id) });
        }
    }
}

/// Each confirmation has a ticket of its own, of the type that it was for: it is told of a payment,
/// and one reservation carries that.
fn confirmed(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let paid = state.reservations.iter().filter_map(|found| Some((found.payment?, found)));
    let by_payment = grouped(paid);
    let mut owners: HashMap<u64, u64> = HashMap::new();
    for command in commands.iter().filter(|command| command.is(Op::Confirm)) {
        audited.count("confirmations", 1);
        let (Some(id), request) = (command.named(), command.number) else { continue };
        let acknowledged = format!("pay_{id}");
        if !command.others.is_empty() {
            let told = [id].into_iter().chain(command.others.iter().copied());
            let found = told.map(|id| format!("pay_{id}")).collect();
            audited.findings.push(Finding::Twice { request, found });
        }
        if let Some(other) = owners.insert(id, request) {
            let (requests, acknowledged) = ([other, request], acknowledged.clone());
            audited.findings.push(Finding::Shared { requests, acknowledged });
        }
        match by_payment.get(&id).map(Vec::as_slice).unwrap_or_default() {
            [] => audited.findings.push(Finding::Lost { request, acknowledged }),
            [one] if is_one_ticket(one, command.asked.on) => {}
            [one] => audited.findings.push(Finding::Different {
                request,
                found: format!("{} with {} items", name(one.id), one.items.len()),
                wanted: format!("one ticket of type_{} for {acknowledged}", command.asked.on),
            }),
            many => {
                let found = many.iter().map(|found| name(found.id)).collect();
                audited.findings.push(Finding::Twice { request, found });
            }
        }
    }
}

/// Whether it has what a confirmation buys. What became of the ticket afterwards is another matter.
fn is_one_ticket(found: &Reservation, ticket_type: u64) -> bool {
    matches!(&found.items[..], [item] if item.ticket_type == Some(ticket_type) && item.seat.is_none())
}

/// What was acknowledged to be released or paid is so.
fn ended(commands: &[Command<'_>], by_id: &BTreeMap<u64, &Reservation>, audited: &mut Audited) {
    let cancelled: Vec<u64> = commands
        .iter()
        .filter(|command| command.is(Op::Cancel) && !matches!(command.end, End::Refused { .. }))
        .map(|command| command.asked.on)
        .collect();
    for command in commands.iter().filter(|command| command.named().is_some()) {
        let id = command.asked.on;
        let Some(found) = by_id.get(&id) else { continue };
        let wanted = match command.asked.op {
            Op::Release => "released",
            Op::Pay if !cancelled.contains(&id) => "sold",
            Op::Cancel => "cancelled",
            _ => continue,
        };
        if found.state != wanted {
            audited.findings.push(Finding::Different {
                request: command.number,
                found: format!("{} is {}", name(id), found.state),
                wanted: wanted.to_owned(),
            });
        }
    }
}

fn sold_twice(state: &State, told: &Told, audited: &mut Audited) {
    let live = state.reservations.iter().filter(|found| found.is_live());
    let by_seat = grouped(live.flat_map(|found| {
        let seats = found.live_items().filter_map(|item| item.seat);
        seats.map(move |seat| (seat, found))
    }));
    audited.count("seats", by_seat.len());
    for (seat, found) in by_seat.into_iter().filter(|(_, found)| found.len() > 1) {
        audited.findings.push(Finding::SoldTwice {
            seat: format!("seat_{seat}"),
            reservations: found.iter().map(|found| name(found.id)).collect(),
            requests: told.requests(found.into_iter()),
        });
    }
    for board in state.boards.iter().filter(|board| board.seats > 0) {
        let what = format!("seats of show_{} that are taken", board.show);
        miscounted(what, whole(board.taken), whole(state.seats_taken(board)), audited);
    }
}

fn oversold(state: &State, told: &Told, audited: &mut Audited) {
    for stock in &state.stocks {
        let of_it = |item: &&Item| item.ticket_type == Some(stock.ticket_type);
        let claims = || {
            let live = state.reservations.iter().filter(|found| found.is_live());
            live.map(|found| (found, length(found.live_items().filter(of_it).count())))
        };
        let live = claims().map(|(_, many)| many).sum::<i64>();
        audited.count("tickets", usize::try_from(live).unwrap_or(0));
        let what = format!("type_{}", stock.ticket_type);
        if live > stock.capacity {
            let (what, capacity) = (what.clone(), stock.capacity);
            let requests = told.beyond(capacity, claims());
            audited.findings.push(Finding::Oversold { what, capacity, live, requests });
        }
        miscounted(format!("{what} held and sold"), stock.held + stock.sold, live, audited);
    }
}

fn miscounted(what: String, said: i64, counted: i64, audited: &mut Audited) {
    if said != counted {
        audited.findings.push(Finding::Miscounted { what, said, counted });
    }
}

/// An item that was cancelled is nobody's, also where others of its reservation are somebody's.
fn per_buyer(state: &State, told: &Told, audited: &mut Audited) {
    let Some(limit) = state.rules.per_buyer_max.map(whole) else { return };
    let live = state.reservations.iter().filter(|found| found.is_live());
    let claims = live.map(|found| (found, length(found.live_items().count())));
    let of_buyers = grouped(claims.map(|claim| ((&claim.0.buyer, claim.0.show), claim)));
    for ((buyer, show), claims) in of_buyers {
        let counted = claims.iter().map(|(_, many)| many).sum();
        if counted > limit {
            let what = format!("items of {buyer} in show_{show}");
            let requests = told.beyond(limit, claims.into_iter());
            audited.findings.push(Finding::BeyondLimit { what, limit, counted, requests });
        }
    }
}

/// A seat was refused though every hold of it that there can have been was over for certain.
fn held_past_expiry(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let lasts_ns = state.rules.longest_hold_ns().saturating_add(MARGIN_NS);
    let paid: HashSet<u64> = commands
        .iter()
        .filter(|command| command.is(Op::Pay) && !matches!(command.end, End::Refused { .. }))
        .map(|command| command.asked.on)
        .collect();
    // Of each seat until when it can be somebody's; for ever if it was paid or nobody knows.
    let mut ends: HashMap<u64, (u64, u64)> = HashMap::new();
    // They come by when they were sent: what a refusal can have met was sent before its answer.
    let mut refusals = Vec::new();
    for command in commands.iter().filter(|command| command.is(Op::Hold)) {
        match command.end {
            End::Done { named, .. } => {
                let told = command.returned_ns.unwrap_or(u64::MAX);
                let is_over = !paid.contains(&named);
                let end = if is_over { told.saturating_add(lasts_ns) } else { u64::MAX };
                for seat in command.items {
                    let known = ends.entry(*seat).or_default();
                    *known = (*known).max((end, named));
                }
            }
            End::Open => drop(ends.insert(command.asked.on, (u64::MAX, 0))),
            End::Refused { code: "SEAT_TAKEN", .. } => {
                let seat = command.items.first().copied().unwrap_or(command.asked.on);
                refusals.push((command, seat, ends.get(&seat).copied()));
            }
            End::Refused { .. } | End::Never => {}
        }
    }
    for (command, seat, known) in refusals {
        let Some((end, id)) = known else { continue };
        if end < command.invoked_ns && !is_won_meanwhile(commands, command, seat) {
            let (request, reservation) = (command.number, name(id));
            audited.findings.push(Finding::HeldPastExpiry { request, reservation });
        }
    }
}

/// Somebody was told that his hold is over before it can have been: it began when it was asked for
/// at the earliest.
fn ended_early(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let lasts_ns = state.rules.shortest_hold_ns();
    let holds = commands.iter().filter(|command| [Op::Hold, Op::Take].contains(&command.asked.op));
    let begun: HashMap<u64, u64> =
        holds.filter_map(|command| Some((command.named()?, command.invoked_ns))).collect();
    for command in commands {
        let End::Refused { code: "HOLD_EXPIRED", .. } = command.end else { continue };
        let id = command.asked.on;
        let (Some(begun), Some(told)) = (begun.get(&id), command.returned_ns) else { continue };
        if told.saturating_add(MARGIN_NS) < begun.saturating_add(lasts_ns) {
            let (request, reservation) = (command.number, name(id));
            audited.findings.push(Finding::EndedEarly { request, reservation });
        }
    }
}

/// Whether somebody else may have got a seat while one was being refused it.
fn is_won_meanwhile(commands: &[Command<'_>], refused: &Command<'_>, seat: u64) -> bool {
    let end = refused.returned_ns.unwrap_or(u64::MAX);
    commands.iter().filter(|other| other.is(Op::Hold)).any(|other| {
        (other.items.contains(&seat) || other.asked.on == seat)
            && matches!(other.end, End::Done { .. } | End::Open)
            && (refused.invoked_ns..end).contains(&other.invoked_ns)
    })
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
