//! What happened: written with the change itself, told to others afterwards.

use crate::id::{BuyerId, EntryId, PaymentId, ReservationId, SeatId, ShowId};
use crate::pass::PassKey;
use crate::{Key, Moment};
use serde::{Deserialize, Serialize};

/// Something that happened to one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// To what it happened: order is kept per aggregate.
    pub aggregate: Key,
    /// The aggregate's version after it.
    pub version: u64,
    /// When.
    pub at: Moment,
    /// What.
    pub what: Happening,
}

/// What happened. Thin on purpose: whoever wants more reads the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// Items are held for a buyer.
    Held {
        /// The show.
        show: ShowId,
        /// The buyer.
        buyer: BuyerId,
        /// Until when.
        until: Moment,
    },
    /// A hold lasts longer.
    Extended {
        /// Until when.
        until: Moment,
    },
    /// A hold was given back.
    Released,
    /// A hold ended unpaid.
    Expired,
    /// A reservation was paid.
    Sold {
        /// By which payment.
        payment: PaymentId,
    },
    /// Sold items were given back.
    Cancelled {
        /// Which, by their place in the reservation.
        items: Vec<u32>,
    },
    /// A wallet moved.
    Moved {
        /// By which entry.
        entry: EntryId,
    },
    /// Money of a payment went back.
    Refunded {
        /// Of which reservation.
        reservation: Option<ReservationId>,
    },
    /// A pass is used up: its slot in the room is free.
    PassEnded(PassKey),
    /// A hold keeps its pass good.
    PassExtended {
        /// Which pass.
        pass: PassKey,
        /// Until when.
        until: Moment,
    },
    /// An operator or a buyer's registration changed a row.
    Changed {
        /// Who, for the audit trail.
        by: String,
    },
    /// Staff did to a buyer's things what else the buyer does. Told beside what happened.
    Acted {
        /// Who, for the audit trail.
        by: String,
        /// What.
        deed: Deed,
    },
    /// A reservation is pinned while a gateway is asked for money.
    PaymentRequested {
        /// By which payment.
        payment: PaymentId,
    },
    /// The gateway did not say what became of a payment; it is asked again.
    PaymentUnknown,
    /// The gateway took nothing: what was pinned is held again, or free.
    PaymentDeclined {
        /// Which payment.
        payment: PaymentId,
    },
    /// Money of a payment is to go back through its gateway.
    RefundOwed {
        /// Of which reservation.
        reservation: Option<ReservationId>,
    },
    /// A ticket was used at the door.
    Admitted {
        /// Which item of the reservation.
        item: u32,
    },
    /// An item has another seat.
    Reseated {
        /// Which item of the reservation.
        item: u32,
        /// The seat it had, which nobody has now.
        from: SeatId,
        /// The seat it has.
        to: SeatId,
    },
}

/// What staff does to a buyer's things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Released a hold.
    Released,
    /// Cancelled tickets.
    Cancelled,
    /// Gave money of a payment back.
    Refunded,
    /// Charged a wallet.
    Charged,
    /// Gave tickets for a payment that had come too late.
    Reacquired,
    /// Let somebody in with a ticket.
    Admitted,
    /// Rehearsed a sale on a copy of it.
    Rehearsed,
    /// Gave an item another seat.
    Reseated,
    /// Took money out of a wallet.
    Withdrew,
}
