//! Wallets and payments: every movement that was acknowledged is there once, no other is, the
//! balance is their sum, and nobody paid without a ticket.

use super::commands::{Command, End};
use super::{Audited, Finding, grouped};
use crate::history::Op;
use crate::state::{Entry, State, Wallet};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Compares the commands with wallets and payments.
pub(crate) fn audit(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let moves = [Op::Charge, Op::Use, Op::Pay, Op::Refund, Op::Cancel];
    let moves = commands.iter().filter(|command| moves.contains(&command.asked.op));
    let by_owner = grouped(moves.map(|command| (command.asked.by, command)));
    for wallet in &state.wallets {
        let mine = by_owner.get(&wallet.by).map(Vec::as_slice).unwrap_or_default();
        audited.count("entries", wallet.entries.len());
        sum(wallet, mine, audited);
        movements(wallet, mine, audited);
    }
    if state.has_payments {
        payments(commands, state, audited);
    }
}

fn sum(wallet: &Wallet, commands: &[&Command<'_>], audited: &mut Audited) {
    let counted = wallet.opening + wallet.entries.iter().map(|entry| entry.amount).sum::<i64>();
    if counted != wallet.balance {
        let what = format!("the balance of buyer {} against the sum of its entries", wallet.by);
        audited.findings.push(Finding::Miscounted { what, said: wallet.balance, counted });
    }
    if wallet.balance < 0 {
        let what = format!("the balance of buyer {}", wallet.by);
        let (limit, counted) = (0, wallet.balance);
        let below = |command: &&&Command<'_>| matches!(command.end, End::Done { value: ..0, .. });
        let requests = commands.iter().filter(below).map(|command| command.number).collect();
        audited.findings.push(Finding::BeyondLimit { what, limit, counted, requests });
    }
}

/// What a command did to a wallet, as far as its answer names it.
fn expected(command: &Command<'_>) -> i64 {
    let sign = if matches!(command.asked.op, Op::Use | Op::Pay) { -1 } else { 1 };
    command.asked.amount * sign
}

fn movements(wallet: &Wallet, commands: &[&Command<'_>], audited: &mut Audited) {
    let by_id = grouped(wallet.entries.iter().map(|entry| (entry.id, entry)));
    let by_payment: HashMap<(u64, bool), &Entry> = wallet
        .entries
        .iter()
        .filter_map(|entry| Some(((entry.payment?, entry.amount < 0), entry)))
        .collect();
    let (mut owners, mut claimed) = (HashMap::new(), HashSet::new());
    for command in commands {
        audited.count("movements", 1);
        let (Some(named), request) = (command.named(), command.number) else { continue };
        let is_entry = matches!(command.asked.op, Op::Charge | Op::Use);
        let label = if is_entry { format!("entry_{named}") } else { format!("pay_{named}") };
        if !command.others.is_empty() {
            let also = command.others.iter().map(u64::to_string);
            let found = [label.clone()].into_iter().chain(also).collect();
            audited.findings.push(Finding::Twice { request, found });
        }
        if let Some(other) = owners.insert((is_entry, command.asked.op, named), request) {
            let (requests, acknowledged) = ([other, request], label.clone());
            audited.findings.push(Finding::Shared { requests, acknowledged });
        }
        let wanted = expected(command);
        let found = match by_id.get(&named).map(Vec::as_slice) {
            _ if !is_entry => by_payment.get(&(named, wanted < 0)).copied(),
            Some([one]) => Some(*one),
            Some([one, ..]) => {
                let found = vec![label.clone(); 2];
                audited.findings.push(Finding::Twice { request, found });
                Some(*one)
            }
            Some([]) | None => None,
        };
        match found {
            None if wanted == 0 => {}
            None => audited.findings.push(Finding::Lost { request, acknowledged: label }),
            Some(entry) => {
                claimed.insert(entry.id);
                if entry.amount != wanted {
                    audited.findings.push(Finding::Different {
                        request,
                        found: format!("{label} over {}", entry.amount),
                        wanted: format!("{label} over {wanted}"),
                    });
                }
            }
        }
    }
    unowned(wallet, commands, &claimed, audited);
}

/// Entries that nobody was told of: each must be that of a command that may have been done.
fn unowned(
    wallet: &Wallet,
    commands: &[&Command<'_>],
    claimed: &HashSet<u64>,
    audited: &mut Audited,
) {
    let open = commands.iter().filter(|command| command.is_open());
    let mut open = grouped(open.map(|command| (expected(command), command.number)));
    for entry in wallet.entries.iter().filter(|entry| !claimed.contains(&entry.id)) {
        if open.get_mut(&entry.amount).and_then(Vec::pop).is_none() {
            let found = format!("entry_{} over {} of buyer {}", entry.id, entry.amount, wallet.by);
            audited.findings.push(Finding::Foreign { found });
        }
    }
}

/// Who paid has what was paid for, and paid for it once.
fn payments(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let states: BTreeMap<u64, &str> =
        state.reservations.iter().map(|found| (found.id, found.state.as_str())).collect();
    audited.count("payments", state.payments.len());
    let kept = || state.payments.iter().filter(|payment| payment.refunded < payment.amount);
    for payment in kept() {
        let Some(reservation) = payment.reservation else { continue };
        let found = states.get(&reservation).copied().unwrap_or("not there");
        if found != "sold" {
            let told = commands
                .iter()
                .filter(|command| command.is(Op::Pay) && command.named() == Some(payment.id));
            audited.findings.push(Finding::PaidForNothing {
                payment: format!("pay_{}", payment.id),
                reservation: format!("res_{reservation}"),
                found: found.to_owned(),
                requests: told.map(|command| command.number).collect(),
            });
        }
    }
    let once = kept().filter_map(|payment| Some((payment.reservation?, payment.id)));
    for (reservation, mut payments) in grouped(once) {
        payments.dedup();
        if payments.len() > 1 {
            let pays = |command: &&Command<'_>| {
                let may_be_his =
                    command.is_open() || command.named().is_some_and(|id| payments.contains(&id));
                command.is(Op::Pay) && command.asked.on == reservation && may_be_his
            };
            let found: Vec<String> = payments.iter().map(|id| format!("pay_{id}")).collect();
            audited.findings.push(match commands.iter().find(pays) {
                Some(command) => Finding::Twice { request: command.number, found },
                None => Finding::Foreign { found: found.join(", ") },
            });
        }
    }
    let there: HashSet<u64> = state.payments.iter().map(|payment| payment.id).collect();
    for command in commands.iter().filter(|command| command.is(Op::Pay)) {
        if let Some(id) = command.named().filter(|id| !there.contains(id)) {
            let acknowledged = format!("pay_{id}");
            audited.findings.push(Finding::Lost { request: command.number, acknowledged });
        }
    }
}
