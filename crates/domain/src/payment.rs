//! A payment: money taken once, and how much of it went back.

use crate::id::{BuyerId, PaymentId, ReservationId};
use crate::{Currency, Moment, Money};
use serde::{Deserialize, Serialize};

/// Money that was taken. It is never deleted; refunds are counted beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id.
    pub id: PaymentId,
    /// Who paid.
    pub buyer: BuyerId,
    /// What for; none for a plain use of the wallet.
    pub reservation: Option<ReservationId>,
    /// How much.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
    /// How much of it went back; never more than the amount.
    pub refunded: Money,
    /// Where the money came from.
    pub method: Method,
    /// When.
    pub created_at: Moment,
}

/// Where the money of a payment came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// The buyer's wallet.
    Wallet,
    /// A payment that somebody else took; the key is theirs.
    External {
        /// What they call it.
        key: String,
        /// The order it pays.
        order: String,
    },
}

impl Payment {
    /// What may still go back.
    pub fn refundable(&self) -> Money {
        Money(self.amount.0.saturating_sub(self.refunded.0))
    }
}
