//! The till: whom a payment asks for its money, the gateway of the house or the wallet of its buyer.

use super::purse::Purse;
use crate::ports::gateway::{BackWord, Charge, Gateway, GiveBack, Word};
use admitone_domain::payment::{Attempt, Method, Payment};

/// Whom a payment asks.
pub(super) enum Till<'a> {
    /// Somebody else.
    Gateway(&'a dyn Gateway, Charge),
    /// A wallet of ours, in a step of its own.
    Purse(&'a Purse, &'a Payment),
}

impl<'a> Till<'a> {
    /// That of a payment, if it has one and the house has it too.
    pub(super) fn of(
        payment: &'a Payment,
        gateway: Option<&'a dyn Gateway>,
        purse: &'a Purse,
    ) -> Option<Self> {
        match &payment.method {
            Method::Wallet | Method::External { .. } => None,
            Method::Gateway(attempt) => {
                gateway.map(|gateway| Self::Gateway(gateway, charge(payment, attempt)))
            }
            Method::Apart(_) => Some(Self::Purse(purse, payment)),
        }
    }

    /// Has the money taken.
    pub(super) async fn confirm(&self) -> Word {
        match self {
            Self::Gateway(gateway, charge) => counted(gateway.confirm(charge).await),
            Self::Purse(purse, payment) => purse.take(payment).await,
        }
    }

    /// Asks what became of it.
    pub(super) async fn find(&self) -> Word {
        match self {
            Self::Gateway(gateway, charge) => counted(gateway.find(charge).await),
            Self::Purse(purse, payment) => purse.find(payment).await,
        }
    }

    /// Has money go back.
    pub(super) async fn give_back(&self, back: &GiveBack) -> BackWord {
        match self {
            Self::Gateway(gateway, charge) => gateway.give_back(charge, back).await,
            Self::Purse(purse, payment) => purse.put_back(payment, back).await,
        }
    }
}

fn charge(payment: &Payment, attempt: &Attempt) -> Charge {
    Charge {
        key: attempt.key.clone(),
        order: attempt.order.clone(),
        amount: payment.amount,
        currency: payment.currency,
    }
}

fn counted(word: Word) -> Word {
    let said = match word {
        Word::Taken => "taken",
        Word::GivenBack(_) => "given_back",
        Word::Declined { .. } => "declined",
        Word::Open => "open",
        Word::Mismatched => "mismatched",
        Word::Unknown { .. } => "unknown",
        Word::Misconfigured { .. } => "misconfigured",
    };
    metrics::counter!("admitone_gateway_answers_total", "answer" => said).increment(1);
    word
}
