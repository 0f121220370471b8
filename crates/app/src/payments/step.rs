//! Which step comes next: a function of what happened and of the payment as it is now.

use crate::ports::gateway::GiveBack;
use admitone_domain::id::PaymentId;
use admitone_domain::payment::{Payment, RefundState, Standing};
use admitone_domain::{Event, Happening, Key};

/// What is noted of a payment of which the gateway took another amount, or for another order.
pub const MISMATCHED: &str = "AMOUNT_OR_ORDER_MISMATCH";

/// What a wallet says of money that is to go back and was never taken.
pub(super) const NOTHING_TAKEN: &str = "NOTHING_TAKEN";

/// What is to be asked of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// Nothing.
    Nothing,
    /// To take the money.
    Confirm,
    /// What became of it.
    Find,
    /// To give money back.
    GiveBack(GiveBack),
}

/// The payment that an event is about, if it calls for a step.
pub(super) fn concerns(event: &Event) -> Option<PaymentId> {
    match (&event.what, event.aggregate) {
        (Happening::PaymentRequested { payment }, _) => Some(*payment),
        (Happening::RefundOwed { .. }, Key::Payment(payment)) => Some(payment),
        _ => None,
    }
}

/// The step that an event calls for. One that comes late, or again, finds that it was done.
pub(super) fn on(event: &Event, payment: &Payment) -> Todo {
    let Some(attempt) = payment.attempt() else { return Todo::Nothing };
    match &event.what {
        Happening::PaymentRequested { .. } if attempt.asked > 1 => Todo::Nothing,
        Happening::PaymentRequested { .. } if attempt.standing == Standing::Requested => {
            Todo::Confirm
        }
        // It is asked once more, when its time comes.
        Happening::RefundOwed { .. } if has_said_nothing_taken(payment) => Todo::Nothing,
        Happening::RefundOwed { .. } => give_back(payment),
        _ => Todo::Nothing,
    }
}

/// What is to be asked of a payment that was taken up again: whoever was at it may have asked
/// already, so the first question is what became of it.
pub fn todo(payment: &Payment) -> Todo {
    match payment.attempt() {
        Some(attempt) if attempt.is_pending() => Todo::Find,
        Some(_) => give_back(payment),
        None => Todo::Nothing,
    }
}

fn give_back(payment: &Payment) -> Todo {
    match payment.attempt().and_then(|attempt| attempt.owed()) {
        Some((number, refund)) => Todo::GiveBack(GiveBack {
            number,
            amount: refund.amount,
            is_all: refund.amount == payment.amount,
        }),
        None => Todo::Nothing,
    }
}

/// Whether the last that was said of it is that nothing was taken.
pub(super) fn has_said_nothing_taken(payment: &Payment) -> bool {
    payment.attempt().and_then(|attempt| attempt.said.as_deref()) == Some(NOTHING_TAKEN)
}

/// Whether nothing may have been taken of what is owed: it was given up before that was known.
pub(super) fn may_owe_nothing(payment: &Payment) -> bool {
    payment.attempt().is_some_and(|attempt| {
        let is_back = attempt.refunds.iter().any(|refund| refund.state == RefundState::Done);
        attempt.standing == Standing::Late && !is_back
    })
}
