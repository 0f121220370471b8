//! The log of an endpoint, and what is sent to it now and once.

use super::{DeskTrouble, WebhookDesk, intent};
use crate::logbook::{By, Deed};
use crate::ports::webhooks::{Attempt, Endpoint};
use crate::webhooks::carrier::{Meaning, count, meaning};
use crate::webhooks::message::{TRIAL, letter, message_id, trial};

/// A search for a message looks at so many attempts.
const LOOKED_AT_MAX: usize = 10_000;
/// No event has this number.
const NO_EVENT: u64 = 0;

/// What is sent now.
struct Message {
    id: String,
    event: u64,
    kind: String,
    body: String,
}

impl WebhookDesk {
    /// Its log, the newest first.
    pub async fn log(
        &self,
        id: u64,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Attempt)>, DeskTrouble> {
        self.read(id).await?;
        Ok(self.webhooks.attempts(id, below, limit).await?)
    }

    /// Sends a message of the log again, now and once; what came of it stands in the log too. Its
    /// id is the same as before.
    pub async fn replay(&self, id: u64, event: u64, by: By) -> Result<Attempt, DeskTrouble> {
        let intent = intent(Deed::Replayed, id, by);
        self.book.tell(intent, self.replayed(id, event)).await
    }

    async fn replayed(&self, id: u64, event: u64) -> Result<Attempt, DeskTrouble> {
        let endpoint = self.read(id).await?;
        let attempts = self.webhooks.attempts(id, None, LOOKED_AT_MAX).await?;
        let known = attempts.into_iter().map(|(_, attempt)| attempt);
        let is_it = |attempt: &Attempt| attempt.event == event && event != NO_EVENT;
        let known = known.into_iter().find(is_it);
        let known = known.ok_or(DeskTrouble::Missing("message in the log"))?;
        let Attempt { kind, body, .. } = known;
        self.send(&endpoint, Message { id: message_id(event), event, kind, body }).await
    }

    /// Sends a message that tells of nothing, now and once, also to one that is disabled.
    pub async fn test(&self, id: u64, by: By) -> Result<Attempt, DeskTrouble> {
        self.book.tell(intent(Deed::Tested, id, by), self.tested(id)).await
    }

    async fn tested(&self, id: u64) -> Result<Attempt, DeskTrouble> {
        let endpoint = self.read(id).await?;
        let now = self.clock.now();
        let message = Message {
            id: format!("test_{}", now.0),
            event: NO_EVENT,
            kind: TRIAL.to_owned(),
            body: trial(&endpoint, now),
        };
        self.send(&endpoint, message).await
    }

    async fn send(&self, endpoint: &Endpoint, message: Message) -> Result<Attempt, DeskTrouble> {
        let Message { id, event, kind, body } = message;
        let at = self.clock.now();
        let answered = self.courier.send(&letter(endpoint, &id, &body, at)).await;
        let took_ms = self.clock.now().ms_since(at);
        count(meaning(&answered), meaning(&answered) == Meaning::Failed);
        let attempt = Attempt {
            endpoint: endpoint.id,
            event,
            kind,
            body,
            attempt: 0,
            at,
            took_ms,
            status: answered.as_ref().ok().map(|answered| answered.status),
            error: answered.err(),
            next: None,
        };
        self.webhooks.log(std::slice::from_ref(&attempt)).await?;
        Ok(attempt)
    }
}
