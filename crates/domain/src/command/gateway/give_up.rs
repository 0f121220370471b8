//! Give up: an operator waits no longer for a gateway. What was pinned is free again, and whatever
//! was taken goes back; a refund that the gateway refused is tried again.

use super::super::{Command, Rule, items, tell_staff};
use super::settle::owe_all;
use super::{find, keys, owe, reservation_of, save};
use crate::decide::Workbench;
use crate::id::PaymentId;
use crate::payment::{GatewayRefund, RefundState};
use crate::reservation::{Item, ItemState, ReservationState};
use crate::{Answer, Deed, Happening, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Has the money of a payment go back, whatever the gateway says of it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveUp {
    /// Which payment.
    pub payment: PaymentId,
}

impl Rule for GiveUp {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        keys(self.payment, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let (payment, mut attempt) = find(bench, command, self.payment)?;
        tell_staff(bench, command, Key::Payment(payment.id), Deed::Refunded);
        if attempt.is_pending() {
            let mut reservation = reservation_of(bench, &payment)?;
            if reservation.state() == ReservationState::Confirming {
                let pinned = |_, item: &Item| item.state == ItemState::Confirming;
                items::give_back(bench, &mut reservation, pinned, ItemState::Released);
                reservation.held_until = attempt.held_until;
                bench.tell(Key::Reservation(reservation.id), Happening::Released);
                bench.write(Row::Reservation(reservation.clone()));
            }
            let payment = owe_all(bench, payment, attempt);
            return Ok(Outcome::Gateway { payment, reservation: Some(reservation) });
        }
        // What is owed may be on its way under its number: under another it might go back twice.
        if !attempt.is_stuck() || attempt.owed().is_some() {
            return Err(Refusal::InvalidState);
        }
        let amount = attempt.drop_refunds();
        attempt.refunds.push(GatewayRefund { amount, state: RefundState::Owed });
        attempt.ask_at = bench.now();
        owe(bench, &payment);
        let payment = save(bench, payment, attempt);
        Ok(Outcome::Gateway { payment, reservation: None })
    }
}
