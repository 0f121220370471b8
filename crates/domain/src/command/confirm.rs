//! Confirm: somebody else took the money for an order; take its tickets from the stock and keep
//! the payment, in one step.

use super::{Command, Rule, gate, hold, items};
use crate::decide::Workbench;
use crate::id::{ShowId, TicketTypeId};
use crate::payment::{Method, Payment};
use crate::reservation::{ItemState, Reservation};
use crate::{Answer, Happening, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Confirms an order of one ticket type that was paid elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirm {
    /// The show of the ticket type.
    pub show: ShowId,
    /// Of what.
    pub ticket_type: TicketTypeId,
    /// How many.
    pub quantity: u32,
    /// What was paid; must be the price.
    pub amount: Money,
    /// What the payer calls the payment.
    pub key: String,
    /// Which order it pays.
    pub order: String,
}

impl Rule for Confirm {
    fn keys(&self, command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Show(self.show));
        want.push(Key::TicketType(self.ticket_type));
        want.push(Key::Reservation(command.reservation_id()));
        want.push(Key::Payment(command.payment_id()));
        if let Ok(buyer) = command.buyer() {
            want.push(Key::Quota(self.show, buyer));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let buyer = command.buyer()?;
        let show = bench.show(self.show).cloned().ok_or(Refusal::UnknownShow(self.show))?;
        gate::check_window(bench, &show)?;
        let taken = bench.quota(self.show, buyer);
        hold::check_limits(&show, taken, u64::from(self.quantity))?;
        let mut sold = hold::left_tickets(bench, &show, &[(self.ticket_type, self.quantity)])?;
        if sold.is_empty() {
            return Err(Refusal::Empty);
        }
        let price = Money::sum(sold.iter().map(|item| item.price));
        let price = price.ok_or(Refusal::AmountOverflow)?;
        if price != self.amount {
            return Err(Refusal::AmountMismatch { price });
        }
        for item in &mut sold {
            item.state = ItemState::Sold;
        }
        let payment = self.payment(command, buyer, price, &show);
        let reservation = Reservation {
            id: command.reservation_id(),
            show: self.show,
            buyer,
            items: sold,
            created_at: bench.now(),
            held_until: bench.now(),
            extensions: 0,
            payment: Some(payment.id),
            pass: None,
        };
        let payment = Payment { created_at: bench.now(), ..payment };
        items::move_stock(bench, self.ticket_type, 0, i64::from(self.quantity));
        items::take_quota(bench, self.show, buyer, i64::from(self.quantity));
        let happened = Happening::Sold { payment: payment.id };
        bench.tell(Key::Reservation(reservation.id), happened);
        bench.write(Row::Payment(payment.clone()));
        bench.write(Row::Reservation(reservation.clone()));
        Ok(Outcome::Confirmed { payment, reservation })
    }
}

impl Confirm {
    fn payment(
        &self,
        command: &Command,
        buyer: crate::id::BuyerId,
        amount: Money,
        show: &crate::show::Show,
    ) -> Payment {
        Payment {
            id: command.payment_id(),
            buyer,
            reservation: Some(command.reservation_id()),
            amount,
            currency: show.currency,
            refunded: Money::ZERO,
            method: Method::External { key: self.key.clone(), order: self.order.clone() },
            created_at: crate::Moment::default(),
        }
    }
}
