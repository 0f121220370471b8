//! Consumes: a channel for each lane, so that the broker's numbers of a lane ascend by themselves
//! and one acknowledgement covers all that has ended before it.

use crate::nodes::Nodes;
use crate::options::RabbitOptions;
use crate::publisher::{Message, Publisher};
use crate::session::{self, BackOff, OwnConnection, bounded, trouble};
use crate::topology::Topology;
use admitone_app::delivery::{Backlog, Ended};
use admitone_app::ports::carrier::{Consumer, Dead, Heard, Lane, Return, Tag};
use admitone_app::ports::clock::Clock;
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use futures_util::stream::{BoxStream, SelectAll, once};
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whoever waits for jobs hears after so long that there are none.
const QUIET_MS: u64 = 1_000;

/// By which lane something came, and what: nothing when the broker ended the consumption.
type Incoming = (Option<Lane>, Option<lapin::Result<Delivery>>);

/// One consumer of all queues.
pub(crate) struct RabbitConsumer {
    options: Arc<RabbitOptions>,
    clock: Arc<dyn Clock>,
    publisher: Arc<Publisher>,
    running: Running,
    session: Option<Session>,
    back_off: BackOff,
    backlog: Backlog<u64>,
    /// The lanes whose queues send to this consumer: the broker does not say so before the first
    /// job.
    held: BTreeSet<Lane>,
    news: VecDeque<Heard>,
}

struct Session {
    /// Ends before the others do.
    connection: OwnConnection,
    channels: HashMap<Option<Lane>, Channel>,
    incoming: SelectAll<BoxStream<'static, Incoming>>,
}

/// How many jobs all consumers of this process have, and this one among them.
struct Running {
    all: Arc<AtomicUsize>,
    own: usize,
}

impl Running {
    fn are(&mut self, own: usize) {
        self.all.fetch_add(own, Ordering::Relaxed);
        self.all.fetch_sub(self.own, Ordering::Relaxed);
        self.own = own;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.are(0);
    }
}

impl RabbitConsumer {
    pub(crate) async fn open(
        options: Arc<RabbitOptions>,
        clock: Arc<dyn Clock>,
        (publisher, all): (Arc<Publisher>, Arc<AtomicUsize>),
    ) -> Result<Self, Trouble> {
        let mut consumer = Self {
            options,
            clock,
            publisher,
            running: Running { all, own: 0 },
            session: None,
            back_off: BackOff::default(),
            backlog: Backlog::default(),
            held: BTreeSet::new(),
            news: VecDeque::new(),
        };
        consumer.connect().await?;
        Ok(consumer)
    }

    /// Makes a session where there is none, unless that just failed.
    async fn connect(&mut self) -> Result<(), Trouble> {
        let now = self.clock.now();
        if let Some(wait_ms) = self.back_off.wait_ms(now) {
            self.clock.sleep_ms(wait_ms.min(QUIET_MS)).await;
        }
        let opened = Session::open(&self.publisher.nodes, &self.options).await;
        self.back_off.note(opened.as_ref().err(), self.clock.now());
        self.session = Some(opened?);
        Ok(())
    }

    /// The connection is gone, and what came by it is somebody else's or comes again.
    fn lose(&mut self) {
        self.session = None;
        self.backlog.clear();
        self.running.are(0);
        let lanes: Vec<Lane> = std::mem::take(&mut self.held).into_iter().collect();
        if !lanes.is_empty() {
            self.news.push_back(Heard::Revoked(lanes));
        }
    }

    /// Takes in what has come already.
    fn take_in_ready(&mut self) {
        while let Some(session) = &mut self.session {
            let Some(incoming) = session.incoming.next().now_or_never() else { return };
            self.take_in(incoming);
        }
    }

    fn take_in(&mut self, incoming: Option<Incoming>) {
        let Some((lane, Some(Ok(delivery)))) = incoming else {
            tracing::warn!(queue = %self.options.name, "RabbitMQ ended the consumption");
            return self.lose();
        };
        if let Some(lane) = lane.filter(|lane| self.held.insert(*lane)) {
            self.news.push_back(Heard::Assigned(vec![lane]));
        }
        let attempts = attempts(&delivery);
        self.backlog.arrive(lane, delivery.delivery_tag, delivery.data, attempts);
        self.running.are(self.backlog.len());
    }

    /// Tells the broker which jobs have ended: all up to the last that has only ended ones before
    /// it by one word, others one by one.
    async fn tell(&mut self, ended: Ended<u64>) -> Result<(), Trouble> {
        const OPERATION: &str = "acknowledge to RabbitMQ";
        let words = self.words(ended);
        let told = bounded(self.options.patience, OPERATION, async move {
            for (channel, handle, multiple) in words {
                let told = channel.basic_ack(handle, BasicAckOptions { multiple }).await;
                told.map_err(|error| trouble(OPERATION, &error))?;
            }
            Ok(())
        });
        let told = told.await;
        if told.is_err() {
            self.lose();
        }
        told
    }

    /// Has the broker put jobs away that this consumer cannot: it has them already.
    async fn refuse(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        const OPERATION: &str = "refuse a job of RabbitMQ";
        let ended = self.backlog.end(tags);
        self.running.are(self.backlog.len());
        let Some(session) = &self.session else { return Ok(()) };
        let channel = |(lane, handle): (Option<Lane>, u64)| {
            Some((session.channels.get(&lane).cloned()?, handle))
        };
        let refused: Vec<(Channel, u64)> = ended.handles.into_iter().filter_map(channel).collect();
        let told = bounded(self.options.patience, OPERATION, async move {
            for (channel, handle) in refused {
                let told =
                    channel.basic_reject(handle, BasicRejectOptions { requeue: false }).await;
                told.map_err(|error| trouble(OPERATION, &error))?;
            }
            Ok(())
        });
        let told = told.await;
        if told.is_err() {
            self.lose();
        }
        told
    }

    /// On which channel, up to or about which number, and whether all before it are meant too.
    fn words(&self, ended: Ended<u64>) -> Vec<(Channel, u64, bool)> {
        let Some(session) = &self.session else { return Vec::new() };
        let mut together: HashMap<Option<Lane>, u64> = HashMap::new();
        let mut words = Vec::new();
        for (lane, handle) in ended.handles {
            let passed = ended.passed.iter().find(|(passed, _)| *passed == lane);
            if passed.is_some_and(|(_, last)| handle <= *last) {
                let last = together.entry(lane).or_insert(handle);
                *last = handle.max(*last);
            } else {
                words.push((lane, handle, false));
            }
        }
        words.extend(together.into_iter().map(|(lane, last)| (lane, last, true)));
        let channel = |lane| session.channels.get(lane).cloned();
        let on_channels = words
            .iter()
            .filter_map(|(lane, handle, multiple)| Some((channel(lane)?, *handle, *multiple)));
        on_channels.collect()
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        if self.session.is_none() && self.news.is_empty() {
            self.connect().await?;
        }
        let until = self.clock.now().plus_ms(QUIET_MS);
        loop {
            self.take_in_ready();
            if let Some(news) = self.news.pop_front() {
                return Ok(news);
            }
            let now = self.clock.now();
            let jobs = self.backlog.take(jobs_max, now);
            let Some(session) = self.session.as_mut().filter(|_| jobs.is_empty() && now < until)
            else {
                return Ok(Heard::Jobs(jobs));
            };
            let left_ms = u64::try_from((until.0 - now.0) / 1000).unwrap_or(0) + 1;
            let wait_ms = self.backlog.due_in_ms(now).map_or(left_ms, |due| due.min(left_ms));
            tokio::select! {
                incoming = session.incoming.next() => self.take_in(incoming),
                () = self.clock.sleep_ms(wait_ms) => {}
            }
        }
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        let ended = self.backlog.end(tags);
        self.running.are(self.backlog.len());
        self.tell(ended).await
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        let now = self.clock.now();
        for job in jobs {
            self.backlog.give_back(job, now);
        }
        Ok(())
    }

    /// The broker would put them away too, and not say why. What cannot be handed over again, because it is
    /// too large, is left to it.
    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        let mut tags = Vec::with_capacity(jobs.len());
        let mut messages = Vec::with_capacity(jobs.len());
        for job in &jobs {
            let Some(arrival) = self.backlog.job(job.tag) else { continue };
            let queue = self.options.queue(arrival.lane);
            tags.push(job.tag);
            messages.push(Message {
                exchange: self.options.dead(),
                is_mandatory: true,
                key: String::new(),
                body: &arrival.body,
                priority: None,
                content_type: None,
                headers: vec![
                    ("reason", AMQPValue::LongString(job.reason.as_str().into())),
                    ("queue", AMQPValue::LongString(queue.into())),
                    ("attempts", AMQPValue::LongLongInt(arrival.attempts.into())),
                ],
            });
        }
        let published = self.publisher.publish(&messages).await;
        let (mut kept, mut refused) = (Vec::new(), Vec::new());
        for (tag, published) in tags.into_iter().zip(published) {
            match published {
                Ok(()) => kept.push(tag),
                Err(trouble) if trouble.kind == TroubleKind::Inconsistent => refused.push(tag),
                Err(trouble) => return Err(trouble),
            }
        }
        self.refuse(&refused).await?;
        self.acknowledge(&kept).await
    }

    async fn leave(mut self: Box<Self>) {
        let Some(session) = self.session.take() else { return };
        // What it was told before is done before it agrees; it redelivers the rest at once.
        let closed = session.connection.close(200, "leaving".into());
        let _ = tokio::time::timeout(self.options.patience, closed).await;
    }
}

impl Session {
    async fn open(nodes: &Nodes, options: &RabbitOptions) -> Result<Self, Trouble> {
        // Whoever gives up in the middle ends the connection before the consumers that are on it.
        let (mut channels, mut incoming) = (HashMap::new(), SelectAll::new());
        let connection = session::open(nodes, options, Topology::Jobs).await?;
        for lane in options.all_lanes() {
            let consume = consume(&connection, options, lane);
            let (channel, stream) = bounded(options.patience, "consume", consume).await?;
            channels.insert(lane, channel);
            incoming.push(stream);
        }
        Ok(Self { connection, channels, incoming })
    }
}

async fn consume(
    connection: &Connection,
    options: &RabbitOptions,
    lane: Option<Lane>,
) -> Result<(Channel, BoxStream<'static, Incoming>), Trouble> {
    const OPERATION: &str = "consume from RabbitMQ";
    let channel = session::channel(connection).await?;
    let qos = channel.basic_qos(options.prefetch, BasicQosOptions::default()).await;
    qos.map_err(|error| trouble(OPERATION, &error))?;
    let queue = options.queue(lane).as_str().into();
    let begun = channel
        .basic_consume(queue, "".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await;
    let consumer = begun.map_err(|error| trouble(OPERATION, &error))?;
    let incoming = consumer.map(move |delivery| (lane, Some(delivery)));
    Ok((channel, incoming.chain(once(ready((lane, None)))).boxed()))
}

/// How often a message was delivered before: a quorum queue counts, others only say whether.
fn attempts(delivery: &Delivery) -> u32 {
    let headers = delivery.properties.headers().as_ref();
    let counted = headers.and_then(|headers| match headers.inner().get("x-delivery-count") {
        Some(AMQPValue::LongLongInt(count)) => u32::try_from(*count).ok(),
        Some(AMQPValue::LongInt(count)) => u32::try_from(*count).ok(),
        _ => None,
    });
    counted.unwrap_or(u32::from(delivery.redelivered))
}
