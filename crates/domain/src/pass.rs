//! The waiting-room pass as the sale sees it: what admits a command, and that it has ended. A ticket
//! that was used at the door is one, too, and what a payment had a wallet do.

use crate::Moment;
use crate::id::{PaymentId, RoomId, TicketId};
use serde::{Deserialize, Serialize};

/// Names a pass: a place is given once in an epoch of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PassKey {
    /// The room.
    pub room: RoomId,
    /// Which life of the room; a reset begins a new one.
    pub epoch: u16,
    /// The place inside the room.
    pub place: u64,
}

impl PassKey {
    /// The room of the door itself: tickets are its passes. No waiting room has this number.
    pub const DOOR: RoomId = RoomId(0);

    /// The pass that a ticket is; none for an item that no reservation can have.
    pub fn of_ticket(ticket: TicketId) -> Option<Self> {
        let epoch = u16::try_from(ticket.item).ok()?;
        Some(Self { room: Self::DOOR, epoch, place: ticket.reservation.0 })
    }

    /// The room of wallets that are asked in steps of their own: what a payment had done by one is
    /// a pass that ended, so that it is done once for ever. No waiting room has this number.
    pub const PURSE: RoomId = RoomId(i64::MAX.unsigned_abs());

    /// That the money of a payment was taken.
    pub fn taken(payment: PaymentId) -> Self {
        Self { room: Self::PURSE, epoch: 0, place: payment.0 }
    }

    /// That nothing was taken for a payment, and nothing ever is.
    pub fn closed(payment: PaymentId) -> Self {
        Self { room: Self::PURSE, epoch: 1, place: payment.0 }
    }

    /// That it is decided whether the money of a payment was taken. Who decides either way writes this
    /// too, so that of two at once one is too late, and decides anew.
    pub fn decided(payment: PaymentId) -> Self {
        Self { room: Self::PURSE, epoch: u16::MAX, place: payment.0 }
    }

    /// That a refund of a payment was put back; none for a number that no payment comes to.
    pub fn put_back(payment: PaymentId, number: u32) -> Option<Self> {
        let epoch = u16::try_from(number).ok()?.checked_add(2).filter(|epoch| *epoch < u16::MAX)?;
        Some(Self { room: Self::PURSE, epoch, place: payment.0 })
    }
}

/// What the store knows of a pass. A pass without a row has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Its name.
    pub key: PassKey,
    /// When it ended.
    pub ended_at: Moment,
}

/// By what right a command comes through the room in front of a show. Whoever makes the command
/// has checked the token's signature, its user and its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    /// None was shown.
    None,
    /// An admitted place.
    Pass {
        /// Which.
        key: PassKey,
        /// Until when the room lets it act.
        good_until: Moment,
    },
    /// The room lets everybody through for now.
    Bypass {
        /// Which room.
        room: RoomId,
    },
    /// An operator or the house itself: no room stands before them.
    Staff,
    /// A place that still waits. It lets nobody begin anything; what is held already may be paid.
    Waiting {
        /// Which.
        key: PassKey,
    },
}

impl Admission {
    /// The place by which it comes.
    pub fn key(&self) -> Option<PassKey> {
        match self {
            Self::Pass { key, .. } | Self::Waiting { key } => Some(*key),
            Self::None | Self::Bypass { .. } | Self::Staff => None,
        }
    }

    /// Whether it is a pass that lets act now.
    pub fn is_good_at(&self, now: Moment) -> bool {
        matches!(self, Self::Pass { good_until, .. } if now < *good_until)
    }
}
