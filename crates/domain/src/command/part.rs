//! Parts: what a command comes to that writes stock and a wallet, where the two are settled apart,
//! each by its own lane.
//!
//! The part on the side of the stock comes first and keeps in the payment what the wallet is to do;
//! [`Take`] and [`PutBack`] do it, each once however often it is asked for; then the payment is told,
//! by the same steps that tell it what a gateway said. No part writes both.

mod give_back;
mod pin;
mod put_back;
mod take;

pub use pin::Pin;
pub use put_back::PutBack;
pub use take::Take;

use super::{Action, Actor, Cancel, Command, Pay, Refund, Rule};
use crate::decide::Workbench;
use crate::id::PaymentId;
use crate::pass::{Pass, PassKey};
use crate::{Answer, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// A part of a command that was taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// See [`Pin`].
    Pin(Pin),
    /// See [`Cancel`]: the tickets end, and their price is owed to the wallet.
    Cancel(Cancel),
    /// See [`Refund`]: all of a reservation's tickets end, and their price is owed.
    Refund(Refund),
    /// See [`Take`].
    Take(Take),
    /// See [`PutBack`].
    PutBack(PutBack),
}

impl Action {
    /// The part that comes first of what writes stock and wallet; anything else as it is. Nobody
    /// else asks the wallet for so long, in milliseconds, after a payment began.
    #[must_use]
    pub fn apart(self, wait_ms: u64) -> Self {
        match self {
            Self::Pay(Pay { reservation, expected }) => {
                Self::Part(Part::Pin(Pin { reservation, expected, wait_ms }))
            }
            Self::Cancel(cancel) => Self::Part(Part::Cancel(cancel)),
            Self::Refund(refund) => Self::Part(Part::Refund(refund)),
            other => other,
        }
    }
}

impl Rule for Part {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        match self {
            Self::Pin(pin) => pin.keys(command, rows, want),
            Self::Cancel(cancel) => give_back::cancel_keys(cancel, command, rows, want),
            Self::Refund(refund) => give_back::refund_keys(refund, command, rows, want),
            Self::Take(take) => take.keys(command, rows, want),
            Self::PutBack(put_back) => put_back.keys(command, rows, want),
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        match self {
            Self::Pin(pin) => pin.decide(command, bench),
            Self::Cancel(cancel) => give_back::cancel(cancel, command, bench),
            Self::Refund(refund) => give_back::refund(refund, command, bench),
            Self::Take(take) => take.decide(command, bench),
            Self::PutBack(put_back) => put_back.decide(command, bench),
        }
    }
}

/// What a wallet does for a payment the house alone asks for.
fn must_be_house(command: &Command) -> Result<(), Refusal> {
    match command.actor {
        Actor::House => Ok(()),
        Actor::Buyer(_) | Actor::Operator(_) => Err(Refusal::UnknownPayment),
    }
}

/// What a wallet's side must know of a payment before it moves anything for it.
fn marks(payment: PaymentId) -> [Key; 3] {
    [PassKey::taken(payment), PassKey::closed(payment), PassKey::decided(payment)].map(Key::Pass)
}

/// Marks whether the money of a payment was taken, once for all.
fn decide(bench: &mut Workbench<'_>, payment: PaymentId, key: PassKey) -> Outcome {
    mark(bench, PassKey::decided(payment));
    mark(bench, key)
}

/// Marks that something was done, for ever.
fn mark(bench: &mut Workbench<'_>, key: PassKey) -> Outcome {
    bench.write(Row::Pass(Pass { key, ended_at: bench.now() }));
    Outcome::Saved { key: Key::Pass(key), version: bench.version_after(Key::Pass(key)) }
}

/// What is answered when it was marked before.
fn marked(bench: &Workbench<'_>, key: PassKey) -> Outcome {
    Outcome::Saved { key: Key::Pass(key), version: bench.version(Key::Pass(key)) }
}
