//! Take: the part of a payment on the side of the wallet. Once for each payment, for ever.

use super::super::{Command, Rule, charge};
use super::{decide, marked, marks, must_be_house};
use crate::decide::Workbench;
use crate::id::{BuyerId, EntryId, PaymentId};
use crate::pass::PassKey;
use crate::wallet::{Entry, EntryKind};
use crate::{Answer, Currency, Key, Money, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Takes the money of a payment out of its buyer's wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Take {
    /// For which payment.
    pub payment: PaymentId,
    /// Whose wallet.
    pub buyer: BuyerId,
    /// How much.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
}

impl Rule for Take {
    fn keys(&self, _command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Wallet(self.buyer));
        want.extend(marks(self.payment));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        must_be_house(command)?;
        let taken = PassKey::taken(self.payment);
        if bench.pass(taken).is_some() {
            return Ok(marked(bench, taken));
        }
        // It was given up before it was taken, or there was no money for it.
        let closed = PassKey::closed(self.payment);
        if bench.pass(closed).is_some() {
            return Err(Refusal::InvalidState);
        }
        let entry = Entry {
            id: EntryId(self.payment.0),
            buyer: self.buyer,
            kind: EntryKind::Use,
            amount: self.amount,
            at: bench.now(),
            payment: Some(self.payment),
        };
        match charge::book(bench, entry, self.currency) {
            Ok(_) => Ok(decide(bench, self.payment, taken)),
            // Once for all as well: whoever asks again when there is money, and dies of it, would have taken it for what
            // is declined by then.
            Err(Refusal::InsufficientFunds { .. }) => Ok(decide(bench, self.payment, closed)),
            Err(refusal) => Err(refusal),
        }
    }
}
