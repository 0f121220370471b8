//! A reservation: what one buyer holds or owns of one show.

use crate::id::{BuyerId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId};
use crate::pass::PassKey;
use crate::{Moment, Money};
use serde::{Deserialize, Serialize};

/// What one buyer holds or owns of one show. It is never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// The show.
    pub show: ShowId,
    /// The buyer.
    pub buyer: BuyerId,
    /// Its items, in the order in which they were asked for. None comes or goes: only the states change, and
    /// which seat it is where staff gave it another one.
    pub items: Vec<Item>,
    /// When it was made.
    pub created_at: Moment,
    /// Until when the hold lasts; without meaning once nothing is held.
    pub held_until: Moment,
    /// How often the hold was extended.
    pub extensions: u32,
    /// The payment that turned it into tickets.
    pub payment: Option<PaymentId>,
    /// The waiting-room pass under which it was held.
    pub pass: Option<PassKey>,
}

/// One seat or one ticket of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub what: Ware,
    /// What it costs: the price when it was held.
    pub price: Money,
    /// How it stands.
    pub state: ItemState,
}

/// What can be reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ware {
    /// A numbered seat.
    Seat(SeatId),
    /// One ticket of a type.
    Ticket(TicketTypeId),
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ItemState {
    /// Kept for the buyer until the hold ends.
    Held,
    /// Pinned while a payment gateway is asked.
    Confirming,
    /// Paid: a ticket.
    Sold,
    /// Was sold, was given back, was refunded.
    Cancelled,
    /// Was held, was given back.
    Released,
    /// Was held, was not paid in time.
    Expired,
}

/// How a reservation stands: derived from its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ReservationState {
    /// Something is held.
    Held,
    /// Something is being paid through a gateway.
    Confirming,
    /// Something is sold.
    Sold,
    /// All that was sold was cancelled.
    Cancelled,
    /// All was given back before it was paid.
    Released,
    /// The hold ended unpaid.
    Expired,
}

impl Reservation {
    /// How it stands as it is stored; a hold whose time is over counts as held until it is swept.
    pub fn state(&self) -> ReservationState {
        let has = |state| self.items.iter().any(|item| item.state == state);
        if has(ItemState::Confirming) {
            ReservationState::Confirming
        } else if has(ItemState::Held) {
            ReservationState::Held
        } else if has(ItemState::Sold) {
            ReservationState::Sold
        } else if has(ItemState::Cancelled) {
            ReservationState::Cancelled
        } else if has(ItemState::Expired) {
            ReservationState::Expired
        } else {
            ReservationState::Released
        }
    }

    /// How it stands at a moment: a hold whose time is over is expired, swept or not.
    pub fn state_at(&self, now: Moment) -> ReservationState {
        match self.state() {
            ReservationState::Held if self.held_until <= now => ReservationState::Expired,
            state => state,
        }
    }

    /// The sum of the prices of its items in a state; `None` when it does not fit.
    pub fn total_in(&self, state: ItemState) -> Option<Money> {
        Money::sum(self.items.iter().filter(|i| i.state == state).map(|i| i.price))
    }

    /// How many items are in a state.
    pub fn count_in(&self, state: ItemState) -> u32 {
        let count = self.items.iter().filter(|i| i.state == state).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}
