//! Accounts: operators of the house and buyers with a local account.

use super::super::{Command, Rule};
use super::{check_version, save};
use crate::decide::Workbench;
use crate::id::{BuyerId, PaymentId};
use crate::party::{Buyer, Operator};
use crate::payment::{Method, Payment};
use crate::wallet::Wallet;
use crate::{Actor, Answer, Currency, Happening, Key, Money, Outcome, Refusal, Row, Rows};
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
    fn keys(&self, command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Operator(self.operator.id));
        if let Actor::Operator(by) = command.actor {
            want.push(Key::Operator(by));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        check_version(bench, Key::Operator(self.operator.id), self.expected)?;
        self.check_owner(command, bench)?;
        Ok(save(bench, command, Row::Operator(self.operator.clone())))
    }
}

impl SaveOperator {
    /// Refuses whoever is no owner at this moment, and an owner who would be none afterwards: so one
    /// is always left. Whoever has the store, and not only a key of it, may do everything.
    ///
    /// The row of who asks is written beside it, though nothing in it changes: so that of two owners
    /// who refuse each other at the same moment one alone goes through.
    fn check_owner(&self, command: &Command, bench: &mut Workbench<'_>) -> Result<(), Refusal> {
        let Actor::Operator(by) = command.actor else { return Ok(()) };
        let asking = match bench.row(Key::Operator(by)) {
            Some(Row::Operator(known)) if known.is_owner() => known.clone(),
            _ => return Err(Refusal::OwnerNeeded),
        };
        if self.operator.id != by {
            bench.write(Row::Operator(asking));
        } else if !self.operator.is_owner() {
            return Err(Refusal::OwnerNeeded);
        }
        Ok(())
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
/// was bought stays bought. Money that is on its way into the wallet or out of it must arrive first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAccount {
    /// Whose; also one that came with somebody else's token and was never opened here.
    pub buyer: BuyerId,
    /// Payments of the buyer for which the wallet may be asked something, now or once tickets are
    /// cancelled, as whoever asks for it has found them: no row of the account names them.
    pub payments: Vec<PaymentId>,
}

impl Rule for CloseAccount {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        // The wallet first, as whoever puts money into it does.
        want.push(Key::Wallet(self.buyer));
        if rows.has(Key::Wallet(self.buyer)) {
            want.push(Key::Buyer(self.buyer));
        }
        want.extend(self.payments.iter().copied().map(Key::Payment));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let balance = bench.wallet(self.buyer).map_or(Money::ZERO, |wallet| wallet.balance);
        if balance > Money::ZERO {
            return Err(Refusal::WalletNotEmpty { balance });
        }
        let of_buyer = self.payments.iter().filter_map(|id| bench.payment(*id));
        for payment in of_buyer.filter(|found| found.buyer == self.buyer) {
            check_arrived(payment)?;
        }
        // As it is, and an empty one where there was none: whoever moves it at the same moment is decided
        // before or after. Nothing comes into a wallet that never had anything and is closed, so its
        // currency says nothing.
        let empty = Wallet { buyer: self.buyer, currency: Currency::KRW, balance };
        let wallet = bench.wallet(self.buyer).unwrap_or(empty);
        bench.write(Row::Wallet(wallet));
        let by = command.actor.to_string();
        bench.tell(Key::Wallet(self.buyer), Happening::Changed { by });
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

/// Whether all that a wallet was asked for is done, also what it refused to take back: a person decides
/// about that. What goes back through a gateway comes into no wallet.
fn check_arrived(payment: &Payment) -> Result<(), Refusal> {
    let Method::Apart(attempt) = &payment.method else { return Ok(()) };
    match payment.ask_at() {
        None => Ok(()),
        Some(_) if attempt.is_pending() => Err(Refusal::PaymentInProgress),
        Some(_) => Err(Refusal::RefundOwed),
    }
}
