//! Payments through a gateway: the steps between the hold and the ticket that somebody else's
//! answer decides.
//!
//! Nothing here asks the gateway. [`Begin`] pins the seats before it is asked, [`Settle`] says
//! what it answered, [`Ask`] takes care that of several instances one asks again, [`Repay`] says
//! what became of money that goes back. Each does nothing when it comes a second time.

mod ask;
mod begin;
mod give_up;
mod reacquire;
mod repay;
mod retake;
mod settle;

pub(super) use settle::sell;

pub use ask::{Ask, Unanswered};
pub use begin::Begin;
pub use give_up::GiveUp;
pub use reacquire::Reacquire;
pub use repay::{Repaid, Repay};
pub use settle::{Said, Settle};

use super::{Actor, Command, Rule, items};
use crate::decide::Workbench;
use crate::id::{PaymentId, ShowId};
use crate::payment::{Attempt, Payment};
use crate::reservation::{ItemState, Reservation};
use crate::{Answer, Happening, Key, Moment, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// A step of a payment through a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gateway {
    /// See [`Begin`].
    Begin(Begin),
    /// See [`Ask`].
    Ask(Ask),
    /// See [`Settle`].
    Settle(Settle),
    /// See [`Repay`].
    Repay(Repay),
    /// See [`GiveUp`].
    GiveUp(GiveUp),
    /// See [`Reacquire`].
    Reacquire(Reacquire),
}

impl Gateway {
    /// The show whose due holds must be swept before this is decided, if it may take stock anew.
    pub(super) fn takes_from(&self) -> Option<ShowId> {
        match self {
            Self::Begin(begin) => Some(begin.show),
            Self::Settle(settle) => settle.show,
            Self::Reacquire(reacquire) => Some(reacquire.show),
            Self::Ask(_) | Self::Repay(_) | Self::GiveUp(_) => None,
        }
    }

    fn rule(&self) -> &dyn Rule {
        match self {
            Self::Begin(begin) => begin,
            Self::Ask(ask) => ask,
            Self::Settle(settle) => settle,
            Self::Repay(repay) => repay,
            Self::GiveUp(give_up) => give_up,
            Self::Reacquire(reacquire) => reacquire,
        }
    }
}

impl Rule for Gateway {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        self.rule().keys(command, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        self.rule().decide(command, bench)
    }
}

/// Names the rows of a payment: itself, then its reservation with all that it holds.
fn keys(id: PaymentId, rows: &Rows, want: &mut Vec<Key>) {
    want.push(Key::Payment(id));
    let Some(Row::Payment(payment)) = rows.peek(Key::Payment(id)).map(|found| &*found.row) else {
        return;
    };
    want.extend(payment.attempt().and_then(|attempt| attempt.pass).map(Key::Pass));
    if let Some(reservation) = payment.reservation {
        items::keys(reservation, rows, want);
    }
}

/// The payment and how far it is, for the house or an operator: what a gateway said is nothing
/// that a buyer may say.
fn find(
    bench: &Workbench<'_>,
    command: &Command,
    id: PaymentId,
) -> Result<(Payment, Attempt), Refusal> {
    if matches!(command.actor, Actor::Buyer(_)) {
        return Err(Refusal::UnknownPayment);
    }
    let payment = bench.payment(id).cloned().ok_or(Refusal::UnknownPayment)?;
    match payment.attempt().cloned() {
        Some(attempt) => Ok((payment, attempt)),
        None => Err(Refusal::UnknownPayment),
    }
}

/// The reservation that a payment is for.
fn reservation_of(bench: &Workbench<'_>, payment: &Payment) -> Result<Reservation, Refusal> {
    let found = payment.reservation.and_then(|id| bench.reservation(id).cloned());
    found.ok_or(Refusal::UnknownReservation)
}

/// Pins what is to be paid, whatever the time of its hold, until whoever is asked has said whether it
/// is.
pub(super) fn request(
    bench: &mut Workbench<'_>,
    payment: Payment,
    attempt: Attempt,
    mut reservation: Reservation,
) -> Answer {
    let pinned = (ItemState::Held, ItemState::Confirming);
    items::keep_until(bench, &mut reservation, pinned, Moment::MAX)?;
    let requested = Happening::PaymentRequested { payment: payment.id };
    bench.tell(Key::Reservation(reservation.id), requested);
    Ok(save_both(bench, payment, attempt, reservation))
}

/// Writes how far a payment is.
pub(super) fn save(bench: &mut Workbench<'_>, mut payment: Payment, attempt: Attempt) -> Payment {
    payment.method = payment.method.at(attempt);
    bench.write(Row::Payment(payment.clone()));
    payment
}

/// Writes how far a payment is, and its reservation.
fn save_both(
    bench: &mut Workbench<'_>,
    payment: Payment,
    attempt: Attempt,
    reservation: Reservation,
) -> Outcome {
    let payment = save(bench, payment, attempt);
    bench.write(Row::Reservation(reservation.clone()));
    Outcome::Gateway { payment, reservation: Some(reservation) }
}

/// Tells that money is to go back.
pub(super) fn owe(bench: &mut Workbench<'_>, payment: &Payment) {
    let reservation = payment.reservation;
    bench.tell(Key::Payment(payment.id), Happening::RefundOwed { reservation });
}
