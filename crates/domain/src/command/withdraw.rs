//! Withdraw: staff takes money out of a buyer's wallet, such as what was charged by mistake. Nothing is sold for
//! it, so it is no use and no payment: an entry of its own kind, and never more than there is.

use super::{Command, Rule, charge, tell_staff};
use crate::decide::Workbench;
use crate::id::BuyerId;
use crate::wallet::{Entry, EntryKind};
use crate::{Answer, Currency, Deed, Key, Money, Outcome, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Takes an amount out of the wallet of a buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdraw {
    /// Whose wallet.
    pub buyer: BuyerId,
    /// How much; positive.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
}

impl Rule for Withdraw {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Wallet(self.buyer));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        if command.buyer().is_ok() {
            return Err(Refusal::UnknownParent);
        }
        if !self.amount.is_positive() {
            return Err(Refusal::InvalidAmount);
        }
        let entry = Entry {
            id: command.entry_id(),
            buyer: self.buyer,
            kind: EntryKind::Withdrawal,
            amount: self.amount,
            at: bench.now(),
            payment: None,
        };
        let balance = charge::book(bench, entry, self.currency)?;
        tell_staff(bench, command, Key::Wallet(self.buyer), Deed::Withdrew);
        Ok(Outcome::Moved { entry, balance })
    }
}
