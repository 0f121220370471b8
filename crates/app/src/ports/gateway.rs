//! A payment gateway: somebody else who takes a buyer's money and gives it back.
//!
//! It is asked over a network, so what it answers may not arrive, and what was asked may have been
//! done all the same. That is no trouble and no refusal: it is not known, and is asked again.

use admitone_domain::{Currency, Money};
use async_trait::async_trait;

/// Takes money and gives it back.
///
/// # Behavior
/// - Asked twice for the same, it does it once: whoever asks again uses the same key for it.
/// - What may have been done is never said to be declined.
/// - Another amount or order than was asked for is no approval.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Has the money of a payment taken, that the buyer agreed to before.
    async fn confirm(&self, charge: &Charge) -> Word;

    /// Asks what became of a payment.
    async fn find(&self, charge: &Charge) -> Word;

    /// Has money go back.
    async fn give_back(&self, charge: &Charge, back: &GiveBack) -> BackWord;
}

/// A payment as both sides know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// What the gateway calls it.
    pub key: String,
    /// The order that it pays.
    pub order: String,
    /// How much.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveBack {
    /// Its number among those of the payment: asked for again, it has the same one.
    pub number: u32,
    /// How much.
    pub amount: Money,
    /// Whether that is all that was taken.
    pub is_all: bool,
}

/// What a gateway says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It has the money, all of it.
    Taken,
    /// It had the money and gave so much of it back.
    GivenBack(Money),
    /// It took nothing, and will not.
    Declined {
        /// Why.
        code: String,
    },
    /// It was not asked to take it yet.
    Open,
    /// It took something else than what was asked for: another amount, another order.
    Mismatched,
    /// Nothing definite.
    Unknown {
        /// The code that came, if one did.
        code: Option<String>,
    },
    /// It does not take our credentials: a person must look, and nothing is known of the payment.
    Misconfigured {
        /// The code that came.
        code: String,
    },
}

/// What a gateway says of money that is to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackWord {
    /// It went back, now or before.
    Done,
    /// It does not go back.
    Refused {
        /// Why.
        code: String,
    },
    /// Nothing definite: asked again, with the same number.
    Unknown {
        /// The code that came, if one did.
        code: Option<String>,
    },
}
