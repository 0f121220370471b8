//! Charge for somebody: an operator adds money to a buyer's wallet. The entry is the buyer's, the
//! deed the operator's.

use super::{Charge, Command, Rule, charge, tell_staff};
use crate::decide::Workbench;
use crate::id::BuyerId;
use crate::{Answer, Deed, Key, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Adds an amount to the wallet of a buyer; the first charge opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeFor {
    /// Whose wallet.
    pub buyer: BuyerId,
    /// What is added.
    pub charge: Charge,
}

impl Rule for ChargeFor {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        charge::keys(self.buyer, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        if command.buyer().is_ok() {
            return Err(Refusal::UnknownParent);
        }
        let charged = charge::charge(bench, command, self.buyer, &self.charge)?;
        tell_staff(bench, command, Key::Wallet(self.buyer), Deed::Charged);
        Ok(charged)
    }
}
