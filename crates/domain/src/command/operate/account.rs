//! Accounts: operators of the house and buyers with a local account.

use super::super::{Command, Rule};
use super::{check_version, save};
use crate::decide::Workbench;
use crate::id::BuyerId;
use crate::party::{Buyer, Operator};
use crate::{Answer, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Makes or changes an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveOperator {
    /// As it shall be.
    pub operator: Operator,
    /// The version the caller knows; 0 for a new one.
    pub expected: Option<u64>,
}

impl Rule for SaveOperator {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Operator(self.operator.id));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        check_version(bench, Key::Operator(self.operator.id), self.expected)?;
        Ok(save(bench, command, Row::Operator(self.operator.clone())))
    }
}

/// Opens an account for a buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAccount {
    /// The account; its time is set when it is decided.
    pub buyer: Buyer,
}

impl Rule for OpenAccount {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Buyer(self.buyer.id));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let key = Key::Buyer(self.buyer.id);
        if bench.row(key).is_some() {
            return Err(Refusal::AccountExists);
        }
        let buyer = Buyer { created_at: bench.now(), ..self.buyer.clone() };
        save(bench, command, Row::Buyer(buyer));
        Ok(Outcome::Joined(self.buyer.id))
    }
}

/// Closes a buyer's account: its tokens are refused from now on, and its name is forgotten. What
/// was bought stays bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAccount {
    /// Whose; also one that came with somebody else's token and was never opened here.
    pub buyer: BuyerId,
}

impl Rule for CloseAccount {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.extend([Key::Buyer(self.buyer), Key::Wallet(self.buyer)]);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let balance = bench.wallet(self.buyer).map_or(Money::ZERO, |wallet| wallet.balance);
        if balance > Money::ZERO {
            return Err(Refusal::WalletNotEmpty { balance });
        }
        let created_at = match bench.row(Key::Buyer(self.buyer)) {
            Some(Row::Buyer(known)) => known.created_at,
            _ => bench.now(),
        };
        let closed = Buyer {
            id: self.buyer,
            name: String::new(),
            created_at,
            disabled: true,
            password: None,
        };
        Ok(save(bench, command, Row::Buyer(closed)))
    }
}
