//! Put back: money that is owed to a wallet comes into it, once for each refund of a payment.

use super::super::{Command, Rule, charge};
use super::{decide, mark, marked, marks, must_be_house};
use crate::decide::Workbench;
use crate::id::{BuyerId, PaymentId};
use crate::pass::PassKey;
use crate::wallet::{Entry, EntryKind};
use crate::{Answer, Currency, Key, Money, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Puts money of a payment back into its buyer's wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBack {
    /// Of which payment.
    pub payment: PaymentId,
    /// Which of its refunds.
    pub number: u32,
    /// Whose wallet.
    pub buyer: BuyerId,
    /// How much.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
    /// Whether it was taken for certain. Of what was given up before anybody knew the wallet says
    /// so itself; what was not taken by then is not taken any more.
    pub was_taken: bool,
}

impl Rule for PutBack {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        charge::keys(self.buyer, rows, want);
        want.extend(marks(self.payment));
        want.extend(PassKey::put_back(self.payment, self.number).map(Key::Pass));
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        must_be_house(command)?;
        let done = PassKey::put_back(self.payment, self.number).ok_or(Refusal::UnknownPayment)?;
        if bench.pass(done).is_some() {
            return Ok(marked(bench, done));
        }
        // Where nothing is checked when it is saved, a take may have been saved after it was marked as
        // given up. What was taken goes back all the same.
        if bench.pass(PassKey::taken(self.payment)).is_none() {
            let closed = PassKey::closed(self.payment);
            if bench.pass(closed).is_some() {
                return Ok(marked(bench, closed));
            }
            if !self.was_taken {
                return Ok(decide(bench, self.payment, closed));
            }
        }
        let entry = Entry {
            id: command.entry_id(),
            buyer: self.buyer,
            kind: EntryKind::Refund,
            amount: self.amount,
            at: bench.now(),
            payment: Some(self.payment),
        };
        charge::book_back(bench, command, entry, self.currency)?;
        Ok(mark(bench, done))
    }
}
