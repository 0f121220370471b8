//! The purse: a buyer's wallet as a payment asks it that was taken apart, like a gateway.
//!
//! Every question is a command that goes the way of those that move wallets, by the wallet's lane. It
//! is done once however often it is asked: its name is a hash of what it says, and the wallet's side
//! keeps for ever what it did for a payment. Of what goes back each question has a name of its own:
//! what was not there to be given back may be there later.

use super::names;
use super::step::NOTHING_TAKEN;
use crate::box_office::BoxOffice;
use crate::ports::delivery::Reply;
use crate::ports::gateway::{BackWord, GiveBack, Word};
use crate::{Trouble, TroubleKind};
use admitone_domain::command::Part;
use admitone_domain::command::part::{PutBack, Take};
use admitone_domain::pass::PassKey;
use admitone_domain::payment::{Payment, Standing};
use admitone_domain::{Action, Answer, Key, Money, Outcome, Refusal};

/// Asks wallets.
pub(super) struct Purse {
    pub(super) office: BoxOffice,
}

impl Purse {
    /// Has the money of a payment taken.
    pub(super) async fn take(&self, payment: &Payment) -> Word {
        let Payment { id, buyer, amount, currency, .. } = *payment;
        let take = Take { payment: id, buyer, amount, currency };
        match self.ask(Part::Take(take), 0).await {
            Ok(Ok(Outcome::Saved { key, .. })) if key == Key::Pass(PassKey::closed(id)) => {
                let short = Refusal::InsufficientFunds { balance: Money::ZERO, needed: amount };
                Word::Declined { code: short.code().to_owned() }
            }
            Ok(Ok(_)) => Word::Taken,
            Ok(Err(refusal)) if refusal.may_pass() => {
                Word::Unknown { code: Some(refusal.code().to_owned()) }
            }
            Ok(Err(refusal)) => Word::Declined { code: refusal.code().to_owned() },
            Err(trouble) => Word::Unknown { code: unanswered(&trouble) },
        }
    }

    /// What became of a payment, as far as the wallet's side has settled it.
    pub(super) async fn find(&self, payment: &Payment) -> Word {
        let keys = [PassKey::taken(payment.id), PassKey::closed(payment.id)].map(Key::Pass);
        match self.office.reads.rows(&keys).await.as_deref() {
            Ok([Some(_), _]) => Word::Taken,
            Ok([None, Some(_)]) => Word::Declined { code: NOTHING_TAKEN.to_owned() },
            Ok(_) => Word::Open,
            Err(trouble) => Word::Unknown { code: unanswered(trouble) },
        }
    }

    /// Has money of a payment put back.
    pub(super) async fn put_back(&self, payment: &Payment, back: &GiveBack) -> BackWord {
        let Payment { id, buyer, currency, .. } = *payment;
        let standing = payment.attempt().map(|attempt| &attempt.standing);
        let was_taken = standing == Some(&Standing::Approved);
        let (number, amount) = (back.number, back.amount);
        let put_back = PutBack { payment: id, number, buyer, amount, currency, was_taken };
        match self.ask(Part::PutBack(put_back), asked(payment)).await {
            Ok(Ok(Outcome::Saved { key, .. })) if key == Key::Pass(PassKey::closed(id)) => {
                BackWord::Refused { code: NOTHING_TAKEN.to_owned() }
            }
            Ok(Ok(_)) => BackWord::Done,
            Ok(Err(refusal)) if refusal.may_pass() => {
                BackWord::Unknown { code: Some(refusal.code().to_owned()) }
            }
            Ok(Err(refusal)) => BackWord::Refused { code: refusal.code().to_owned() },
            Err(trouble) => BackWord::Unknown { code: unanswered(&trouble) },
        }
    }

    /// The wallet's answer to the question of a number; trouble when there is none yet.
    async fn ask(&self, part: Part, number: u32) -> Result<Answer, Trouble> {
        let id = names::part(&part, number);
        let command = names::house(id, self.office.ids.record().await?, Action::Part(part));
        match self.office.delivery.submit(command).await? {
            Reply::Answered { answer, .. } => Ok(answer.answer.clone()),
            Reply::Accepted(_) | Reply::KeyReused => {
                Err(Trouble::new(TroubleKind::Busy, "ask a wallet", "it has not answered yet"))
            }
        }
    }
}

/// The number of a question about money that goes back: each is decided anew, and what was done before
/// is known by its mark.
fn asked(payment: &Payment) -> u32 {
    payment.attempt().map_or(0, |attempt| attempt.asked)
}

/// What was not answered may have been done: it is asked again.
fn unanswered(trouble: &Trouble) -> Option<String> {
    tracing::debug!(%trouble, "a wallet did not answer");
    None
}
