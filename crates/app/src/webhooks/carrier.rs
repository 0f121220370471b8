//! Carries the events of a lane to an endpoint, one after the other.

use super::message::{body, letter, message_id};
use super::patience::{ASKED_MAX_MS, GIVEN_UP_MS, wait_ms};
use crate::Trouble;
use crate::events::{Carrier, Fate, Parcel};
use crate::ports::clock::Clock;
use crate::ports::webhooks::{Answered, Attempt, Courier, Endpoint, GONE, WHY_GONE, Webhooks};
use admitone_domain::{Key, Moment};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// One turn of a lane takes no longer than this and one request, so that leases are kept.
const TURN_MS: u64 = 2_000;

/// Carries to one endpoint.
pub(super) struct WebhookCarrier {
    pub(super) endpoint: Mutex<Endpoint>,
    pub(super) webhooks: Arc<dyn Webhooks>,
    pub(super) courier: Arc<dyn Courier>,
    pub(super) clock: Arc<dyn Clock>,
    /// The address under which the house is reached.
    pub(super) base: String,
    /// The last event that is told, if there is a last.
    pub(super) end: Option<u64>,
    /// The endpoint asked not to be asked before.
    pub(super) not_before: Mutex<Option<Moment>>,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Arrived,
    Gone,
    Failed,
}

impl WebhookCarrier {
    pub(super) fn endpoint(&self) -> Endpoint {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of how the endpoint is now.
    pub(super) fn change(&self, endpoint: Endpoint) {
        *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    /// Whether the endpoint asked for patience that is not over.
    fn is_to_wait(&self) -> bool {
        let not_before = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        not_before.is_some_and(|until| self.clock.now() < until)
    }

    /// Takes note of the patience that the endpoint asked for: what it asked for before still holds.
    fn note_patience(&self, now: Moment, asked_ms: u64) {
        let until = now.plus_ms(asked_ms.min(ASKED_MAX_MS));
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *not_before = (*not_before).max(Some(until));
    }

    /// Tries once; what came of it, and what is to be written into the log.
    async fn attempt(&self, endpoint: &Endpoint, parcel: &Parcel) -> (Fate, Meaning, Attempt) {
        let begun = self.clock.now();
        let message = body(&parcel.envelope, &self.base);
        let event = parcel.envelope.number;
        let id = message_id(event);
        let answered = self.courier.send(&letter(endpoint, &id, &message, begun)).await;
        let meaning = meaning(&answered);
        let now = self.clock.now();
        let attempt = parcel.attempts + 1;
        let (since, spread) = (parcel.since.unwrap_or(begun), spread(endpoint.id, event, attempt));
        let is_given_up = now.ms_since(since) >= GIVEN_UP_MS;
        let asked_ms = answered.as_ref().ok().and_then(|answered| answered.not_within_ms);
        if let (Meaning::Failed, Some(asked_ms)) = (meaning, asked_ms) {
            self.note_patience(now, asked_ms);
        }
        let next = now.plus_ms(wait_ms(attempt, spread, asked_ms));
        let fate = match meaning {
            Meaning::Arrived => Fate::Done,
            Meaning::Gone => Fate::Untried,
            Meaning::Failed if is_given_up => Fate::Done,
            Meaning::Failed => Fate::Later(next),
        };
        let logged = Attempt {
            endpoint: endpoint.id,
            event,
            kind: parcel.envelope.kind(),
            body: message,
            attempt,
            at: begun,
            took_ms: now.ms_since(begun),
            status: answered.as_ref().ok().map(|answered| answered.status),
            error: answered.err(),
            next: matches!(fate, Fate::Later(_)).then_some(next),
        };
        count(meaning, is_given_up);
        (fate, meaning, logged)
    }

    /// The endpoint wants nothing more.
    async fn disable(&self, endpoint: &Endpoint) -> Result<(), Trouble> {
        let disabled = Some(WHY_GONE.to_owned());
        let (version, changed_by) = (endpoint.version + 1, "house".to_owned());
        let gone = Endpoint { version, disabled, changed_by, ..endpoint.clone() };
        if self.webhooks.put(&gone).await? {
            tracing::info!(endpoint = endpoint.id, "an endpoint wants no more webhooks");
            self.change(gone);
        }
        Ok(())
    }
}

#[async_trait]
impl Carrier for WebhookCarrier {
    async fn carry(&self, _lane: u8, parcels: Vec<Parcel>) -> Result<Vec<Fate>, Trouble> {
        let endpoint = self.endpoint();
        let begun = self.clock.now();
        let (mut fates, mut log) = (Vec::with_capacity(parcels.len()), Vec::new());
        let mut stopped: BTreeSet<Key> = BTreeSet::new();
        let (mut is_gone, mut has_failed) = (endpoint.disabled.is_some(), false);
        for parcel in &parcels {
            let key = parcel.envelope.event.aggregate;
            let is_beyond = self.end.is_some_and(|end| parcel.envelope.number > end);
            let is_wanted = !is_beyond && endpoint.wants(&parcel.envelope.kind());
            if !is_wanted && !stopped.contains(&key) {
                fates.push(Fate::Done);
                continue;
            }
            let has_time = self.clock.now().ms_since(begun) < TURN_MS;
            // After one failure the rest of the lane waits for the next turn: an endpoint that is
            // away is not asked for each message of a lane in one breath.
            if is_gone || has_failed || !has_time || self.is_to_wait() || stopped.contains(&key) {
                fates.push(Fate::Untried);
                stopped.insert(key);
                continue;
            }
            let (fate, meaning, logged) = self.attempt(&endpoint, parcel).await;
            is_gone = meaning == Meaning::Gone;
            has_failed = meaning == Meaning::Failed;
            if fate != Fate::Done {
                stopped.insert(key);
            }
            fates.push(fate);
            log.push(logged);
        }
        if !log.is_empty() {
            self.webhooks.log(&log).await?;
        }
        if is_gone && endpoint.disabled.is_none() {
            self.disable(&endpoint).await?;
        }
        Ok(fates)
    }
}

/// What an answer means. A redirect leads to where nobody has looked whether it may be asked.
pub(super) fn meaning(answered: &Result<Answered, String>) -> Meaning {
    match answered.as_ref().map(|answered| answered.status) {
        Ok(200..=299) => Meaning::Arrived,
        Ok(GONE) => Meaning::Gone,
        Ok(_) | Err(_) => Meaning::Failed,
    }
}

pub(super) fn count(meaning: Meaning, is_given_up: bool) {
    let outcome = match meaning {
        Meaning::Arrived => "arrived",
        Meaning::Gone => "gone",
        Meaning::Failed if is_given_up => "given_up",
        Meaning::Failed => "failed",
    };
    metrics::counter!("admitone_webhook_attempts_total", "outcome" => outcome).increment(1);
}

/// A number that differs between messages and attempts, the same on every instance.
fn spread(endpoint: u64, event: u64, attempt: u32) -> u64 {
    let mut hash = blake3::Hasher::new();
    hash.update(&endpoint.to_le_bytes()).update(&event.to_le_bytes());
    let hash = hash.update(&attempt.to_le_bytes()).finalize();
    hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
