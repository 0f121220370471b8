//! The queue of jobs as operators see it.

use super::RedisJobs;
use admitone_app::Trouble;
use admitone_app::ports::queues::{
    JobState, Lying, QueueReport, Queues, Start, no_offsets, unknown,
};
use admitone_domain::Moment;
use async_trait::async_trait;

/// A consumer that was silent for so long is not counted, in milliseconds.
const GONE_MS: u64 = 30_000;

type Found = (String, u32, Vec<u8>, String, String, i64);

impl RedisJobs {
    fn must_be(&self, queue: &str) -> Result<(), Trouble> {
        if queue == self.options.name { Ok(()) } else { Err(unknown(queue)) }
    }

    async fn change(&self, queue: &str, what: &str, with: &str) -> Result<u64, Trouble> {
        self.must_be(queue)?;
        let mut call = self.scripts.change.key(&self.base);
        call.arg(what).arg(with);
        self.node.run("change a queue", &call).await
    }
}

fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "waiting",
        JobState::Running => "running",
        JobState::Delayed => "delayed",
        JobState::Dead => "dead",
    }
}

fn said(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[async_trait]
impl Queues for RedisJobs {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        let mut call = self.scripts.list.key(&self.base);
        call.arg(GONE_MS);
        let found: [i64; 10] = self.node.run("look at a queue", &call).await?;
        let count = |place: usize| u64::try_from(found[place]).unwrap_or(0);
        Ok(vec![QueueReport {
            name: self.options.name.clone(),
            kind: "jobs".to_owned(),
            waiting: count(0),
            running: count(1),
            delayed: count(2),
            dead: count(3),
            done: Some(count(4)),
            retries: Some(count(5)),
            done_last_minute: Some(count(6)),
            lag: count(0) + count(1),
            oldest_ms: u64::try_from(found[7]).ok(),
            consumers: count(8),
            is_paused: found[9] != 0,
            lacks: Vec::new(),
        }])
    }

    async fn jobs(
        &self,
        queue: &str,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, Trouble> {
        self.must_be(queue)?;
        let mut call = self.scripts.look.key(&self.base);
        call.arg(state_name(state)).arg(limit);
        let found: Vec<Found> = self.node.run("look into a queue", &call).await?;
        let lying = |(id, attempts, body, reason, consumer, since_ms): Found| Lying {
            id,
            state,
            body,
            attempts,
            reason: said(reason),
            consumer: said(consumer),
            since: (since_ms >= 0).then(|| Moment(since_ms.saturating_mul(1_000))),
        };
        Ok(found.into_iter().map(lying).collect())
    }

    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.change(queue, "retry", job).await.map(|count| count > 0)
    }

    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.change(queue, "discard", job).await.map(|count| count > 0)
    }

    async fn drain(&self, queue: &str) -> Result<u64, Trouble> {
        self.change(queue, "drain", "").await
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        let what = if is_paused { "pause" } else { "resume" };
        self.change(queue, what, "").await.map(|_| ())
    }

    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble> {
        let from = match start {
            Start::Beginning => "-".to_owned(),
            Start::End => "+".to_owned(),
            Start::Since(moment) => (moment.0 / 1_000).max(0).to_string(),
            Start::Offset(_) | Start::Offsets(_) => return Err(no_offsets()),
        };
        self.change(queue, "restart", &from).await.map(|_| ())
    }
}
