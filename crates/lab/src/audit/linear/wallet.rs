//! One wallet: a balance that never is negative, and is told after each movement.

use super::{AT_THE_END, Call, Model};
use crate::audit::commands::{Command, End};
use crate::audit::{Audited, WALLETS_UNDECIDED};
use crate::history::Op;
use crate::state::State;
use std::collections::BTreeMap;

struct Purse {
    opening: i64,
}

#[derive(PartialEq)]
enum Movement {
    /// So much came, or went, and this was told.
    Told { amount: i64, balance: i64 },
    /// Refused for want of so much.
    TooLittle { amount: i64 },
    /// So much may have come or gone.
    Perhaps { amount: i64 },
    /// At the end it was this.
    Found { balance: i64 },
}

impl Model for Purse {
    type Op = Movement;
    type State = i64;

    fn first(&self) -> i64 {
        self.opening
    }

    fn step(&self, state: &i64, op: &Movement) -> Option<i64> {
        match op {
            Movement::Told { amount, balance } => {
                (state + amount == *balance && *balance >= 0).then_some(*balance)
            }
            Movement::TooLittle { amount } => (*state < *amount).then_some(*state),
            Movement::Perhaps { amount } => Some(state + amount).filter(|new| *new >= 0),
            Movement::Found { balance } => (state == balance).then_some(*state),
        }
    }
}

/// Searches an order for each wallet.
pub(crate) fn audit(commands: &[Command<'_>], state: &State, audited: &mut Audited) {
    let mut calls: BTreeMap<u32, Vec<Call<Movement>>> = BTreeMap::new();
    for command in commands {
        if let Some(op) = movement(command) {
            calls.entry(command.asked.by).or_default().push(Call {
                op,
                invoked_ns: command.invoked_ns,
                returned_ns: command.returned_ns,
                request: command.number,
                hint: hint(command),
            });
        }
    }
    for wallet in &state.wallets {
        let Some(mut mine) = calls.remove(&wallet.by) else { continue };
        mine.push(Call {
            op: Movement::Found { balance: wallet.balance },
            invoked_ns: u64::MAX,
            returned_ns: Some(u64::MAX),
            request: AT_THE_END,
            hint: u64::MAX,
        });
        let what = format!("the wallet of buyer {}", wallet.by);
        let purse = Purse { opening: wallet.opening };
        audited.search((&purse, what), &mine, WALLETS_UNDECIDED);
    }
}

/// Entries and payments are numbered in the order in which they are written, by each instance for
/// itself: mostly that is the order of the balances. Where it is not, nothing is wrong.
fn hint(command: &Command<'_>) -> u64 {
    match command.asked.op {
        Op::Charge | Op::Use | Op::Pay => command.named().unwrap_or_default(),
        _ => 0,
    }
}

fn movement(command: &Command<'_>) -> Option<Movement> {
    let sign = match command.asked.op {
        Op::Charge | Op::Refund | Op::Cancel => 1,
        Op::Use | Op::Pay => -1,
        Op::Read
        | Op::Join
        | Op::Poll
        | Op::Leave
        | Op::Hold
        | Op::Take
        | Op::Release
        | Op::Confirm
        | Op::Flow => return None,
    };
    let amount = command.asked.amount * sign;
    match command.end {
        End::Done { value, .. } => Some(Movement::Told { amount, balance: value }),
        End::Open => Some(Movement::Perhaps { amount }),
        End::Refused { code: "INSUFFICIENT_FUNDS", .. } => {
            Some(Movement::TooLittle { amount: command.asked.amount })
        }
        End::Refused { .. } | End::Never => None,
    }
}
