//! Keeping: whether whoever was paid has the money still. It is asked before tickets are given for money that
//! came too late: for anything but the plain word that all of it is there, there are none.

use super::{Payments, no_gateway};
use crate::ports::gateway::Word;
use crate::{Trouble, TroubleKind};
use admitone_domain::payment::Payment;

const OPERATION: &str = "ask whether the money is there";

/// What whoever was paid has of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// All of it.
    All,
    /// Not all: some went back, or all.
    Less,
    /// Nothing that this payment asked for: none was taken, or something else.
    Nothing,
}

impl Payments {
    /// Asks whoever was paid what is there still of a payment that came too late, and keeps what is said
    /// of it for good.
    ///
    /// # Errors
    /// Nobody here can ask, or nothing definite is said: then nothing is changed.
    pub async fn kept(&self, payment: &Payment) -> Result<Kept, Trouble> {
        let till = self.till(payment).ok_or_else(|| no_gateway(OPERATION))?;
        match till.find().await {
            Word::Taken => Ok(Kept::All),
            Word::GivenBack(back) if back == payment.amount => {
                self.all_is_back(payment).await?;
                Ok(Kept::Less)
            }
            Word::GivenBack(back) => {
                tracing::error!(payment = %payment.id, %back, "a part was given back over there");
                Ok(Kept::Less)
            }
            word @ Word::Declined { .. } => {
                self.settle(payment, word).await?;
                Ok(Kept::Nothing)
            }
            Word::Open | Word::Mismatched => Ok(Kept::Nothing),
            Word::Unknown { code } => Err(silent(code.as_deref())),
            Word::Misconfigured { code } => Err(silent(Some(&code))),
        }
    }
}

fn silent(code: Option<&str>) -> Trouble {
    let said = code.unwrap_or("no answer");
    Trouble::new(TroubleKind::Unavailable, OPERATION, format_args!("nothing definite: {said}"))
}
