//! Defects in what is told.

use super::{Deed, Turn};
use admitone_app::Trouble;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_domain::id::ReservationId;
use admitone_domain::{Action, Command, CommandId, Money, Outcome, Refusal, StoredAnswer};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};

/// A delivery that tells something else.
pub(super) struct Spoilt {
    delivery: Arc<dyn Delivery>,
    turn: Arc<Turn>,
    /// What somebody was told last.
    last: Mutex<Option<Reply>>,
}

impl Spoilt {
    pub(super) fn new(delivery: Arc<dyn Delivery>, turn: Arc<Turn>) -> Self {
        Self { delivery, turn, last: Mutex::new(None) }
    }

    fn told(&self, answer: &StoredAnswer) -> Option<StoredAnswer> {
        let mut told = answer.clone();
        match &mut told.answer {
            Ok(Outcome::Moved { balance, .. }) if self.turn.is_due(Deed::TellOtherBalance) => {
                *balance = Money(balance.0 + 1);
            }
            Ok(Outcome::Reserved(reservation)) if self.turn.is_due(Deed::TellOtherReservation) => {
                reservation.id = ReservationId(reservation.id.0 + 1_000_000_000);
            }
            Ok(Outcome::Reserved(_)) if self.turn.is_due(Deed::TellRefusal) => {
                told.answer = Err(Refusal::SaleClosed);
            }
            _ => return None,
        }
        Some(told)
    }

    fn anothers(&self, reply: &Reply) -> Option<Reply> {
        let Reply::Answered { answer, .. } = reply else { return None };
        let is_meant = matches!(answer.answer, Ok(Outcome::Moved { .. } | Outcome::Reserved(_)));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if is_meant && self.turn.is_due(Deed::TellAnothers) {
            return last.clone();
        }
        if is_meant {
            *last = Some(reply.clone());
        }
        None
    }
}

#[async_trait]
impl Delivery for Spoilt {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let is_movement = matches!(command.action, Action::Charge(_) | Action::Spend(_));
        if is_movement && self.turn.is_due(Deed::DoTwice) {
            let fresh = command.fresh + 1_000_000_000;
            let again = Command { id: CommandId(command.id.0 ^ 1), fresh, ..command.clone() };
            self.delivery.submit(again).await?;
        }
        let reply = self.delivery.submit(command).await?;
        if let Some(other) = self.anothers(&reply) {
            return Ok(other);
        }
        let Reply::Answered { answer, replayed } = &reply else { return Ok(reply) };
        match self.told(answer) {
            Some(told) => Ok(Reply::Answered { answer: Arc::new(told), replayed: *replayed }),
            None => Ok(reply),
        }
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.delivery.hand_over(command).await
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
