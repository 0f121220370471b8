//! The rows that a batch was loaded with.

use crate::concert::Concert;
use crate::id::{BuyerId, ReservationId, RoomId, ShowId};
use crate::party::{Buyer, Operator};
use crate::pass::Pass;
use crate::payment::Payment;
use crate::reservation::Reservation;
use crate::seat::Seat;
use crate::show::{SeatPlan, Show};
use crate::ticket_type::TicketType;
use crate::wallet::Wallet;
use crate::{Key, KeyMap, Moment};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A row of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// See [`Concert`].
    Concert(Concert),
    /// See [`Show`].
    Show(Show),
    /// The plan of a show's seats.
    Plan(ShowId, SeatPlan),
    /// A waiting room: its name and its settings, which only the room itself understands.
    Room {
        /// Its id.
        id: RoomId,
        /// What people call it.
        name: String,
        /// Its settings as JSON.
        settings: String,
    },
    /// See [`Operator`].
    Operator(Operator),
    /// See [`Buyer`].
    Buyer(Buyer),
    /// See [`Reservation`].
    Reservation(Reservation),
    /// See [`Payment`].
    Payment(Payment),
    /// See [`Pass`].
    Pass(Pass),
    /// How many items of a show a buyer holds and owns.
    Quota {
        /// The show.
        show: ShowId,
        /// The buyer.
        buyer: BuyerId,
        /// How many.
        taken: u32,
    },
    /// See [`TicketType`].
    TicketType(TicketType),
    /// See [`Seat`].
    Seat(Seat),
    /// See [`Wallet`].
    Wallet(Wallet),
}

impl Row {
    /// The name of this row.
    pub fn key(&self) -> Key {
        match self {
            Self::Concert(concert) => Key::Concert(concert.id),
            Self::Show(show) => Key::Show(show.id),
            Self::Plan(show, _) => Key::Plan(*show),
            Self::Room { id, .. } => Key::Room(*id),
            Self::Operator(operator) => Key::Operator(operator.id),
            Self::Buyer(buyer) => Key::Buyer(buyer.id),
            Self::Reservation(reservation) => Key::Reservation(reservation.id),
            Self::Payment(payment) => Key::Payment(payment.id),
            Self::Pass(pass) => Key::Pass(pass.key),
            Self::Quota { show, buyer, .. } => Key::Quota(*show, *buyer),
            Self::TicketType(ticket_type) => Key::TicketType(ticket_type.id),
            Self::Seat(seat) => Key::Seat(seat.id),
            Self::Wallet(wallet) => Key::Wallet(wallet.buyer),
        }
    }
}

/// A row as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// How often it was written; the first writing makes it 1.
    pub version: u64,
    /// What it says; shared, because many look at it and nobody changes it in place.
    pub row: Arc<Row>,
}

impl Loaded {
    /// What it says, for somebody who wants it for himself.
    pub fn into_row(self) -> Row {
        Arc::unwrap_or_clone(self.row)
    }
}

/// What a batch was loaded with: rows, the holds that are due, and the time of the store.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    loaded: KeyMap<Option<Loaded>>,
    /// Reservations of the shows in the batch whose hold is over.
    pub due: Vec<ReservationId>,
    /// The store's time, read with the rows.
    pub now: Moment,
}

impl Rows {
    /// Records what the store says of a key; `None` says that there is no such row.
    pub fn insert(&mut self, key: Key, found: Option<Loaded>) {
        self.loaded.insert(key, found);
    }

    /// Whether the store was asked for this key.
    pub fn has(&self, key: Key) -> bool {
        self.loaded.contains_key(&key)
    }

    /// The row, if the store was asked for it and has it.
    pub fn peek(&self, key: Key) -> Option<&Loaded> {
        self.loaded.get(&key).and_then(Option::as_ref)
    }

    /// How many keys were asked for.
    pub fn len(&self) -> usize {
        self.loaded.len()
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.loaded.is_empty()
    }

    /// The reservation, if it is loaded.
    pub fn reservation(&self, id: ReservationId) -> Option<&Reservation> {
        match self.peek(Key::Reservation(id)).map(|found| &*found.row) {
            Some(Row::Reservation(reservation)) => Some(reservation),
            _ => None,
        }
    }
}
