//! An attempt: a payment through a gateway, from the first question to the last refund.
//!
//! It says what is known here, never what the gateway knows. What is not known yet is asked for
//! again, and only a definite word ends it.

use super::PaymentState;
use crate::pass::PassKey;
use crate::{Moment, Money};
use serde::{Deserialize, Serialize};

/// How far a payment through a gateway is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What the gateway calls the payment.
    pub key: String,
    /// Which order it pays, as both sides call it.
    pub order: String,
    /// What is known of it.
    pub standing: Standing,
    /// The pass with which it was asked for; it ends when the tickets are given.
    pub pass: Option<PassKey>,
    /// When the hold ends to which a decline returns.
    pub held_until: Moment,
    /// How often the gateway was to be asked so far. Who wants to ask says the number that he saw,
    /// so that of several one alone does.
    pub asked: u32,
    /// Nobody else asks before this moment.
    pub ask_at: Moment,
    /// The code that the gateway said last, if it said one that decided nothing.
    pub said: Option<String>,
    /// What goes back, each with a number from 0: its place.
    pub refunds: Vec<GatewayRefund>,
}

/// What is known of a payment through a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// It was to be asked for; the first answer is not there yet.
    Requested,
    /// An answer did not say what became of it.
    Unknown,
    /// The money was taken, and tickets were given for it.
    Approved,
    /// The money was taken, or may have been, and there is no ticket for it: all of it goes back.
    Late,
    /// Nothing was taken.
    Declined {
        /// Why, as the gateway says it.
        code: String,
    },
}

/// Money that goes back through a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayRefund {
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: RefundState,
}

/// How far a refund is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RefundState {
    /// The gateway is asked until it says something definite.
    Owed,
    /// It went back.
    Done,
    /// The gateway will not: a person decides.
    Refused {
        /// Why, as the gateway says it.
        code: String,
    },
    /// It is not to go back under this number any more: the gateway refused it, or nothing had
    /// been taken. A gateway remembers what it said to a number, so another try has a new one.
    Dropped,
}

impl Attempt {
    /// Whether a reservation is pinned until the gateway says something definite.
    pub fn is_pending(&self) -> bool {
        matches!(self.standing, Standing::Requested | Standing::Unknown)
    }

    /// The sum of what went or goes back.
    pub fn given_back(&self) -> Money {
        let counted = self.refunds.iter().filter(|refund| refund.state != RefundState::Dropped);
        Money::sum(counted.map(|refund| refund.amount)).unwrap_or(Money(i64::MAX))
    }

    /// The first refund that is owed, with its number.
    pub fn owed(&self) -> Option<(u32, &GatewayRefund)> {
        (0..).zip(&self.refunds).find(|(_, refund)| refund.state == RefundState::Owed)
    }

    /// Drops the refunds that are not done; what they came to.
    pub(crate) fn drop_refunds(&mut self) -> Money {
        let mut dropped = Money::ZERO;
        for refund in &mut self.refunds {
            if matches!(refund.state, RefundState::Owed | RefundState::Refused { .. }) {
                dropped = Money(dropped.0.saturating_add(refund.amount.0));
                refund.state = RefundState::Dropped;
            }
        }
        dropped
    }

    /// Whether the gateway refused to give something back.
    pub fn is_stuck(&self) -> bool {
        self.refunds.iter().any(|refund| matches!(refund.state, RefundState::Refused { .. }))
    }

    /// From when the gateway is to be asked; never, but not forgotten, when a person must decide.
    pub(super) fn open_from(&self) -> Option<Moment> {
        if self.is_pending() || self.owed().is_some() {
            Some(self.ask_at)
        } else {
            self.is_stuck().then_some(Moment::MAX)
        }
    }

    pub(super) fn state(&self, is_back: bool) -> PaymentState {
        match &self.standing {
            Standing::Requested => PaymentState::Requested,
            Standing::Unknown => PaymentState::Unknown,
            Standing::Declined { .. } => PaymentState::Declined,
            Standing::Approved | Standing::Late if self.open_from().is_some() => {
                PaymentState::RefundOwed
            }
            Standing::Approved | Standing::Late if is_back => PaymentState::Refunded,
            Standing::Approved | Standing::Late => PaymentState::Approved,
        }
    }
}
