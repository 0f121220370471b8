//! Queues as operators see them: how they stand, what is in them, and what can be done about it.
//!
//! A carrier that has queues implements this beside [`super::carrier::Carrier`]. What a broker
//! cannot do it refuses with [`cannot`], and what it cannot say it leaves out; it invents nothing.

mod lack;
mod start;

pub use lack::Lack;
pub use start::{NoStart, Start};

use crate::{Trouble, TroubleKind};
use admitone_domain::Moment;
use async_trait::async_trait;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a queue stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueReport {
    /// Its name, the same on every instance.
    pub name: String,
    /// Of which kind: `channel`, `jobs`, `rabbitmq`, `kafka`.
    pub kind: String,
    /// Jobs that nobody has taken yet.
    pub waiting: u64,
    /// Jobs that a consumer has.
    pub running: u64,
    /// Jobs that wait for their time, given back or delayed.
    pub delayed: u64,
    /// Jobs that were put away.
    pub dead: u64,
    /// Jobs that were ended, since the queue is there; none where the broker does not count.
    pub done: Option<u64>,
    /// How often jobs were given back; none where nobody counts.
    pub retries: Option<u64>,
    /// Jobs that were ended in the last minute: the rate; none where nobody counts.
    pub done_last_minute: Option<u64>,
    /// How many jobs consumers are behind what was handed over.
    pub lag: u64,
    /// How long the oldest job has waited, in milliseconds; none where nothing waits or nobody
    /// knows.
    pub oldest_ms: Option<u64>,
    /// How many consumers there are.
    pub consumers: u64,
    /// Whether nobody takes jobs from it, because an operator wanted that.
    pub is_paused: bool,
    /// What its kind has not that others have, and why: sentences for who looks.
    #[serde(default)]
    pub lacks: Vec<String>,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Nobody has taken it.
    Waiting,
    /// A consumer has it.
    Running,
    /// It waits for its time.
    Delayed,
    /// It was put away.
    Dead,
}

/// A job as it lies in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lying {
    /// What the queue calls it.
    pub id: String,
    /// Where it is.
    pub state: JobState,
    /// What is carried.
    pub body: Vec<u8>,
    /// How often it was delivered without an end.
    pub attempts: u32,
    /// Why it was put away.
    pub reason: Option<String>,
    /// Who has it, if that is known.
    pub consumer: Option<String>,
    /// When it came or was put away.
    pub since: Option<Moment>,
}

/// Looks into queues and changes what consumers do.
#[async_trait]
pub trait Queues: Send + Sync {
    /// How the queues stand.
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble>;

    /// Some jobs of a queue in a state, the oldest first, at most `limit`.
    async fn jobs(&self, queue: &str, state: JobState, limit: usize)
    -> Result<Vec<Lying>, Trouble>;

    /// Has a job that was put away delivered again, with no attempts counted; whether there is one.
    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble>;

    /// Throws a job away that waits, is delayed or was put away; whether there is one.
    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble>;

    /// Throws away all that waits; how many jobs that were. What a consumer has is not touched.
    async fn drain(&self, queue: &str) -> Result<u64, Trouble>;

    /// Has all consumers take nothing from it, or take again.
    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble>;

    /// Has consumers go on from elsewhere, as a clean group: what they had not ended of what is
    /// passed over is nobody's any more. An offset that is not kept is refused, and then none is moved.
    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble>;
}

/// What is seen of several queues.
#[derive(Debug, Default)]
pub struct Seen {
    /// How those stand that answer.
    pub reports: Vec<QueueReport>,
    /// Those that do not, each with the reason.
    pub unseen: Vec<(String, Trouble)>,
}

/// A queue, and its name.
pub type NamedQueue = (String, Arc<dyn Queues>);

/// Several queues as one list, each by its name.
#[derive(Default)]
pub struct NamedQueues(pub Vec<NamedQueue>);

impl NamedQueues {
    /// The names.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// How they stand, all asked at once: one whose broker is away hides no other.
    pub async fn look(&self) -> Seen {
        let asked = self.0.iter().map(async |(name, queues)| (name, queues.list().await));
        let mut seen = Seen::default();
        for (name, listed) in join_all(asked).await {
            match listed {
                Ok(reports) => seen.reports.extend(reports),
                Err(trouble) => seen.unseen.push((name.clone(), trouble)),
            }
        }
        seen
    }

    fn of(&self, queue: &str) -> Result<&dyn Queues, Trouble> {
        let found = self.0.iter().find(|(name, _)| name == queue);
        found.map(|(_, queues)| &**queues).ok_or_else(|| unknown(queue))
    }
}

#[async_trait]
impl Queues for NamedQueues {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        let Seen { reports, unseen } = self.look().await;
        unseen.into_iter().next().map_or(Ok(reports), |(_, trouble)| Err(trouble))
    }

    async fn jobs(
        &self,
        queue: &str,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, Trouble> {
        self.of(queue)?.jobs(queue, state, limit).await
    }

    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.of(queue)?.retry(queue, job).await
    }

    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.of(queue)?.discard(queue, job).await
    }

    async fn drain(&self, queue: &str) -> Result<u64, Trouble> {
        self.of(queue)?.drain(queue).await
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        self.of(queue)?.pause(queue, is_paused).await
    }

    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble> {
        self.of(queue)?.restart(queue, start).await
    }
}

/// The trouble of who asks for a queue that is none.
pub fn unknown(queue: &str) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "find a queue", format_args!("no queue `{queue}`"))
}

/// The trouble of who names an offset where jobs have none.
pub fn no_offsets() -> Trouble {
    cannot(Lack::Offsets.said())
}

/// The trouble of who wants what a broker cannot do; said to the operator as it is.
pub fn cannot(detail: &str) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "change a queue", detail)
}
