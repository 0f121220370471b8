//! What operators do with endpoints: make, change, remove, look into the log, send again.

mod again;
mod send;

use super::signature::secret;
use crate::box_office::Request;
use crate::events::{catalogue, from_now_on};
use crate::logbook::{By, Deed, Intent, LogBook, Target, Unsure};
use crate::ports::clock::Clock;
use crate::ports::outbox::Outbox;
use crate::ports::webhooks::{Courier, Endpoint, WHY_DISABLED, Webhooks, Wish};
use crate::{Trouble, TroubleKind};
use std::sync::Arc;
use tokio::sync::Notify;

/// After a rotation the earlier secret signs too for so long.
const BOTH_SECRETS_MS: u64 = 24 * 3_600_000;
/// Each is a road, with a relay in every instance.
const ENDPOINTS_MAX: usize = 64;

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
    /// Where it is told who did what.
    pub book: LogBook,
}

/// What an operator wants. Its id is that of the wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Where it is.
    pub url: String,
    /// Of what it is told; of everything when this is empty.
    pub types: Vec<String>,
}

/// What changes of an endpoint; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Where it is.
    pub url: Option<String>,
    /// Of what it is told.
    pub types: Option<Vec<String>>,
    /// Whether it is told anything. Enabled again, it is told of what happens from now on.
    pub is_enabled: Option<bool>,
}

/// Who asks for a change, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who.
    pub by: String,
    /// By which wish.
    pub wish: Wish,
    /// The version that was looked at, if that matters.
    pub expected: Option<u64>,
    /// Why, in the words of who asks; empty where nothing was said.
    pub why: String,
}

impl Asked {
    /// Whoever a request is from, by a wish that is named as the request is.
    pub fn by(request: &Request, expected: Option<u64>, why: &str) -> Self {
        // Stores keep ids as signed numbers.
        let id = u64::try_from(request.id.0 & u128::from(u64::MAX >> 1)).unwrap_or(0);
        let wish = Wish { id, print: request.fingerprint.0 };
        Self { by: request.actor.to_string(), wish, expected, why: why.to_owned() }
    }

    fn author(&self) -> By {
        let (who, why) = (self.by.clone(), self.why.clone());
        // The same number with another print is another wish: it is refused, and told of beside.
        let wish = u128::from(self.wish.print) << 64 | u128::from(self.wish.id);
        By { who, wish: Some(wish), why }
    }
}

/// What a wish came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// How the endpoint is now.
    pub endpoint: Endpoint,
    /// Whether that was done before.
    pub is_repeated: bool,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskTrouble {
    /// There is no such endpoint, or no such message in its log.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// It cannot be like that.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be done as things stand.
    #[error("{0}")]
    Cannot(&'static str),
    /// The same name stands for another wish.
    #[error("the same key was used for another wish")]
    Reused,
    /// It was changed since it was looked at.
    #[error("it has version {version} by now")]
    Changed {
        /// Its version.
        version: u64,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] Trouble),
}

impl Unsure for DeskTrouble {
    fn is_unsure(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}

impl WebhookDesk {
    /// Makes an endpoint; one that was made by the same wish is found again.
    pub async fn create(&self, wanted: NewEndpoint, asked: Asked) -> Result<Done, DeskTrouble> {
        let intent = intent(Deed::Made, asked.wish.id, asked.author());
        self.book.tell(intent, self.make(wanted, asked)).await
    }

    async fn make(&self, wanted: NewEndpoint, asked: Asked) -> Result<Done, DeskTrouble> {
        self.check(Some(&wanted.url), Some(&wanted.types))?;
        let all = self.list().await?;
        if let Some(known) = all.iter().find(|known| known.id == asked.wish.id) {
            return match known.wish {
                Wish { id, print } if id == asked.wish.id && print != asked.wish.print => {
                    Err(DeskTrouble::Reused)
                }
                _ => Ok(Done { endpoint: known.clone(), is_repeated: true }),
            };
        }
        if all.len() >= ENDPOINTS_MAX {
            return Err(DeskTrouble::Cannot("there are as many endpoints as there can be"));
        }
        let endpoint = Endpoint {
            id: asked.wish.id,
            version: 1,
            url: wanted.url,
            types: wanted.types,
            secret: secret(&(self.random)()),
            earlier_secret: None,
            disabled: None,
            life: 1,
            begin: from_now_on(&*self.outbox).await?,
            created_at: self.clock.now(),
            changed_by: asked.by,
            wish: asked.wish,
            replays: Vec::new(),
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
    pub async fn rotate(&self, id: u64, asked: Asked) -> Result<Done, DeskTrouble> {
        self.alter(id, Deed::Rotated, asked, |desk, known| {
            let until = desk.clock.now().plus_ms(BOTH_SECRETS_MS);
            known.earlier_secret = Some((known.secret.clone(), until));
            known.secret = secret(&(desk.random)());
            Ok(())
        })
        .await
    }

    /// Changes it.
    pub async fn change(&self, id: u64, change: Change, asked: Asked) -> Result<Done, DeskTrouble> {
        self.check(change.url.as_deref(), change.types.as_deref())?;
        let end = from_now_on(&*self.outbox).await?;
        self.alter(id, Deed::Changed, asked, |_, known| {
            known.url = change.url.unwrap_or_else(|| known.url.clone());
            known.types = change.types.unwrap_or_else(|| known.types.clone());
            match change.is_enabled {
                Some(false) if known.disabled.is_none() => {
                    known.disabled = Some(format!("{}{WHY_DISABLED}", known.changed_by));
                }
                Some(true) if known.disabled.take().is_some() => {
                    (known.life, known.begin) = (known.life + 1, end);
                    known.replays.clear();
                }
                Some(_) | None => {}
            }
            Ok(())
        })
        .await
    }

    /// Removes it with its log.
    pub async fn remove(&self, id: u64, by: By) -> Result<(), DeskTrouble> {
        let work = async {
            let was_there = self.webhooks.remove(id).await?;
            self.changed.notify_one();
            if was_there { Ok(()) } else { Err(DeskTrouble::Missing("endpoint")) }
        };
        self.book.tell(intent(Deed::Removed, id, by), work).await
    }

    /// Changes what is there, unless this very wish has just done it.
    async fn alter(
        &self,
        id: u64,
        deed: Deed,
        asked: Asked,
        change: impl FnOnce(&Self, &mut Endpoint) -> Result<(), DeskTrouble>,
    ) -> Result<Done, DeskTrouble> {
        let intent = intent(deed, id, asked.author());
        self.book.tell(intent, self.altered(id, asked, change)).await
    }

    async fn altered(
        &self,
        id: u64,
        asked: Asked,
        change: impl FnOnce(&Self, &mut Endpoint) -> Result<(), DeskTrouble>,
    ) -> Result<Done, DeskTrouble> {
        let known = self.read(id).await?;
        if known.wish.id == asked.wish.id {
            let is_same = known.wish == asked.wish;
            let done = Done { endpoint: known, is_repeated: true };
            return if is_same { Ok(done) } else { Err(DeskTrouble::Reused) };
        }
        let version = known.version;
        if asked.expected.is_some_and(|expected| expected != version) {
            return Err(DeskTrouble::Changed { version });
        }
        let (changed_by, wish) = (asked.by, asked.wish);
        let mut changed = Endpoint { version: version + 1, changed_by, wish, ..known };
        change(self, &mut changed)?;
        self.keep(changed).await
    }

    async fn keep(&self, endpoint: Endpoint) -> Result<Done, DeskTrouble> {
        if !self.webhooks.put(&endpoint).await? {
            let why = "it was changed meanwhile";
            return Err(Trouble::new(TroubleKind::Conflict, "keep an endpoint", why).into());
        }
        self.changed.notify_one();
        Ok(Done { endpoint, is_repeated: false })
    }

    fn check(&self, url: Option<&str>, types: Option<&[String]>) -> Result<(), DeskTrouble> {
        if let Some(url) = url {
            let said = self.courier.check(url);
            said.map_err(|why| DeskTrouble::Invalid(format!("`url`: {why}")))?;
        }
        let unknown = types.unwrap_or_default().iter().find(|wanted| !catalogue::is_known(wanted));
        match unknown {
            Some(wanted) => Err(DeskTrouble::Invalid(format!(
                "`types`: nothing has the type `{wanted}`; docs/events.md lists them, and `show.*` \
                 stands for all that begin so"
            ))),
            None => Ok(()),
        }
    }
}

/// What the logbook says of something that is done to an endpoint.
fn intent(deed: Deed, endpoint: u64, by: By) -> Intent {
    Intent { by, deed, target: Target::Endpoint, id: format!("endpoint_{endpoint}") }
}
