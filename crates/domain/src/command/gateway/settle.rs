//! Settle: what a gateway said of a payment, once it is definite. Money and tickets change in one
//! step; money that came too late gets the same seats if they are free, else it goes back.

use super::super::pay::end_passes;
use super::super::{Command, Rule, items};
use super::{find, keys, owe, reservation_of, retake, save, save_both};
use crate::decide::Workbench;
use crate::id::{PaymentId, ShowId};
use crate::payment::{Attempt, GatewayRefund, Payment, RefundState, Standing};
use crate::reservation::{Item, ItemState, Reservation, ReservationState};
use crate::{Answer, Happening, Key, Outcome, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Says what a gateway said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// Of which payment.
    pub payment: PaymentId,
    /// The show of its reservation, whose due holds stand in nobody's way.
    pub show: Option<ShowId>,
    /// What.
    pub said: Said,
}

/// What a gateway can definitely say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Said {
    /// It took the money, all of it.
    Approved,
    /// It took nothing, and will not.
    Declined {
        /// Why.
        code: String,
    },
}

impl Rule for Settle {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        want.extend(self.show.map(Key::Show));
        keys(self.payment, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let (payment, attempt) = find(bench, command, self.payment)?;
        let reservation = reservation_of(bench, &payment)?;
        match (&attempt.standing, &self.said) {
            (Standing::Requested | Standing::Unknown, Said::Approved) => {
                Ok(approve(bench, payment, attempt, reservation))
            }
            (Standing::Declined { .. }, Said::Approved) => {
                Ok(approve_late(bench, payment, attempt, reservation))
            }
            (Standing::Requested | Standing::Unknown, Said::Declined { code }) => {
                decline(bench, payment, attempt, (reservation, code))
            }
            // Somebody gave it up while nobody knew whether anything had been taken.
            (Standing::Late, Said::Declined { code }) if nothing_went_back(&attempt) => {
                let standing = Standing::Declined { code: code.clone() };
                let mut attempt = Attempt { standing, ..attempt };
                attempt.drop_refunds();
                let payment = save(bench, payment, attempt);
                Ok(Outcome::Gateway { payment, reservation: None })
            }
            (Standing::Approved | Standing::Late, Said::Approved)
            | (Standing::Declined { .. }, Said::Declined { .. }) => {
                Ok(Outcome::Gateway { payment, reservation: None })
            }
            // It has said before that it took the money.
            (Standing::Approved | Standing::Late, Said::Declined { .. }) => {
                Err(Refusal::InvalidState)
            }
        }
    }
}

fn nothing_went_back(attempt: &Attempt) -> bool {
    attempt.refunds.iter().all(|refund| refund.state != RefundState::Done)
}

fn approve(
    bench: &mut Workbench<'_>,
    payment: Payment,
    attempt: Attempt,
    reservation: Reservation,
) -> Outcome {
    if is_pinned(bench, &reservation) {
        return sell(bench, payment, attempt, (reservation, ItemState::Confirming));
    }
    approve_late(bench, payment, attempt, reservation)
}

/// Whether all that the reservation has is its own still.
fn is_pinned(bench: &Workbench<'_>, reservation: &Reservation) -> bool {
    reservation.state() == ReservationState::Confirming && items::are_its_own(bench, reservation)
}

/// The money came when nothing was pinned for it any more.
pub(super) fn approve_late(
    bench: &mut Workbench<'_>,
    payment: Payment,
    attempt: Attempt,
    mut reservation: Reservation,
) -> Outcome {
    match retake::retake(bench, &mut reservation) {
        Ok(()) => sell(bench, payment, attempt, (reservation, ItemState::Held)),
        Err(_) => Outcome::Gateway { payment: owe_all(bench, payment, attempt), reservation: None },
    }
}

/// All of the money goes back: there is no ticket for it.
pub(super) fn owe_all(
    bench: &mut Workbench<'_>,
    payment: Payment,
    mut attempt: Attempt,
) -> Payment {
    attempt.refunds.push(GatewayRefund { amount: payment.amount, state: RefundState::Owed });
    let attempt = Attempt { standing: Standing::Late, ask_at: bench.now(), ..attempt };
    owe(bench, &payment);
    save(bench, payment, attempt)
}

/// Gives the tickets. Whoever calls it has seen that every seat is the reservation's.
pub(in crate::command) fn sell(
    bench: &mut Workbench<'_>,
    payment: Payment,
    attempt: Attempt,
    (mut reservation, from): (Reservation, ItemState),
) -> Outcome {
    let sold = items::sell(bench, &mut reservation, from);
    assert!(sold.is_ok(), "{} lost a seat that was its own", reservation.id);
    reservation.payment = Some(payment.id);
    reservation.held_until = attempt.held_until;
    end_passes(bench, [attempt.pass, reservation.pass]);
    bench.tell(Key::Reservation(reservation.id), Happening::Sold { payment: payment.id });
    let standing = Standing::Approved;
    let attempt = Attempt { standing, said: None, ..attempt };
    save_both(bench, payment, attempt, reservation)
}

/// What was pinned is held again for what is left of its time, or free when nothing is left.
fn decline(
    bench: &mut Workbench<'_>,
    payment: Payment,
    attempt: Attempt,
    (mut reservation, code): (Reservation, &str),
) -> Answer {
    if reservation.state() == ReservationState::Confirming {
        let until = attempt.held_until;
        if until > bench.now() {
            let back = (ItemState::Confirming, ItemState::Held);
            items::keep_until(bench, &mut reservation, back, until)?;
        } else {
            let pinned = |_, item: &Item| item.state == ItemState::Confirming;
            items::give_back(bench, &mut reservation, pinned, ItemState::Expired);
            reservation.held_until = until;
        }
    }
    let declined = Happening::PaymentDeclined { payment: payment.id };
    bench.tell(Key::Reservation(reservation.id), declined);
    let attempt =
        Attempt { standing: Standing::Declined { code: code.to_owned() }, said: None, ..attempt };
    Ok(save_both(bench, payment, attempt, reservation))
}
