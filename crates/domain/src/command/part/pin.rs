//! Pin: the part of a payment from the wallet on the side of the stock. What is to be paid is kept,
//! whatever the time of the hold, until the wallet has said whether it paid.

use super::super::{Command, Rule, gateway, items, pay};
use crate::decide::Workbench;
use crate::id::ReservationId;
use crate::pass::Admission;
use crate::payment::{Attempt, Method, Payment, Standing};
use crate::reservation::ItemState;
use crate::{Answer, Happening, Key, Moment, Money, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Pins a reservation that its buyer pays from the wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Which reservation.
    pub reservation: ReservationId,
    /// What the buyer expects to pay; another price is refused.
    pub expected: Option<Money>,
    /// How long nobody else asks the wallet, in milliseconds.
    pub wait_ms: u64,
}

impl Rule for Pin {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        items::keys(self.reservation, rows, want);
        want.push(Key::Payment(command.payment_id()));
        if let Admission::Pass { key, .. } = command.admission {
            want.push(Key::Pass(key));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let due = pay::due(bench, command, self.reservation, self.expected)?;
        let pay::Due { buyer, mut reservation, currency, price, pass } = due;
        let attempt = Attempt {
            // The wallet knows it by the payment alone.
            key: String::new(),
            order: String::new(),
            standing: Standing::Requested,
            pass,
            held_until: reservation.held_until,
            asked: 1,
            ask_at: bench.now().plus_ms(self.wait_ms),
            said: None,
            refunds: Vec::new(),
        };
        let payment = Payment {
            id: command.payment_id(),
            buyer,
            reservation: Some(reservation.id),
            amount: price,
            currency,
            refunded: Money::ZERO,
            method: Method::Apart(Box::new(attempt.clone())),
            created_at: bench.now(),
        };
        if price == Money::ZERO {
            if !items::are_its_own(bench, &reservation) {
                return Err(Refusal::HoldExpired);
            }
            // No wallet has anything to say to that.
            return Ok(gateway::sell(bench, payment, attempt, (reservation, ItemState::Held)));
        }
        let pinned = (ItemState::Held, ItemState::Confirming);
        items::keep_until(bench, &mut reservation, pinned, Moment::MAX)?;
        let requested = Happening::PaymentRequested { payment: payment.id };
        bench.tell(Key::Reservation(reservation.id), requested);
        Ok(gateway::save_both(bench, payment, attempt, reservation))
    }
}
