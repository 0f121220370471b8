//! The queues as operators see them. RabbitMQ shows what lies in a queue by delivering it, so only
//! what was put away is looked at, and all that was looked at is given back.

use crate::carrier::RabbitCarrier;
use crate::publisher::Message;
use crate::session::{bounded, trouble};
use admitone_app::ports::queues::{
    JobState, Lack, Lying, QueueReport, Queues, Start, cannot, no_offsets, unknown,
};
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use lapin::Channel;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicGetOptions, QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use std::hash::{DefaultHasher, Hash, Hasher};

const OPERATION: &str = "look into RabbitMQ";

const LACKS: [Lack; 4] = [Lack::RabbitLook, Lack::RabbitOldest, Lack::RabbitRunning, Lack::Delayed];

impl RabbitCarrier {
    fn knows(&self, queue: &str) -> Result<(), Trouble> {
        if queue == self.options.title { Ok(()) } else { Err(unknown(queue)) }
    }

    /// The next job that was put away, on a channel that is closed afterwards: what was got on it
    /// and not ended lies where it lay.
    async fn dead_one(&self, channel: &Channel) -> Result<Option<Delivery>, Trouble> {
        let dead = self.options.dead();
        let got = channel.basic_get(dead.as_str().into(), BasicGetOptions::default()).await;
        let got = got.map_err(|error| trouble(OPERATION, &error))?;
        Ok(got.map(|got| got.delivery))
    }

    async fn dead(&self, limit: usize) -> Result<Vec<Lying>, Trouble> {
        let channel = self.publisher.fresh_channel().await?;
        let found = self.dead_on(&channel, limit).await;
        close(&channel).await;
        found
    }

    async fn dead_on(&self, channel: &Channel, limit: usize) -> Result<Vec<Lying>, Trouble> {
        let mut found = Vec::new();
        while found.len() < limit {
            let Some(delivery) = self.dead_one(channel).await? else { break };
            found.push(lying(&delivery));
        }
        Ok(found)
    }

    /// Ends a job that was put away, handed over anew first if that is wanted; whether there is
    /// one. Whatever goes wrong, it lies there again.
    async fn end_dead(&self, job: &str, is_retried: bool) -> Result<bool, Trouble> {
        let channel = self.publisher.fresh_channel().await?;
        let is_found = self.end_dead_on(&channel, job, is_retried).await;
        close(&channel).await;
        is_found
    }

    async fn end_dead_on(
        &self,
        channel: &Channel,
        job: &str,
        is_retried: bool,
    ) -> Result<bool, Trouble> {
        while let Some(delivery) = self.dead_one(channel).await? {
            if name(&delivery) != job {
                continue;
            }
            if is_retried {
                self.hand_over_again(&delivery).await?;
            }
            let ended = delivery.ack(BasicAckOptions::default()).await;
            return ended.map(|_| true).map_err(|error| trouble(OPERATION, &error));
        }
        Ok(false)
    }

    async fn hand_over_again(&self, delivery: &Delivery) -> Result<(), Trouble> {
        let missing = || refused("retry a job", "it does not say from which queue it came");
        let message = Message {
            exchange: String::new(),
            key: came_from(delivery).ok_or_else(missing)?,
            is_mandatory: true,
            body: &delivery.data,
            priority: None,
            content_type: None,
            headers: Vec::new(),
        };
        self.publisher.publish(&[message]).await.into_iter().collect()
    }

    async fn report(&self) -> Result<QueueReport, Trouble> {
        let channel = self.publisher.fresh_channel().await?;
        let running = self.running();
        let (mut waiting, mut consumers) = (0, 0);
        for lane in self.options.all_lanes() {
            let (jobs, listeners) = counts(&channel, &self.options.queue(lane)).await?;
            waiting += jobs;
            consumers = listeners.max(consumers);
        }
        let (dead, _) = counts(&channel, &self.options.dead()).await?;
        close(&channel).await;
        Ok(QueueReport {
            name: self.options.title.clone(),
            kind: "rabbitmq".to_owned(),
            waiting,
            running,
            delayed: 0,
            dead,
            done: None,
            retries: None,
            done_last_minute: None,
            lag: waiting + running,
            oldest_ms: None,
            consumers,
            is_paused: false,
            lacks: Lack::all_of(&LACKS),
        })
    }

    async fn purge(&self) -> Result<u64, Trouble> {
        let channel = self.publisher.fresh_channel().await?;
        let mut gone = 0;
        for lane in self.options.all_lanes() {
            let queue = self.options.queue(lane);
            let purged = channel.queue_purge(queue.as_str().into(), QueuePurgeOptions::default());
            gone += u64::from(purged.await.map_err(|error| trouble(OPERATION, &error))?);
        }
        close(&channel).await;
        Ok(gone)
    }
}

/// One that was closed by the broker is closed.
async fn close(channel: &Channel) {
    let _ = channel.close(200, "looked".into()).await;
}

/// A job is named by what is in it: the broker gives it no name.
fn name(delivery: &Delivery) -> String {
    let mut hasher = DefaultHasher::new();
    delivery.data.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn header(delivery: &Delivery, name: &str) -> Option<String> {
    let headers = delivery.properties.headers().as_ref()?;
    match headers.inner().get(name)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::LongLongInt(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The queue it was put away from: by a worker, or by the broker itself.
fn came_from(delivery: &Delivery) -> Option<String> {
    header(delivery, "queue").or_else(|| header(delivery, "x-first-death-queue"))
}

/// Why it was put away. The broker has a word for each of its own reasons.
fn reason(delivery: &Delivery) -> Option<String> {
    let of_worker = header(delivery, "reason");
    of_worker.or_else(|| {
        let word = header(delivery, "x-first-death-reason")?;
        let why = match word.as_str() {
            "delivery_limit" => "it was delivered too often without an end",
            "rejected" => "its consumer could neither end it nor put it away",
            "expired" => "it waited too long",
            "maxlen" => "the queue was full",
            other => other,
        };
        Some(format!("RabbitMQ put it away: {why}"))
    })
}

fn lying(delivery: &Delivery) -> Lying {
    let attempts = header(delivery, "attempts").and_then(|text| text.parse().ok());
    Lying {
        id: name(delivery),
        state: JobState::Dead,
        body: delivery.data.clone(),
        attempts: attempts.unwrap_or(0),
        reason: reason(delivery),
        consumer: None,
        since: None,
    }
}

async fn counts(channel: &Channel, queue: &str) -> Result<(u64, u64), Trouble> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let found = channel.queue_declare(queue.into(), options, FieldTable::default()).await;
    let found = found.map_err(|error| trouble(OPERATION, &error))?;
    Ok((found.message_count().into(), found.consumer_count().into()))
}

fn refused(operation: &'static str, why: &str) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, operation, why)
}

#[async_trait]
impl Queues for RabbitCarrier {
    /// What runs is what this process has: the broker tells the rest to its administrator only.
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        Ok(vec![bounded(self.options.patience, OPERATION, self.report()).await?])
    }

    async fn jobs(
        &self,
        queue: &str,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, Trouble> {
        self.knows(queue)?;
        if state != JobState::Dead {
            return Err(cannot(Lack::RabbitLook.said()));
        }
        bounded(self.options.patience, OPERATION, self.dead(limit)).await
    }

    /// It is handed over anew, and ended where it lay.
    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.knows(queue)?;
        bounded(self.options.patience, OPERATION, self.end_dead(job, true)).await
    }

    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.knows(queue)?;
        bounded(self.options.patience, OPERATION, self.end_dead(job, false)).await
    }

    async fn drain(&self, queue: &str) -> Result<u64, Trouble> {
        self.knows(queue)?;
        bounded(self.options.patience, OPERATION, self.purge()).await
    }

    async fn pause(&self, queue: &str, _is_paused: bool) -> Result<(), Trouble> {
        self.knows(queue)?;
        Err(cannot(Lack::RabbitPause.said()))
    }

    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble> {
        self.knows(queue)?;
        match start {
            Start::End => self.drain(queue).await.map(|_| ()),
            Start::Beginning | Start::Since(_) => {
                Err(refused("restart a queue", "RabbitMQ keeps nothing that was ended"))
            }
            Start::Offset(_) | Start::Offsets(_) => Err(no_offsets()),
        }
    }
}
