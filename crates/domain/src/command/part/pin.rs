//! Pin: the part of a payment from the wallet on the side of the stock. What is to be paid is kept,
//! whatever the time of the hold, until the wallet has said whether it paid.

use super::super::{Command, Rule, gateway, items, pay};
use crate::decide::Workbench;
use crate::id::ReservationId;
use crate::payment::Method;
use crate::reservation::ItemState;
use crate::{Answer, Key, Money, Refusal, Rows};
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
        if let Some(key) = command.admission.key() {
            want.push(Key::Pass(key));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let due = pay::due(bench, command, self.reservation, self.expected)?;
        // The wallet knows it by the payment alone.
        let attempt = due.requested(bench, (String::new(), String::new()), self.wait_ms);
        let payment = due.payment(command, bench, Method::Apart(Box::new(attempt.clone())));
        if due.price == Money::ZERO {
            if !items::are_its_own(bench, &due.reservation) {
                return Err(Refusal::HoldExpired);
            }
            // No wallet has anything to say to that.
            return Ok(gateway::sell(bench, payment, attempt, (due.reservation, ItemState::Held)));
        }
        gateway::request(bench, payment, attempt, due.reservation)
    }
}
