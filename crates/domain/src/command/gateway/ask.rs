//! Ask: somebody is about to ask a gateway again, and nobody else is meanwhile.

use super::super::{Command, Rule};
use super::{find, keys, save};
use crate::decide::Workbench;
use crate::id::PaymentId;
use crate::payment::Standing;
use crate::{Answer, Happening, Key, Outcome, Refusal, Rows};
use serde::{Deserialize, Serialize};

/// Takes the next question to a gateway, or notes that the last one was not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// About which payment.
    pub payment: PaymentId,
    /// The number of questions that the asker saw; with another one somebody else was quicker.
    pub asked: u32,
    /// How long nobody else asks, in milliseconds.
    pub wait_ms: u64,
    /// That the last question was not answered with anything definite.
    pub unanswered: Option<Unanswered>,
}

/// A question that nothing definite came back for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unanswered {
    /// The code that came, if one did.
    pub code: Option<String>,
}

impl Rule for Ask {
    fn keys(&self, _command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        // All of them, though one changes: a lane is found by the show.
        keys(self.payment, rows, want);
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        let (payment, mut attempt) = find(bench, command, self.payment)?;
        let is_open = attempt.is_pending() || attempt.owed().is_some();
        if !is_open || attempt.asked != self.asked {
            return Err(Refusal::InvalidState);
        }
        attempt.asked += 1;
        attempt.ask_at = bench.now().plus_ms(self.wait_ms);
        if let Some(unanswered) = &self.unanswered {
            attempt.said.clone_from(&unanswered.code);
            if attempt.standing == Standing::Requested {
                attempt.standing = Standing::Unknown;
                bench.tell(Key::Payment(payment.id), Happening::PaymentUnknown);
            }
        }
        let payment = save(bench, payment, attempt);
        Ok(Outcome::Gateway { payment, reservation: None })
    }
}
