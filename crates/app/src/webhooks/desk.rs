//! What operators do with endpoints: make, change, remove, look into the log, send again.

use super::carrier::{Meaning, count, meaning};
use super::message::letter;
use super::signature::secret;
use crate::ports::clock::Clock;
use crate::ports::outbox::Outbox;
use crate::ports::webhooks::{Attempt, Courier, Endpoint, Webhooks};
use crate::{Trouble, TroubleKind};
use std::sync::Arc;
use tokio::sync::Notify;

/// After a rotation the earlier secret signs too for so long.
const BOTH_SECRETS_MS: u64 = 24 * 3_600_000;
/// A search for a message looks at so many attempts.
const LOOKED_AT_MAX: usize = 10_000;

/// The operators' way to endpoints.
pub struct WebhookDesk {
    /// Where they are kept.
    pub webhooks: Arc<dyn Webhooks>,
    /// Who sends.
    pub courier: Arc<dyn Courier>,
    /// Where new endpoints begin.
    pub outbox: Arc<dyn Outbox>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: fn() -> [u8; 32],
    /// Has the supervisor of this instance look at once.
    pub changed: Arc<Notify>,
}

/// What an operator wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// The same for the same wish, so that it is made once.
    pub id: u64,
    /// Where it is.
    pub url: String,
    /// Of what it is told; of everything when this is empty.
    pub types: Vec<String>,
    /// Who wants it.
    pub by: String,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskTrouble {
    /// There is no such endpoint, or no such message in its log.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// The address may not be asked.
    #[error("{0}")]
    Address(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] Trouble),
}

impl WebhookDesk {
    /// Makes an endpoint; one that was made by the same wish is found again.
    pub async fn create(&self, wanted: NewEndpoint) -> Result<Endpoint, DeskTrouble> {
        self.courier.check(&wanted.url).map_err(DeskTrouble::Address)?;
        if let Ok(known) = self.read(wanted.id).await {
            return Ok(known);
        }
        let NewEndpoint { id, url, types, by } = wanted;
        let endpoint = Endpoint {
            id,
            version: 1,
            url,
            types,
            secret: secret(&(self.random)()),
            earlier_secret: None,
            disabled: None,
            life: 1,
            begin: self.end().await?,
            created_at: self.clock.now(),
            changed_by: by,
        };
        self.keep(endpoint).await
    }

    /// All of them.
    pub async fn list(&self) -> Result<Vec<Endpoint>, DeskTrouble> {
        Ok(self.webhooks.endpoints().await?)
    }

    /// One of them.
    pub async fn read(&self, id: u64) -> Result<Endpoint, DeskTrouble> {
        let all = self.webhooks.endpoints().await?;
        all.into_iter().find(|known| known.id == id).ok_or(DeskTrouble::Missing("endpoint"))
    }

    /// Gives it a new secret; the earlier one signs beside it for a day.
    pub async fn rotate(&self, id: u64, by: String) -> Result<Endpoint, DeskTrouble> {
        let known = self.read(id).await?;
        let until = self.clock.now().plus_ms(BOTH_SECRETS_MS);
        let earlier_secret = Some((known.secret.clone(), until));
        let (secret, version) = (secret(&(self.random)()), known.version + 1);
        self.keep(Endpoint { secret, earlier_secret, version, changed_by: by, ..known }).await
    }

    /// Tells it nothing more.
    pub async fn disable(&self, id: u64, by: String) -> Result<Endpoint, DeskTrouble> {
        let known = self.read(id).await?;
        let (disabled, version) = (Some(format!("{by} disabled it")), known.version + 1);
        self.keep(Endpoint { disabled, version, changed_by: by, ..known }).await
    }

    /// Tells it of what happens from now on.
    pub async fn enable(&self, id: u64, by: String) -> Result<Endpoint, DeskTrouble> {
        let known = self.read(id).await?;
        if known.disabled.is_none() {
            return Ok(known);
        }
        let (life, version, begin) = (known.life + 1, known.version + 1, self.end().await?);
        let changed = Endpoint { disabled: None, life, begin, version, changed_by: by, ..known };
        self.keep(changed).await
    }

    /// Removes it with its log.
    pub async fn remove(&self, id: u64) -> Result<(), DeskTrouble> {
        let was_there = self.webhooks.remove(id).await?;
        self.changed.notify_one();
        if was_there { Ok(()) } else { Err(DeskTrouble::Missing("endpoint")) }
    }

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
    pub async fn replay(&self, id: u64, event: u64) -> Result<Attempt, DeskTrouble> {
        let endpoint = self.read(id).await?;
        let attempts = self.webhooks.attempts(id, None, LOOKED_AT_MAX).await?;
        let known = attempts.into_iter().map(|(_, attempt)| attempt);
        let known = known.into_iter().find(|attempt| attempt.event == event);
        let known = known.ok_or(DeskTrouble::Missing("message in the log"))?;
        let at = self.clock.now();
        let answered = self.courier.send(&letter(&endpoint, event, &known.body, at)).await;
        let took_ms = self.clock.now().ms_since(at);
        count(meaning(&answered), meaning(&answered) == Meaning::Failed);
        let attempt = Attempt {
            attempt: 0,
            at,
            took_ms,
            status: answered.as_ref().ok().copied(),
            error: answered.err(),
            next: None,
            ..known
        };
        self.webhooks.log(std::slice::from_ref(&attempt)).await?;
        Ok(attempt)
    }

    async fn keep(&self, endpoint: Endpoint) -> Result<Endpoint, DeskTrouble> {
        if !self.webhooks.put(&endpoint).await? {
            let why = "it was changed meanwhile";
            return Err(Trouble::new(TroubleKind::Conflict, "keep an endpoint", why).into());
        }
        self.changed.notify_one();
        Ok(endpoint)
    }

    /// Behind what number nothing was told yet. What is in hand meanwhile is told.
    async fn end(&self) -> Result<u64, Trouble> {
        let end = self.outbox.end().await?;
        Ok(end.gaps.iter().map(|gap| gap.first - 1).min().unwrap_or(end.newest))
    }
}
