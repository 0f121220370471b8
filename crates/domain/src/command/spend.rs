//! Spend: use money of a wallet for something outside the sale. It is kept as a payment, so that
//! it can be refunded.

use super::{Command, Rule, charge};
use crate::decide::Workbench;
use crate::payment::{Method, Payment};
use crate::wallet::{Entry, EntryKind};
use crate::{Answer, Currency, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Takes an amount from the buyer's wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// How much; positive.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
}

impl Rule for Spend {
    fn keys(&self, command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Payment(command.payment_id()));
        if let Ok(buyer) = command.buyer() {
            want.push(Key::Wallet(buyer));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let buyer = command.buyer()?;
        if !self.amount.is_positive() {
            return Err(Refusal::InvalidAmount);
        }
        let payment = Payment {
            id: command.payment_id(),
            buyer,
            reservation: None,
            amount: self.amount,
            currency: self.currency,
            refunded: Money::ZERO,
            method: Method::Wallet,
            created_at: bench.now(),
        };
        let (entry, balance) = take(bench, command, &payment)?;
        bench.write(Row::Payment(payment));
        Ok(Outcome::Moved { entry, balance })
    }
}

/// Takes a payment's amount from the payer's wallet.
pub(super) fn take(
    bench: &mut Workbench<'_>,
    command: &Command,
    payment: &Payment,
) -> Result<(Entry, Money), Refusal> {
    let entry = Entry {
        id: command.entry_id(),
        buyer: payment.buyer,
        kind: EntryKind::Use,
        amount: payment.amount,
        at: bench.now(),
        payment: Some(payment.id),
    };
    let balance = charge::book(bench, entry, payment.currency)?;
    Ok((entry, balance))
}
