//! Whole again: a payment from the wallet that was taken apart is answered as one that was not, once
//! its parts have met.

use super::Payments;
use crate::Trouble;
use crate::ports::delivery::{Delivery, Receipt, Reply};
use crate::ports::reads::Reads;
use admitone_domain::id::PaymentId;
use admitone_domain::payment::{Method, Payment, Standing};
use admitone_domain::{
    Action, Answer, Command, Key, Loaded, Money, Outcome, Refusal, Row, StoredAnswer,
};
use async_trait::async_trait;
use std::sync::Arc;

/// Brings commands, and waits for the parts of a payment that was taken apart.
pub struct Whole {
    /// What brings commands.
    pub delivery: Arc<dyn Delivery>,
    /// Carries on what was taken apart.
    pub payments: Arc<Payments>,
}

#[async_trait]
impl Delivery for Whole {
    /// While the parts have not met when a buyer would have waited too long, the reply is that of
    /// the first: the payment has been begun.
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        if !matches!(command.action, Action::Pay(_)) {
            return self.delivery.submit(command).await;
        }
        let reply = self.delivery.submit(command).await?;
        if let Some(payment) = parted(&reply) {
            self.payments.wait(payment).await?;
        }
        self.now(reply).await
    }

    /// One that has begun is kept: how it ended is asked for under its own name.
    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        if !matches!(command.action, Action::Pay(_)) {
            return self.delivery.hand_over(command).await;
        }
        let until = self.payments.office.clock.now().plus_ms(self.payments.limits.answer_ms);
        let until = command.deadline.unwrap_or(until);
        let receipt = Receipt { id: command.id, fresh: command.fresh, until };
        let reply = self.now(self.delivery.hand_over(command).await?).await?;
        Ok(if parted(&reply).is_some() { Reply::Accepted(receipt) } else { reply })
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.delivery.check().await
    }

    async fn ended(&self) {
        self.delivery.ended().await;
    }

    fn waiting(&self) -> usize {
        self.delivery.waiting()
    }
}

impl Whole {
    async fn now(&self, reply: Reply) -> Result<Reply, Trouble> {
        let Reply::Answered { answer, replayed } = &reply else { return Ok(reply) };
        let now = as_it_stands(&*self.payments.office.reads, answer).await?;
        Ok(match now {
            Some(answer) => Reply::Answered { answer, replayed: *replayed },
            None => reply,
        })
    }
}

fn parted(reply: &Reply) -> Option<PaymentId> {
    match reply {
        Reply::Answered { answer, .. } => begun_apart(answer).map(|payment| payment.id),
        Reply::KeyReused | Reply::Accepted(_) => None,
    }
}

/// The payment that an answer says was begun, if it was taken apart. What an operator decided about
/// one is answered with the same outcome, and stays answered so.
fn begun_apart(stored: &StoredAnswer) -> Option<&Payment> {
    let Ok(Outcome::Gateway { payment, reservation: Some(_) }) = &stored.answer else {
        return None;
    };
    let Method::Apart(attempt) = &payment.method else { return None };
    let has_begun = match attempt.standing {
        Standing::Requested => true,
        // What costs nothing is sold by its beginning.
        Standing::Approved => payment.amount == Money::ZERO,
        Standing::Unknown | Standing::Declined { .. } | Standing::Late => false,
    };
    has_begun.then_some(payment)
}

/// An answer, where it says that a payment was begun in parts as that payment stands now: like the
/// answer to one that was made in one step. None while the wallet has not said yet whether it pays.
pub async fn as_it_stands(
    reads: &dyn Reads,
    stored: &Arc<StoredAnswer>,
) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
    let Some(begun) = begun_apart(stored) else { return Ok(Some(Arc::clone(stored))) };
    let mut keys = vec![Key::Payment(begun.id), Key::Wallet(begun.buyer)];
    keys.extend(begun.reservation.map(Key::Reservation));
    let found = reads.rows(&keys).await?.into_iter().flatten().map(Loaded::into_row);
    let answer = whole(found.collect());
    Ok(answer.map(|answer| Arc::new(StoredAnswer { answer, ..(**stored).clone() })))
}

fn whole(rows: Vec<Row>) -> Option<Answer> {
    let (mut payment, mut reservation, mut balance) = (None, None, Money::ZERO);
    for row in rows {
        match row {
            Row::Payment(found) => payment = Some(found),
            Row::Reservation(found) => reservation = Some(found),
            Row::Wallet(wallet) => balance = wallet.balance,
            _ => {}
        }
    }
    let (payment, reservation) = payment.zip(reservation)?;
    match payment.attempt().map(|attempt| &attempt.standing)? {
        Standing::Requested | Standing::Unknown => None,
        Standing::Approved => Some(Ok(Outcome::Paid { payment, reservation, balance })),
        Standing::Declined { code } => Some(Err(refused(code, balance, payment.amount))),
        // What was taken goes back: there was no ticket for it any more.
        Standing::Late => Some(Err(Refusal::HoldExpired)),
    }
}

fn refused(code: &str, balance: Money, needed: Money) -> Refusal {
    let short = Refusal::InsufficientFunds { balance, needed };
    [short, Refusal::CurrencyMismatch]
        .into_iter()
        .find(|refusal| refusal.code() == code)
        .unwrap_or(Refusal::InvalidState)
}
