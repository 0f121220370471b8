//! The queue of jobs: Redis streams with a consumer group, one stream for each urgency, a set of
//! jobs that wait for their time, and a stream of those that were put away.
//!
//! Every step is one script. Consumers wait on a connection of their own, without taking anything
//! while they wait: so a pause is exact, and what is urgent is taken first.

mod operator;

use crate::chance;
use crate::node::{Node, script};
use admitone_app::ports::carrier::{
    Abilities, Arrival, Carrier, Consumer, Dead, Heard, Outgoing, Return, Tag, Urgency,
};
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Script, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Consumers look at least so often, in milliseconds: for who died, and for jobs whose time came.
const LOOK_MS: u64 = 1_000;

/// So many jobs go in one call: a script holds up everybody on the server.
const PUBLISH_MAX: usize = 256;

/// How a queue is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobsOptions {
    /// What its keys begin with. Default `admitone`.
    pub prefix: String,
    /// Its name. Default `job-queue`.
    pub name: String,
    /// What a consumer has is another's when it has not ended it in so many milliseconds.
    /// Default 10,000.
    pub silent_ms: u64,
}

impl Default for JobsOptions {
    fn default() -> Self {
        let (prefix, name) = ("admitone".to_owned(), "job-queue".to_owned());
        Self { prefix, name, silent_ms: 10_000 }
    }
}

/// A queue on a server.
#[derive(Clone)]
pub struct RedisJobs {
    node: Node,
    base: String,
    options: JobsOptions,
    scripts: Arc<Scripts>,
}

struct Scripts {
    publish: Script,
    take: Script,
    acknowledge: Script,
    give_back: Script,
    put_away: Script,
    leave: Script,
    list: Script,
    look: Script,
    change: Script,
}

macro_rules! queue_script {
    ($name:literal) => {
        script(concat!(include_str!("jobs/common.lua"), include_str!(concat!("jobs/", $name))))
    };
}

impl Scripts {
    fn new() -> Self {
        Self {
            publish: queue_script!("publish.lua"),
            take: queue_script!("take.lua"),
            acknowledge: queue_script!("acknowledge.lua"),
            give_back: queue_script!("give_back.lua"),
            put_away: queue_script!("put_away.lua"),
            leave: queue_script!("leave.lua"),
            list: queue_script!("list.lua"),
            look: queue_script!("look.lua"),
            change: queue_script!("change.lua"),
        }
    }
}

impl RedisJobs {
    /// A queue on this server.
    pub fn new(node: Node, options: JobsOptions) -> Self {
        let base = format!("{}:{{jobs:{}}}:", options.prefix, options.name);
        Self { node, base, options, scripts: Arc::new(Scripts::new()) }
    }

    async fn publish_some(&self, jobs: &[Outgoing]) -> Result<(), Trouble> {
        let mut call = self.scripts.publish.key(&self.base);
        for Outgoing { body, urgency, delay_ms, .. } in jobs {
            call.arg(place_of(*urgency)).arg(*delay_ms).arg(&body[..]);
        }
        self.node.run::<u64>("hand jobs over", &call).await.map(|_| ())
    }
}

/// Which stream, as scripts count them.
fn place_of(urgency: Urgency) -> u8 {
    match urgency {
        Urgency::High => 1,
        Urgency::Usual => 2,
        Urgency::Low => 3,
    }
}

#[async_trait]
impl Carrier for RedisJobs {
    fn abilities(&self) -> Abilities {
        Abilities { lanes: None, has_urgency: true, has_delay: true, body_max: 1 << 20 }
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        let mut results = Vec::with_capacity(jobs.len());
        for some in jobs.chunks(PUBLISH_MAX) {
            let result = self.publish_some(some).await;
            results.extend(some.iter().map(|_| result.clone()));
        }
        results
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        let waits = connect(&self.node).await?;
        let consumer = JobsConsumer {
            jobs: self.clone(),
            name: chance::name(),
            waits,
            taken: HashMap::new(),
            next: 0,
        };
        Ok(Box::new(consumer))
    }

    async fn check(&self) -> Result<(), Trouble> {
        let mut call = self.scripts.list.key(&self.base);
        call.arg(self.options.silent_ms);
        self.node.run::<Vec<i64>>("look at a queue", &call).await.map(|_| ())
    }
}

/// A connection of a consumer's own: the wait on it is longer than any other call may take.
async fn connect(node: &Node) -> Result<MultiplexedConnection, Trouble> {
    let away = |detail: String| Trouble::new(TroubleKind::Unavailable, "join a queue", detail);
    let patience = node.patience() + Duration::from_millis(LOOK_MS);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(node.patience()))
        .set_response_timeout(Some(patience));
    let connected = node.client().get_multiplexed_async_connection_with_config(&config).await;
    connected.map_err(|error| away(error.to_string()))
}

/// One consumer of the group.
struct JobsConsumer {
    jobs: RedisJobs,
    name: String,
    waits: MultiplexedConnection,
    /// Stream and id of what it has, with the attempts.
    taken: HashMap<Tag, Taken>,
    next: u64,
}

struct Taken {
    place: u8,
    id: String,
    attempts: u32,
}

/// What the script `take` found: jobs, the newest id of each stream, when the next is due.
type Found = (Vec<(u8, String, u32, Vec<u8>)>, Vec<String>, i64);

impl JobsConsumer {
    async fn take(&mut self, jobs_max: usize) -> Result<(Vec<Arrival>, Vec<String>, u64), Trouble> {
        let mut call = self.jobs.scripts.take.key(&self.jobs.base);
        call.arg(&self.name).arg(jobs_max).arg(self.jobs.options.silent_ms);
        let (found, newest, due_ms): Found = self.jobs.node.run("take jobs", &call).await?;
        let mut arrivals = Vec::with_capacity(found.len());
        for (place, id, attempts, body) in found {
            self.next += 1;
            let tag = Tag(self.next);
            self.taken.insert(tag, Taken { place, id, attempts });
            arrivals.push(Arrival { tag, body, lane: None, attempts });
        }
        let wait_ms = u64::try_from(due_ms).unwrap_or(LOOK_MS).min(LOOK_MS);
        Ok((arrivals, newest, wait_ms))
    }

    /// Waits until something comes behind these ids, and takes nothing.
    async fn wait(&mut self, newest: &[String], wait_ms: u64) -> Result<(), Trouble> {
        let mut call = redis::cmd("XREAD");
        call.arg("COUNT").arg(1).arg("BLOCK").arg(wait_ms.max(1)).arg("STREAMS");
        for urgency in Urgency::ALL {
            call.arg(format!("{}{}", self.jobs.base, urgency.name()));
        }
        call.arg(newest);
        let waited = call.query_async::<Value>(&mut self.waits).await;
        let away = |error| Trouble::new(TroubleKind::Unavailable, "wait for jobs", error);
        waited.map(|_| ()).map_err(away)
    }
}

#[async_trait]
impl Consumer for JobsConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        let (arrivals, newest, wait_ms) = self.take(jobs_max).await?;
        if !arrivals.is_empty() || wait_ms == 0 {
            return Ok(Heard::Jobs(arrivals));
        }
        self.wait(&newest, wait_ms).await?;
        self.take(jobs_max).await.map(|(arrivals, ..)| Heard::Jobs(arrivals))
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        let mut call = self.jobs.scripts.acknowledge.key(&self.jobs.base);
        for taken in tags.iter().filter_map(|tag| self.taken.remove(tag)) {
            call.arg(taken.place).arg(taken.id);
        }
        self.jobs.node.run::<u64>("acknowledge jobs", &call).await.map(|_| ())
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        let mut call = self.jobs.scripts.give_back.key(&self.jobs.base);
        call.arg(&self.name);
        for Return { tag, delay_ms, is_counted } in jobs {
            if let Some(taken) = self.taken.remove(&tag) {
                // What it was taken over with counts on: the entry does not know of it.
                call.arg(taken.place).arg(taken.id).arg(delay_ms).arg(u8::from(is_counted));
            }
        }
        self.jobs.node.run::<u64>("give jobs back", &call).await.map(|_| ())
    }

    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        let mut call = self.jobs.scripts.put_away.key(&self.jobs.base);
        call.arg(&self.name);
        for Dead { tag, reason } in jobs {
            if let Some(taken) = self.taken.remove(&tag) {
                call.arg(taken.place).arg(taken.id).arg(taken.attempts).arg(reason);
            }
        }
        self.jobs.node.run::<u64>("put jobs away", &call).await.map(|_| ())
    }

    async fn leave(self: Box<Self>) {
        let mut call = self.jobs.scripts.leave.key(&self.jobs.base);
        call.arg(&self.name);
        if let Err(trouble) = self.jobs.node.run::<u64>("leave a queue", &call).await {
            tracing::debug!(%trouble, "what this consumer had comes again when it is found silent");
        }
    }
}
