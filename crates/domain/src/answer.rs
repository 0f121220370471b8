//! What a command is answered, and under which name the answer is kept.

use crate::id::{BuyerId, ReservationId};
use crate::payment::Payment;
use crate::reservation::Reservation;
use crate::wallet::Entry;
use crate::{Key, Moment, Money, Refusal};
use serde::{Deserialize, Serialize};

/// Names a command for ever: a hash of who asked, for what operation, under which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub u128);

/// A hash of what was asked; the same id with another fingerprint is a mistake of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub u64);

/// What a command is answered: an outcome, or a refusal, which is an answer too.
pub type Answer = Result<Outcome, Refusal>;

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A reservation was made or changed; this is how it stands now.
    Reserved(Reservation),
    /// A reservation was paid.
    Paid {
        /// The payment.
        payment: Payment,
        /// The reservation with its tickets.
        reservation: Reservation,
        /// The balance after it.
        balance: Money,
    },
    /// An order that was paid elsewhere was confirmed.
    Confirmed {
        /// The payment.
        payment: Payment,
        /// The reservation with its tickets.
        reservation: Reservation,
    },
    /// A wallet moved.
    Moved {
        /// The entry that was added.
        entry: Entry,
        /// The balance after it.
        balance: Money,
    },
    /// Items were cancelled or a payment was refunded.
    Refunded {
        /// The payment, if there was one.
        payment: Option<Payment>,
        /// The reservation, if there was one.
        reservation: Option<Reservation>,
        /// What went back.
        amount: Money,
        /// The balance of the wallet after it, if money went there.
        balance: Option<Money>,
    },
    /// A hold that was over was swept away.
    Swept(ReservationId),
    /// An operator's change was made.
    Saved {
        /// Which row.
        key: Key,
        /// Its version now.
        version: u64,
    },
    /// A buyer's account was opened.
    Joined(BuyerId),
    /// A payment through a gateway went a step further.
    Gateway {
        /// How far it is.
        payment: Payment,
        /// The reservation, if it changed.
        reservation: Option<Reservation>,
    },
}

/// An answer as it is kept: asked again, it is given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// Of which command.
    pub id: CommandId,
    /// What was asked.
    pub fingerprint: Fingerprint,
    /// When it was decided, from which its age counts; [`StoredAnswer::FOR_EVER`] for one that
    /// never gets old.
    pub at: Moment,
    /// Whether money moved: kept for fifteen days instead of one.
    pub money: bool,
    /// What was answered.
    pub answer: Answer,
}

impl StoredAnswer {
    /// Stands for the time of an answer that is never dropped.
    pub const FOR_EVER: Moment = Moment::MAX;
}
