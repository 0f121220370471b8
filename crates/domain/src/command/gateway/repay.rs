//! Repay: what became of money that goes back through a gateway.

use super::super::{Command, Rule};
use super::{find, keys, save};
use crate::decide::Workbench;
use crate::id::PaymentId;
use crate::payment::{Method, RefundState};
use crate::{Answer, Happening, Key, Outcome, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Says what became of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repay {
    /// Of which payment.
    pub payment: PaymentId,
    /// Which of its refunds.
    pub number: u32,
    /// What.
    pub repaid: Repaid,
}

/// What can definitely become of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Repaid {
    /// It went back.
    Done,
    /// The gateway will not.
    Refused {
        /// Why.
        code: String,
    },
}

impl Rule for Repay {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        // All of them, though one changes: a lane is found by the show.
        keys(self.payment, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let (mut payment, mut attempt) = find(bench, command, self.payment)?;
        let found = usize::try_from(self.number).ok().and_then(|at| attempt.refunds.get_mut(at));
        let refund = found.ok_or(Refusal::UnknownPayment)?;
        match (&refund.state, &self.repaid) {
            (RefundState::Owed | RefundState::Refused { .. }, Repaid::Done) => {
                refund.state = RefundState::Done;
                if let Method::Apart(_) = payment.method {
                    let refunded = payment.refunded.plus(refund.amount);
                    payment.refunded = refunded.ok_or(Refusal::AmountOverflow)?;
                }
                let reservation = payment.reservation;
                bench.tell(Key::Payment(payment.id), Happening::Refunded { reservation });
            }
            (RefundState::Owed, Repaid::Refused { code }) => {
                refund.state = RefundState::Refused { code: code.clone() };
            }
            (RefundState::Done | RefundState::Refused { .. } | RefundState::Dropped, _) => {
                return Ok(Outcome::Gateway { payment, reservation: None });
            }
        }
        attempt.said = None;
        // What else is owed need not wait.
        attempt.ask_at = bench.now();
        let payment = save(bench, payment, attempt);
        Ok(Outcome::Gateway { payment, reservation: None })
    }
}
