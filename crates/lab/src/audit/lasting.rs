//! What was held stays held until its time is over or somebody gives it up, and what is sold was paid
//! for: seats and tickets of a type alike.

use super::commands::{Command, End};
use super::told::Told;
use super::{Audited, Finding, MARGIN_NS};
use crate::history::Op;
use crate::state::{Payment, Reservation, State};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Looks at every reservation once more, with all that was asked of it.
pub(super) fn audit(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let asked = Asked::of(commands, state);
    ended_unasked(commands, &asked, state, audited);
    sold_unpaid(&asked, &Told::of(commands), state, audited);
}

/// What was asked of reservations.
struct Asked<'a> {
    /// Those that may have been given up.
    released: HashSet<u64>,
    /// The payments of each: whether it was done, may have been, or was refused.
    pays: HashMap<u64, Vec<&'a Command<'a>>>,
    /// Payments that were made elsewhere and confirmed.
    confirmed: HashSet<u64>,
    /// Buyers of whom a confirmation may have been done; one whom nobody knows is none.
    may_confirm: HashSet<Option<&'a String>>,
}

impl<'a> Asked<'a> {
    fn of(commands: &'a [Command<'a>], state: &'a State) -> Self {
        let may_be = |command: &&Command<'_>| matches!(command.end, End::Done { .. } | End::Open);
        let all = |op: Op| commands.iter().filter(move |command| command.is(op));
        let buyer = |by: u32| usize::try_from(by).ok().and_then(|at| state.buyers.get(at));
        let mut pays: HashMap<u64, Vec<&Command<'_>>> = HashMap::new();
        for command in all(Op::Pay) {
            pays.entry(command.asked.on).or_default().push(command);
        }
        let open = all(Op::Confirm).filter(|command| command.is_open());
        Self {
            released: all(Op::Release).filter(may_be).map(|command| command.asked.on).collect(),
            pays,
            confirmed: all(Op::Confirm).filter_map(Command::named).collect(),
            may_confirm: open.map(|command| buyer(command.asked.by)).collect(),
        }
    }

    fn pays(&self, reservation: u64) -> &[&'a Command<'a>] {
        self.pays.get(&reservation).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whoever was told of a hold has it until it ends: nobody gave it up, and by the house's own clock its
/// time was not over.
fn ended_unasked(
    commands: &[Command<'_>],
    asked: &Asked<'_>,
    state: &State,
    audited: &mut Audited,
) {
    let by_id: BTreeMap<u64, &Reservation> =
        state.reservations.iter().map(|found| (found.id, found)).collect();
    let margin_ms = state.rules.hold_off_ms.saturating_add(MARGIN_NS / 1_000_000);
    let margin_ms = i64::try_from(margin_ms).unwrap_or(i64::MAX);
    let holds = commands.iter().filter(|command| command.is(Op::Hold) || command.is(Op::Take));
    for command in holds {
        let Some(found) = command.named().and_then(|id| by_id.get(&id)) else { continue };
        // That it was paid and is not sold is another finding.
        if asked.pays(found.id).iter().any(|pay| pay.named().is_some()) {
            continue;
        }
        let has = |state: &str| {
            found.state == state || found.items.iter().any(|item| item.state == state)
        };
        let is_early = || found.left_ms().is_some_and(|left_ms| left_ms > margin_ms);
        let became = if has("released") && !asked.released.contains(&found.id) {
            "released"
        } else if has("expired") && is_early() {
            "expired"
        } else {
            continue;
        };
        audited.findings.push(Finding::EndedUnasked {
            request: command.number,
            reservation: format!("res_{}", found.id),
            found: became.to_owned(),
        });
    }
}

/// What is sold was paid for: by a payment that was done, or by one that may have been and is there.
fn sold_unpaid(asked: &Asked<'_>, told: &Told, state: &State, audited: &mut Audited) {
    let mut paid: HashMap<u64, Vec<&Payment>> = HashMap::new();
    for payment in &state.payments {
        paid.entry(payment.reservation.unwrap_or(0)).or_default().push(payment);
    }
    let buyers: HashSet<&String> = state.buyers.iter().collect();
    let is_sold = |found: &&Reservation| {
        found.state == "sold" || found.items.iter().any(|item| item.state == "sold")
    };
    for found in state.reservations.iter().filter(is_sold) {
        let mut requests = told.requests(std::iter::once(found));
        let known = Some(&found.buyer).filter(|buyer| buyers.contains(buyer));
        let is_confirmed = found.payment.is_some_and(|id| asked.confirmed.contains(&id))
            || asked.may_confirm.contains(&known);
        // What nobody here asked for is foreign, and who pays for it is nobody's business.
        let is_ours = known.is_some() || !requests.is_empty();
        if is_confirmed || !is_ours {
            continue;
        }
        let pays = asked.pays(found.id);
        // That a payment that was done is not there is another finding.
        let is_done = pays.iter().any(|pay| pay.named().is_some());
        let payments = paid.get(&found.id).map(Vec::as_slice).unwrap_or_default();
        let is_there =
            || !state.has_payments || payments.iter().any(|payment| has_entry(payment, state));
        if is_done || (pays.iter().any(|pay| pay.is_open()) && is_there()) {
            continue;
        }
        requests.extend(pays.iter().filter(|pay| !pay.is_open()).map(|pay| pay.number));
        let reservation = format!("res_{}", found.id);
        audited.findings.push(Finding::SoldUnpaid { reservation, requests });
    }
}

/// Whether a payment took what it is over from the wallet of whoever paid. One over nothing takes
/// nothing, and of a wallet that was not looked at nothing is known.
fn has_entry(payment: &Payment, state: &State) -> bool {
    let wallet = state.wallets.iter().find(|wallet| wallet.by == payment.by);
    payment.amount == 0
        || wallet.is_none_or(|wallet| {
            let takes = |entry: &crate::state::Entry| {
                entry.payment == Some(payment.id) && entry.amount == -payment.amount
            };
            wallet.entries.iter().any(takes)
        })
}
