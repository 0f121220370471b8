//! Giving back apart: tickets end on the side of the stock, and what they cost is owed to the wallet
//! that paid for them, which gets it by a step of its own.

use super::super::{Cancel, Command, Refund, Rule};
use crate::decide::Workbench;
use crate::id::PaymentId;
use crate::payment::{Attempt, GatewayRefund, Method, Payment, RefundState, Standing};
use crate::{Answer, Key, Money, Row, Rows};

pub(super) fn cancel_keys(cancel: &Cancel, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
    let before = want.len();
    cancel.keys(command, rows, want);
    leave_wallets_out(want, before);
}

/// A payment for nothing of the stock is refunded as ever, on the side of the wallet.
pub(super) fn refund_keys(refund: &Refund, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
    let before = want.len();
    refund.keys(command, rows, want);
    let found = rows.peek(Key::Payment(refund.payment)).map(|found| &*found.row);
    if !matches!(found, Some(Row::Payment(payment)) if payment.reservation.is_none()) {
        leave_wallets_out(want, before);
    }
}

/// Of what was named behind so many: before them stands what others of the batch name.
fn leave_wallets_out(want: &mut Vec<Key>, before: usize) {
    let named = want.split_off(before);
    want.extend(named.into_iter().filter(|key| !matches!(key, Key::Wallet(_) | Key::Buyer(_))));
}

pub(super) fn cancel(cancel: &Cancel, command: &Command, bench: &mut Workbench<'_>) -> Answer {
    let found = bench.reservation(cancel.reservation);
    if let Some(payment) = found.and_then(|reservation| reservation.payment) {
        owe_from_now_on(bench, payment);
    }
    cancel.decide(command, bench)
}

pub(super) fn refund(refund: &Refund, command: &Command, bench: &mut Workbench<'_>) -> Answer {
    owe_from_now_on(bench, refund.payment);
    refund.decide(command, bench)
}

/// A payment that was made in one step, while it was not taken apart, goes on like one that was:
/// it knows what it owes.
fn owe_from_now_on(bench: &mut Workbench<'_>, id: PaymentId) {
    let Some(payment) = bench.payment(id).filter(|one| one.method == Method::Wallet) else {
        return;
    };
    if payment.reservation.is_none() {
        return;
    }
    let attempt = approved(payment);
    let payment = Payment { method: Method::Apart(Box::new(attempt)), ..payment.clone() };
    bench.write(Row::Payment(payment));
}

/// How far it is: all was taken, and so much went back already.
fn approved(payment: &Payment) -> Attempt {
    let back = GatewayRefund { amount: payment.refunded, state: RefundState::Done };
    Attempt {
        key: String::new(),
        order: String::new(),
        standing: Standing::Approved,
        pass: None,
        held_until: payment.created_at,
        asked: 0,
        ask_at: payment.created_at,
        said: None,
        refunds: if payment.refunded == Money::ZERO { Vec::new() } else { vec![back] },
    }
}
