//! Refund: money of a payment goes back to the wallet it came from, or is owed through its gateway.

use super::{Command, Rule, cancel, charge, gateway, items, tell_staff};
use crate::decide::Workbench;
use crate::id::PaymentId;
use crate::payment::{GatewayRefund, Method, Payment, RefundState};
use crate::reservation::ItemState;
use crate::wallet::{Entry, EntryKind};
use crate::{Answer, Deed, Happening, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Refunds a payment. For a reservation that means all of it, and its tickets end; a part of a
/// reservation goes back by cancelling items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Which payment.
    pub payment: PaymentId,
    /// How much; none means all that may still go back.
    pub amount: Option<Money>,
}

impl Rule for Refund {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Payment(self.payment));
        if let Some(Row::Payment(payment)) = rows.peek(Key::Payment(self.payment)).map(|l| &*l.row)
        {
            charge::keys(payment.buyer, rows, want);
            if let Some(reservation) = payment.reservation {
                items::keys(reservation, rows, want);
                items::ticket_keys(reservation, rows, want);
            }
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let found = bench.payment(self.payment).filter(|found| command.may_touch(found.buyer));
        let payment = found.cloned().ok_or(Refusal::UnknownPayment)?;
        let amount = self.amount.unwrap_or(payment.refundable());
        if !amount.is_positive() && self.amount.is_some() {
            return Err(Refusal::InvalidAmount);
        }
        let Some(reservation) = payment.reservation else {
            return give_back(bench, command, payment, amount).map(|(payment, balance)| {
                Outcome::Refunded { payment: Some(payment), reservation: None, amount, balance }
            });
        };
        if amount != payment.refundable() || !amount.is_positive() {
            return Err(Refusal::NotRefundable { refundable: payment.refundable() });
        }
        let reservation = items::find(bench, command, reservation)?;
        cancel::cancel(bench, command, reservation, |_, item| item.state == ItemState::Sold)
    }
}

/// Counts an amount as refunded and books it into the payer's wallet. What a gateway took, that
/// gateway is to give back, and what a wallet gave in a step of its own comes back in another.
pub(super) fn give_back(
    bench: &mut Workbench<'_>,
    command: &Command,
    mut payment: Payment,
    amount: Money,
) -> Result<(Payment, Option<Money>), Refusal> {
    if !amount.is_positive() || amount > payment.refundable() {
        return Err(Refusal::NotRefundable { refundable: payment.refundable() });
    }
    match &mut payment.method {
        Method::Wallet => {}
        Method::External { .. } => return Err(Refusal::RefundedElsewhere),
        Method::Gateway(attempt) | Method::Apart(attempt) => {
            attempt.refunds.push(GatewayRefund { amount, state: RefundState::Owed });
            attempt.ask_at = bench.now();
            gateway::owe(bench, &payment);
            tell_staff(bench, command, Key::Payment(payment.id), Deed::Refunded);
            bench.write(Row::Payment(payment.clone()));
            return Ok((payment, None));
        }
    }
    let entry = Entry {
        id: command.entry_id(),
        buyer: payment.buyer,
        kind: EntryKind::Refund,
        amount,
        at: bench.now(),
        payment: Some(payment.id),
    };
    let balance = charge::book_back(bench, command, entry, payment.currency)?;
    payment.refunded = payment.refunded.plus(amount).ok_or(Refusal::AmountOverflow)?;
    let reservation = payment.reservation;
    bench.tell(Key::Payment(payment.id), Happening::Refunded { reservation });
    tell_staff(bench, command, Key::Payment(payment.id), Deed::Refunded);
    bench.write(Row::Payment(payment.clone()));
    Ok((payment, Some(balance)))
}
