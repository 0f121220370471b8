//! Pay: turn a live hold into tickets, with money from the buyer's wallet, all in one step.

use super::gate::{self, Patience};
use super::{Command, Rule, items, spend};
use crate::decide::Workbench;
use crate::id::{BuyerId, ReservationId};
use crate::pass::{Pass, PassKey};
use crate::payment::{Attempt, Method, Payment, Standing};
use crate::reservation::{ItemState, Reservation, ReservationState};
use crate::{Answer, Currency, Happening, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Pays a reservation from the wallet of its buyer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pay {
    /// Which reservation.
    pub reservation: ReservationId,
    /// What the buyer expects to pay; another price is refused.
    pub expected: Option<Money>,
}

impl Rule for Pay {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        items::keys(self.reservation, rows, want);
        want.push(Key::Payment(command.payment_id()));
        if let Ok(buyer) = command.buyer() {
            want.push(Key::Wallet(buyer));
        }
        if let Some(key) = command.admission.key() {
            want.push(Key::Pass(key));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let due = due(bench, command, self.reservation, self.expected)?;
        let payment = due.payment(command, bench, Method::Wallet);
        let Due { buyer, mut reservation, pass, .. } = due;
        let balance = take_price(bench, command, buyer, &payment)?;
        items::sell(bench, &mut reservation, ItemState::Held)?;
        reservation.payment = Some(payment.id);
        end_passes(bench, [pass, reservation.pass]);
        let sold = Happening::Sold { payment: payment.id };
        bench.tell(Key::Reservation(reservation.id), sold);
        bench.write(Row::Payment(payment.clone()));
        bench.write(Row::Reservation(reservation.clone()));
        Ok(Outcome::Paid { payment, reservation, balance })
    }
}

/// What is to be paid.
pub(super) struct Due {
    pub(super) buyer: BuyerId,
    pub(super) reservation: Reservation,
    pub(super) currency: Currency,
    pub(super) price: Money,
    /// The pass that the payment ends.
    pub(super) pass: Option<PassKey>,
}

impl Due {
    /// The payment of all of it.
    pub(super) fn payment(
        &self,
        command: &Command,
        bench: &Workbench<'_>,
        method: Method,
    ) -> Payment {
        Payment {
            id: command.payment_id(),
            buyer: self.buyer,
            reservation: Some(self.reservation.id),
            amount: self.price,
            currency: self.currency,
            refunded: Money::ZERO,
            method,
            created_at: bench.now(),
        }
    }

    /// How far it is when somebody is asked for it by a name and for an order: nobody else asks for so
    /// long, in milliseconds.
    pub(super) fn requested(
        &self,
        bench: &Workbench<'_>,
        (key, order): (String, String),
        wait_ms: u64,
    ) -> Attempt {
        Attempt {
            key,
            order,
            standing: Standing::Requested,
            pass: self.pass,
            held_until: self.reservation.held_until,
            asked: 1,
            ask_at: bench.now().plus_ms(wait_ms),
            said: None,
            refunds: Vec::new(),
        }
    }
}

/// What is to be paid, once all is checked but whether there is the money for it.
pub(super) fn due(
    bench: &Workbench<'_>,
    command: &Command,
    reservation: ReservationId,
    expected: Option<Money>,
) -> Result<Due, Refusal> {
    let buyer = command.buyer()?;
    let reservation = items::find(bench, command, reservation)?;
    check_payable(bench, &reservation)?;
    let show = bench.show(reservation.show);
    let show = show.ok_or(Refusal::UnknownShow(reservation.show))?;
    let pass = gate::check_pass(bench, command, show, Patience::WhileHeld)?;
    let price = reservation.total_in(ItemState::Held).ok_or(Refusal::AmountOverflow)?;
    if expected.is_some_and(|expected| expected != price) {
        return Err(Refusal::AmountMismatch { price });
    }
    // A place that only waits, or a pass of somebody's later turn, is not used up by this.
    let pass = pass.filter(|_| command.admission.is_good_at(bench.now()));
    Ok(Due { buyer, currency: show.currency, price, pass, reservation })
}

pub(super) fn check_payable(
    bench: &Workbench<'_>,
    reservation: &Reservation,
) -> Result<(), Refusal> {
    match reservation.state_at(bench.now()) {
        ReservationState::Held => Ok(()),
        ReservationState::Expired => Err(Refusal::HoldExpired),
        ReservationState::Sold => Err(Refusal::AlreadyPaid),
        ReservationState::Confirming => Err(Refusal::PaymentInProgress),
        ReservationState::Cancelled | ReservationState::Released => Err(Refusal::InvalidState),
    }
}

/// A reservation that costs nothing moves no wallet.
fn take_price(
    bench: &mut Workbench<'_>,
    command: &Command,
    buyer: BuyerId,
    payment: &Payment,
) -> Result<Money, Refusal> {
    if payment.amount == Money::ZERO {
        return Ok(bench.wallet(buyer).map_or(Money::ZERO, |wallet| wallet.balance));
    }
    spend::take(bench, command, payment).map(|(_, balance)| balance)
}

/// The payment ends the pass it came with, if it is good, and the one it was held with, in the
/// same step.
pub(super) fn end_passes(bench: &mut Workbench<'_>, passes: [Option<PassKey>; 2]) {
    for key in passes.into_iter().flatten() {
        if bench.pass(key).is_none() {
            bench.tell(Key::Pass(key), Happening::PassEnded(key));
            bench.write(Row::Pass(Pass { key, ended_at: bench.now() }));
        }
    }
}
