//! Endpoints of others that are told of events over HTTP, and what came of it.

use crate::Trouble;
use admitone_domain::Moment;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// The status with which an endpoint says that it wants nothing more.
pub const GONE: u16 = 410;
/// Why an endpoint is told nothing that wants nothing more.
pub const WHY_GONE: &str = "it answered 410 Gone";
/// What stands behind who switched one off.
pub const WHY_DISABLED: &str = " disabled it";

/// Keeps endpoints and the log of attempts where the rows are.
///
/// # Behavior
/// - `an_endpoint_is_kept_and_changed_by_one_at_a_time`: who changes what he read finds it as he
///   read it, or changes nothing.
/// - `a_removed_endpoint_is_gone_with_its_log`.
/// - `the_log_is_read_from_its_end`: the newest first, of one endpoint, behind a mark.
/// - `old_entries_of_the_log_are_dropped`: those before a moment and no others.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// All endpoints by their ids.
    async fn endpoints(&self) -> Result<Vec<Endpoint>, Trouble>;

    /// Keeps an endpoint whose version is one above that which is kept, 1 for a new one; whether
    /// it was kept, or is another by now.
    async fn put(&self, endpoint: &Endpoint) -> Result<bool, Trouble>;

    /// Removes an endpoint and its log; whether it was there.
    async fn remove(&self, id: u64) -> Result<bool, Trouble>;

    /// Adds to the log.
    async fn log(&self, attempts: &[Attempt]) -> Result<(), Trouble>;

    /// Attempts at an endpoint with their numbers, the newest first, below a number.
    async fn attempts(
        &self,
        endpoint: u64,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Attempt)>, Trouble>;

    /// Drops attempts from before a moment.
    async fn prune(&self, before: Moment) -> Result<(), Trouble>;
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Drawn once.
    pub id: u64,
    /// Grows with every change.
    pub version: u64,
    /// Where it is.
    pub url: String,
    /// Of which types of events, or kinds of aggregates; all when there is none.
    pub types: Vec<String>,
    /// What it knows us by, as `whsec_…`.
    pub secret: String,
    /// The secret before that, and until when it is used beside the new one.
    pub earlier_secret: Option<(String, Moment)>,
    /// Why it is told nothing, if it is not.
    pub disabled: Option<String>,
    /// Which of its lives it is in: enabled again, it begins a new one.
    pub life: u32,
    /// This life begins behind this event.
    pub begin: u64,
    /// When it was made.
    pub created_at: Moment,
    /// Who changed it last.
    pub changed_by: String,
    /// By which wish.
    pub wish: Wish,
    /// What is told again.
    pub replays: Vec<Replay>,
}

/// What somebody wanted: the same wish is done once, however often it is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its name.
    pub id: u64,
    /// What exactly was wanted under that name.
    pub print: u64,
}

/// A part of the past that is told again, on a road of its own beside what happens now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The version of the endpoint that it began with; no other replay has it.
    pub number: u64,
    /// From which moment on.
    pub since: Moment,
    /// It begins behind this event,
    pub begin: u64,
    /// and this is the last.
    pub end: u64,
    /// What has not arrived by then is given up.
    pub until: Moment,
}

/// A road that leads to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Road {
    /// Its name.
    pub name: String,
    /// It begins behind this event,
    pub begin: u64,
    /// and this is the last, if there is a last.
    pub end: Option<u64>,
}

/// One attempt to tell an endpoint of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// At which endpoint.
    pub endpoint: u64,
    /// Of which event.
    pub event: u64,
    /// Its type.
    pub kind: String,
    /// What was sent, so that it can be sent again.
    pub body: String,
    /// The how manyth it was, from 1; 0 for a replay.
    pub attempt: u32,
    /// When.
    pub at: Moment,
    /// How long it took.
    pub took_ms: u64,
    /// The status that was answered, if any was.
    pub status: Option<u16>,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// When it is tried next; nothing when it arrived or is given up.
    pub next: Option<Moment>,
}

impl Endpoint {
    /// The roads that lead to it, that of what is told again among them; none while it is disabled.
    pub fn roads(&self) -> Vec<Road> {
        if self.disabled.is_some() {
            return Vec::new();
        }
        let name = format!("webhook:{}:{}", self.id, self.life);
        let again = self.replays.iter().map(|replay| Road {
            name: format!("{name}:{}", replay.number),
            begin: replay.begin,
            end: Some(replay.end),
        });
        let first = Road { name: name.clone(), begin: self.begin, end: None };
        std::iter::once(first).chain(again).collect()
    }

    /// Whether it wants to be told of a type of event.
    pub fn wants(&self, kind: &str) -> bool {
        let aggregate = kind.split('.').next().unwrap_or(kind);
        self.types.is_empty()
            || self.types.iter().any(|wanted| {
                wanted == kind || wanted.strip_suffix(".*").is_some_and(|all| all == aggregate)
            })
    }

    /// The secrets that sign at a moment, the newest first.
    pub fn secrets(&self, now: Moment) -> Vec<&str> {
        let earlier = self.earlier_secret.as_ref().filter(|(_, until)| now < *until);
        let earlier = earlier.map(|(secret, _)| secret.as_str());
        std::iter::once(self.secret.as_str()).chain(earlier).collect()
    }
}

impl Attempt {
    /// What came of it: `arrived`, `gone` (the endpoint wants nothing more) or `failed`.
    pub fn outcome(&self) -> &'static str {
        match self.status {
            Some(200..=299) => "arrived",
            Some(GONE) => "gone",
            Some(_) | None => "failed",
        }
    }
}

/// Sends requests to endpoints.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Whether such an address may be asked at all, as far as its text says.
    fn check(&self, url: &str) -> Result<(), String>;

    /// Sends a request and tells what was answered; what went wrong, if nothing was. A
    /// redirect is an answer and is not followed.
    async fn send(&self, letter: &Letter) -> Result<Answered, String>;
}

/// What an endpoint answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// It does not want to be asked again within so many milliseconds (`Retry-After`).
    pub not_within_ms: Option<u64>,
}

impl From<u16> for Answered {
    fn from(status: u16) -> Self {
        Self { status, not_within_ms: None }
    }
}

/// A request to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body, JSON.
    pub body: Vec<u8>,
}
