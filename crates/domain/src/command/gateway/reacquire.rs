//! Reacquire: an operator gives tickets after all for money that came too late and that the
//! gateway refused to give back.

use super::super::{Command, Rule, tell_staff};
use super::settle::approve_late;
use super::{find, keys, reservation_of};
use crate::decide::Workbench;
use crate::id::{PaymentId, ShowId};
use crate::payment::{Attempt, RefundState, Standing};
use crate::{Answer, Deed, Key, Outcome, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Gives the same seats for a payment, if they are free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacquire {
    /// Which payment.
    pub payment: PaymentId,
    /// The show of its reservation.
    pub show: ShowId,
}

impl Rule for Reacquire {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        want.push(Key::Show(self.show));
        keys(self.payment, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let (payment, mut attempt) = find(bench, command, self.payment)?;
        check_kept(&attempt)?;
        attempt.drop_refunds();
        let reservation = reservation_of(bench, &payment)?;
        match approve_late(bench, payment, attempt, reservation) {
            got @ Outcome::Gateway { reservation: Some(_), .. } => {
                tell_staff(bench, command, Key::Payment(self.payment), Deed::Reacquired);
                Ok(got)
            }
            _ => Err(Refusal::HoldExpired),
        }
    }
}

/// Whether the gateway has the money still: tickets for what went back, or is on its way, would be
/// tickets for nothing.
fn check_kept(attempt: &Attempt) -> Result<(), Refusal> {
    if attempt.standing != Standing::Late {
        return Err(Refusal::InvalidState);
    }
    if attempt.owed().is_some() {
        return Err(Refusal::RefundOwed);
    }
    if attempt.refunds.iter().any(|refund| refund.state == RefundState::Done) {
        return Err(Refusal::AlreadyRefunded);
    }
    Ok(())
}
