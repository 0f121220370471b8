//! The queue as operators see it: what the group has ended, what is behind it, what was put away.

use crate::carrier::KafkaCarrier;
use crate::context::Handed;
use crate::dead;
use crate::oldest;
use crate::options::blocking;
use crate::producer::{Log, Message};
use crate::starts::{self, partitions};
use admitone_app::ports::queues::{
    JobState, Lack, Lying, QueueReport, Queues, Start, cannot, unknown,
};
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use std::sync::Arc;

const LACKS: [Lack; 2] = [Lack::LogDrop, Lack::Delayed];

/// How a partition stands.
#[derive(Debug, Clone, Copy)]
struct Standing {
    lane: u16,
    /// Where the group goes on.
    next: i64,
    /// One behind the last job.
    end: i64,
    /// How many jobs a consumer has.
    running: i64,
}

impl KafkaCarrier {
    fn knows(&self, queue: &str) -> Result<(), Trouble> {
        if queue == self.options.title { Ok(()) } else { Err(unknown(queue)) }
    }

    async fn standings(&self) -> Result<(Vec<Standing>, usize), Trouble> {
        self.has_topics().await?;
        let options = Arc::clone(&self.options);
        blocking("look at the group of Kafka", move || {
            let client: BaseConsumer<Log> = options.consumer().create_with_context(Log)?;
            let patience = options.patience;
            let known = client.committed_offsets(partitions(&options), patience)?;
            let mut standings = Vec::new();
            for lane in 0..options.lanes {
                let number = i32::from(lane);
                let (begin, end) = client.fetch_watermarks(&options.topic(), number, patience)?;
                let place = known.find_partition(&options.topic(), number);
                let next = place.as_ref().and_then(|place| match place.offset() {
                    Offset::Offset(offset) => Some(offset),
                    _ => None,
                });
                let next = next.unwrap_or(begin).max(begin);
                let handed = place.as_ref().and_then(|place| Handed::parse(place.metadata()));
                let running = handed.map_or(0, |handed| (handed.last + 1 - next).max(0));
                standings.push(Standing { lane, next, end, running });
            }
            let groups = client.fetch_group_list(Some(options.name.as_str()), patience)?;
            let consumers = groups.groups().iter().map(|group| group.members().len()).sum();
            Ok((standings, consumers))
        })
        .await
    }

    /// How long the oldest job has waited that is not ended.
    async fn oldest_ms(&self, standings: &[Standing]) -> Result<Option<u64>, Trouble> {
        let has_any = standings.iter().filter(|one| one.next < one.end);
        let firsts: Vec<_> = has_any.map(|one| (one.lane, one.next)).collect();
        let options = Arc::clone(&self.options);
        let look = move || oldest::oldest_ms(&options, &firsts);
        let came = blocking("look at the oldest job in Kafka", look).await?;
        let now_ms = self.now_ms();
        Ok(came.map(|came| count(now_ms.saturating_sub(came))))
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().0.div_euclid(1_000)
    }

    /// Moves the group. It takes that only while nobody is in it.
    async fn go_on_at(&self, start: Start) -> Result<(), Trouble> {
        let (_, consumers) = self.standings().await?;
        if consumers > 0 {
            let detail =
                format!("{consumers} consumers are at it: pause the queue, and they leave");
            return Err(Trouble::new(TroubleKind::Busy, "move the group of Kafka", detail));
        }
        let options = Arc::clone(&self.options);
        blocking("move the group of Kafka", move || starts::move_group(&options, &start))
            .await?
            .map_err(|detail| cannot(&detail))
    }

    async fn take_back(&self, job: &str) -> Result<(), Trouble> {
        let dead = self.options.dead();
        let key = job.to_owned();
        let message = Message { topic: &dead, partition: 0, key, body: None, headers: Vec::new() };
        self.producer.publish(&[message]).await.into_iter().collect()
    }

    /// Whether a name is that of a job that nobody has ended.
    async fn lies_in_the_log(&self, job: &str) -> Result<bool, Trouble> {
        let Some((lane, offset)) = job.split_once('-') else { return Ok(false) };
        let (Ok(lane), Ok(offset)) = (lane.parse::<u16>(), offset.parse::<i64>()) else {
            return Ok(false);
        };
        let (standings, _) = self.standings().await?;
        let is_there = |one: &Standing| one.lane == lane && (one.next..one.end).contains(&offset);
        Ok(standings.iter().any(is_there))
    }

    async fn dead_one(&self, job: &str) -> Result<Option<(u16, Lying)>, Trouble> {
        self.has_topics().await?;
        Ok(dead::read(&self.options).await?.into_iter().find(|(_, one)| one.id == job))
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[async_trait]
impl Queues for KafkaCarrier {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        let (standings, consumers) = self.standings().await?;
        let dead = dead::read(&self.options).await?.len();
        let oldest_ms = self.oldest_ms(&standings).await?;
        let sum = |of: fn(&Standing) -> i64| count(standings.iter().map(of).sum());
        Ok(vec![QueueReport {
            name: self.options.title.clone(),
            kind: "kafka".to_owned(),
            waiting: sum(|one| one.end - one.next - one.running),
            running: sum(|one| one.running),
            delayed: 0,
            dead: dead as u64,
            done: Some(sum(|one| one.next)),
            retries: None,
            done_last_minute: None,
            lag: sum(|one| one.end - one.next),
            oldest_ms,
            consumers: consumers as u64,
            is_paused: false,
            lacks: Lack::all_of(&LACKS),
        }])
    }

    async fn jobs(
        &self,
        queue: &str,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, Trouble> {
        self.knows(queue)?;
        if state == JobState::Dead {
            self.has_topics().await?;
            let dead = dead::read(&self.options).await?.into_iter().map(|(_, one)| one);
            return Ok(dead.take(limit).collect());
        }
        let (standings, _) = self.standings().await?;
        let options = Arc::clone(&self.options);
        blocking("look into the topic of Kafka", move || {
            let mut found = Vec::new();
            for Standing { lane, next, end, running } in standings {
                let (from, to) = match state {
                    JobState::Waiting => (next + running, end),
                    JobState::Running => (next, next + running),
                    JobState::Delayed | JobState::Dead => (end, end),
                };
                if found.len() >= limit || from >= to {
                    continue;
                }
                let place = (i32::from(lane), Offset::Offset(from));
                dead::each(&options, &options.topic(), place, |message| {
                    found.push(dead::lying(message, state));
                    found.len() < limit && message.offset() + 1 < to
                })?;
            }
            Ok(found)
        })
        .await
    }

    /// It is handed over anew, and taken back from where it lay.
    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.knows(queue)?;
        let Some((lane, lying)) = self.dead_one(job).await? else { return Ok(false) };
        let topic = self.options.topic();
        let message = Message {
            topic: &topic,
            partition: i32::from(lane),
            key: lane.to_string(),
            body: Some(&lying.body),
            headers: Vec::new(),
        };
        self.producer.publish(&[message]).await.into_iter().collect::<Result<(), Trouble>>()?;
        self.take_back(job).await.map(|()| true)
    }

    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.knows(queue)?;
        if self.dead_one(job).await?.is_none() {
            return if self.lies_in_the_log(job).await? {
                Err(cannot(Lack::LogDrop.said()))
            } else {
                Ok(false)
            };
        }
        self.take_back(job).await.map(|()| true)
    }

    async fn drain(&self, queue: &str) -> Result<u64, Trouble> {
        self.knows(queue)?;
        let (standings, _) = self.standings().await?;
        self.go_on_at(Start::End).await?;
        Ok(count(standings.iter().map(|one| one.end - one.next).sum()))
    }

    async fn pause(&self, queue: &str, _is_paused: bool) -> Result<(), Trouble> {
        self.knows(queue)?;
        Err(cannot(Lack::LogPause.said()))
    }

    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble> {
        self.knows(queue)?;
        self.go_on_at(start).await
    }
}
