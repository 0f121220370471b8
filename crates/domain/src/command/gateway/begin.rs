//! Begin: pin what a reservation holds, so that a gateway can be asked for the money without
//! anybody waiting for its answer.
//!
//! From here on neither the hold's time nor the sweeper touches the items: a definite answer does.

use super::super::gate::{self, Patience};
use super::super::pay::{self, Due};
use super::super::{Command, Rule, items};
use super::{request, retake};
use crate::decide::Workbench;
use crate::id::{ReservationId, ShowId};
use crate::pass::PassKey;
use crate::payment::Method;
use crate::reservation::Reservation;
use crate::show::Show;
use crate::{Answer, Key, Money, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Pins a reservation for a payment through a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Which reservation.
    pub reservation: ReservationId,
    /// The show of the reservation.
    pub show: ShowId,
    /// What the gateway calls the payment.
    pub key: String,
    /// Which order it pays, as the gateway knows it.
    pub order: String,
    /// What the gateway would take; must be the price.
    pub amount: Money,
    /// How long nobody else asks the gateway, in milliseconds.
    pub wait_ms: u64,
}

impl Rule for Begin {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Show(self.show));
        items::keys(self.reservation, rows, want);
        want.push(Key::Payment(command.payment_id()));
        if let Some(key) = command.admission.key() {
            want.push(Key::Pass(key));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let buyer = command.buyer()?;
        let mut reservation = items::find(bench, command, self.reservation)?;
        let show = bench.show(reservation.show).cloned();
        let show = show.ok_or(Refusal::UnknownShow(reservation.show))?;
        // The price before anything is pinned: who names another one is told it.
        let price = Money::sum(reservation.items.iter().map(|item| item.price));
        let price = price.ok_or(Refusal::AmountOverflow)?;
        let pass = match pay::check_payable(bench, &reservation) {
            Ok(()) => gate::check_pass(bench, command, &show, Patience::WhileHeld)?,
            Err(Refusal::HoldExpired) => hold_again(bench, command, &show, &mut reservation)?,
            Err(refusal) => return Err(refusal),
        };
        if self.amount != price {
            return Err(Refusal::AmountMismatch { price });
        }
        if !price.is_positive() {
            return Err(Refusal::InvalidAmount);
        }
        let pass = pass.filter(|_| command.admission.is_good_at(bench.now()));
        let due = Due { buyer, reservation, currency: show.currency, price, pass };
        let attempt = due.requested(bench, (self.key.clone(), self.order.clone()), self.wait_ms);
        let payment = due.payment(command, bench, Method::Gateway(Box::new(attempt.clone())));
        request(bench, payment, attempt, due.reservation)
    }
}

/// The hold ran out: it is made again, with the same items or not at all, and only by whom a new
/// hold would be granted.
fn hold_again(
    bench: &mut Workbench<'_>,
    command: &Command,
    show: &Show,
    reservation: &mut Reservation,
) -> Result<Option<PassKey>, Refusal> {
    let pass = gate::check_pass(bench, command, show, Patience::Now)?;
    gate::check_window(bench, show)?;
    retake::retake(bench, reservation)?;
    Ok(pass)
}
