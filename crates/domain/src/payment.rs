//! A payment: money taken once, and how much of it went back.

mod attempt;

pub use attempt::{Attempt, GatewayRefund, RefundState, Standing};

use crate::id::{BuyerId, PaymentId, ReservationId};
use crate::{Currency, Moment, Money};
use serde::{Deserialize, Serialize};

/// Money that was taken, or that a gateway is asked to take. It is never deleted; refunds are
/// counted beside it.
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
    /// How much of it went back to a wallet; never more than the amount. What goes back through a
    /// gateway is counted in its [`Attempt`], and so is what is owed to a wallet.
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
    /// A gateway that the house asks to take it: how far that is.
    Gateway(Box<Attempt>),
    /// The buyer's wallet, which was asked in a step of its own, as a gateway is: how far that is.
    Apart(Box<Attempt>),
}

impl Method {
    /// How far it is, where somebody is asked.
    pub fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Wallet | Self::External { .. } => None,
            Self::Gateway(attempt) | Self::Apart(attempt) => Some(attempt),
        }
    }

    /// The same way, so far.
    pub(crate) fn at(&self, attempt: Attempt) -> Self {
        match self {
            Self::Apart(_) => Self::Apart(Box::new(attempt)),
            Self::Wallet | Self::External { .. } | Self::Gateway(_) => {
                Self::Gateway(Box::new(attempt))
            }
        }
    }
}

/// How a payment stands: derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaymentState {
    /// The gateway is being asked for the first time.
    Requested,
    /// The gateway did not say what became of it, and is asked again.
    Unknown,
    /// The money was taken.
    Approved,
    /// The gateway took nothing.
    Declined,
    /// Money goes back through the gateway, which has not confirmed it yet.
    RefundOwed,
    /// All of it went back.
    Refunded,
}

impl Payment {
    /// What may still go back.
    pub fn refundable(&self) -> Money {
        let kept = match &self.method {
            Method::Wallet | Method::External { .. } => self.amount,
            Method::Gateway(attempt) | Method::Apart(attempt) => match attempt.standing {
                Standing::Approved => self.amount,
                Standing::Late
                | Standing::Requested
                | Standing::Unknown
                | Standing::Declined { .. } => return Money::ZERO,
            },
        };
        Money(kept.0.saturating_sub(self.given_back().0))
    }

    /// What went back, to a wallet or through a gateway, or is owed back.
    pub fn given_back(&self) -> Money {
        match &self.method {
            Method::Wallet | Method::External { .. } => self.refunded,
            Method::Gateway(attempt) | Method::Apart(attempt) => attempt.given_back(),
        }
    }

    /// The reservation whose tickets it pays; none while it is not approved, or came too late.
    pub fn pays(&self) -> Option<ReservationId> {
        match &self.method {
            Method::Wallet | Method::External { .. } => self.reservation,
            Method::Gateway(attempt) | Method::Apart(attempt) => {
                self.reservation.filter(|_| attempt.standing == Standing::Approved)
            }
        }
    }

    /// How far it is with its gateway, or with a wallet that is asked like one.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.method.attempt()
    }

    /// From when its gateway or wallet is to be asked something; none when there is nothing to ask.
    pub fn ask_at(&self) -> Option<Moment> {
        self.attempt().and_then(Attempt::open_from)
    }

    /// How it stands.
    pub fn state(&self) -> PaymentState {
        let is_back = self.amount.is_positive() && self.given_back() == self.amount;
        match &self.method {
            Method::Gateway(attempt) | Method::Apart(attempt) => attempt.state(is_back),
            Method::Wallet | Method::External { .. } if is_back => PaymentState::Refunded,
            Method::Wallet | Method::External { .. } => PaymentState::Approved,
        }
    }
}
