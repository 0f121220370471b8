//! Consumes as one of the group. Offsets move when jobs have ended, and beside them stands how far
//! jobs were handed out: whoever takes a partition over knows which of them were delivered before.

use crate::context::{Handed, Turn, Turns};
use crate::options::{KafkaOptions, blocking, trouble};
use crate::producer::{Message, Producer};
use crate::word::Word;
use admitone_app::Trouble;
use admitone_app::delivery::Backlog;
use admitone_app::ports::carrier::{Arrival, Consumer, Dead, Heard, Lane, Return, Tag};
use admitone_app::ports::clock::Clock;
use async_trait::async_trait;
use futures_util::FutureExt;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Whoever waits for jobs hears after so long that there are none.
const QUIET_MS: u64 = 1_000;

/// So many jobs are taken in at most; the client itself fetches ahead.
const TAKEN_IN_MAX: usize = 4_096;

const COMMIT: &str = "commit the offsets of Kafka";

pub(crate) type Client = StreamConsumer<Turns>;

/// One consumer of the group.
pub(crate) struct KafkaConsumer {
    options: Arc<KafkaOptions>,
    clock: Arc<dyn Clock>,
    producer: Arc<Producer>,
    client: Arc<Client>,
    backlog: Backlog<i64>,
    held: BTreeMap<Lane, Held>,
    news: VecDeque<Heard>,
    word: Word,
}

/// A lane that is this consumer's.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    /// What whoever had it before left over.
    before: Option<Handed>,
    /// What is handed out now.
    now: Option<Handed>,
    /// Where whoever takes over goes on, where that is behind the last job that came.
    next: Option<i64>,
    /// Whether the group has been told less than is known here.
    has_news: bool,
    /// Whether something was handed out of it.
    is_begun: bool,
}

/// A message on its own.
struct Incoming {
    lane: Lane,
    offset: i64,
    body: Vec<u8>,
}

impl KafkaConsumer {
    pub(crate) fn open(
        options: Arc<KafkaOptions>,
        clock: Arc<dyn Clock>,
        producer: Arc<Producer>,
    ) -> Result<Self, Trouble> {
        let opened = |error| trouble("consume from Kafka", &error);
        let turns = Turns::new(options.patience);
        let client: Client = options.consumer().create_with_context(turns).map_err(opened)?;
        client.subscribe(&[options.topic().as_str()]).map_err(opened)?;
        Ok(Self {
            options,
            clock,
            producer,
            client: Arc::new(client),
            backlog: Backlog::default(),
            held: BTreeMap::new(),
            news: VecDeque::new(),
            word: Word::default(),
        })
    }

    /// Takes in what has come already.
    fn take_in_ready(&mut self) {
        let client = Arc::clone(&self.client);
        while self.backlog.len() < TAKEN_IN_MAX {
            let received = receive(&client).now_or_never();
            self.take_turns();
            match received {
                Some(received) => self.take_in(received),
                None => return,
            }
        }
    }

    fn take_in(&mut self, received: KafkaResult<Incoming>) {
        match received {
            Ok(Incoming { lane, offset, body }) => {
                let before = self.held.get(&lane).and_then(|held| held.before);
                let attempts = before.filter(|before| offset <= before.last);
                let attempts = attempts.map_or(0, |before| before.times);
                self.backlog.arrive(Some(lane), offset, body, attempts);
            }
            // The client goes on by itself.
            Err(error) => tracing::debug!(%error, "Kafka is not heard for now"),
        }
    }

    /// Follows what became of partitions. It is known before any message that comes after.
    fn take_turns(&mut self) {
        for turn in self.client.context().take() {
            match turn {
                Turn::Assigned(lanes) => {
                    let won = lanes.iter().map(|(lane, _)| *lane).collect();
                    for (lane, before) in lanes {
                        self.held.insert(lane, Held { before, ..Held::default() });
                    }
                    self.news.push_back(Heard::Assigned(won));
                }
                Turn::Revoked(lanes) => {
                    for lane in &lanes {
                        self.held.remove(lane);
                        self.backlog.forget(Some(*lane));
                    }
                    self.news.push_back(Heard::Revoked(lanes));
                }
            }
        }
    }

    /// What is handed out now is to stand beside the offsets; whether a lane is among it that had
    /// nothing handed out before.
    fn note(&mut self, jobs: &[Arrival]) -> bool {
        let mut begins = false;
        for job in jobs {
            let (Some(lane), Some(offset)) = (job.lane, self.backlog.handle(job.tag)) else {
                continue;
            };
            let first = self.backlog.first(Some(lane));
            let Some(held) = self.held.get_mut(&lane) else { continue };
            // What was handed out before and has ended says nothing of what comes behind it.
            held.now = held.now.filter(|now| first.is_some_and(|first| first <= now.last));
            let times = job.attempts + 1;
            let now = held.now.get_or_insert(Handed { last: offset, times });
            *now = Handed { last: offset.max(now.last), times: times.max(now.times) };
            held.has_news = true;
            begins |= !std::mem::replace(&mut held.is_begun, true);
        }
        begins
    }

    /// Tells the group what it does not know yet, unless a word is under way: then the next says all of
    /// it. Where one is lost it is said again; till then jobs may come twice, and are known.
    async fn tell(&mut self) {
        if !self.word.is_free().await {
            return;
        }
        let again = self.word.take_lost();
        let mut news = Vec::new();
        for (lane, held) in &mut self.held {
            if std::mem::take(&mut held.has_news) || again {
                news.extend(self.backlog.first(Some(*lane)).or(held.next).map(|at| (*lane, at)));
            }
        }
        match self.offsets(news) {
            Ok(offsets) if offsets.count() == 0 => {}
            Ok(offsets) => self.word.send(&self.client, offsets),
            Err(error) => tracing::debug!(%error, "offsets stay where they were"),
        }
    }

    /// What is handed out of a lane for the first time is written down before it is touched: whatever ends
    /// this process by itself is counted, and ends it a few times at most.
    async fn hand_out(&mut self, jobs: Vec<Arrival>) -> Vec<Arrival> {
        let begins = self.note(&jobs);
        if begins {
            self.word.arrives(self.options.patience).await;
        }
        self.tell().await;
        if begins {
            self.word.arrives(self.options.patience).await;
        }
        jobs
    }

    /// Says once more what was said last, and waits for it: whoever takes over begins there.
    async fn say_again(&self) {
        let next = self.held.iter().filter_map(|(lane, held)| Some((*lane, held.next?)));
        let next: Vec<(Lane, i64)> = next.collect();
        let Ok(offsets) = self.offsets(next) else { return };
        if offsets.count() == 0 {
            return;
        }
        let client = Arc::clone(&self.client);
        let told = blocking(COMMIT, move || client.commit(&offsets, CommitMode::Sync));
        if !matches!(tokio::time::timeout(self.options.patience, told).await, Ok(Ok(()))) {
            tracing::debug!("offsets stay where they were");
        }
    }

    /// The offsets at which whoever takes over goes on, with what is handed out beside them.
    fn offsets(&self, next: Vec<(Lane, i64)>) -> KafkaResult<TopicPartitionList> {
        let (topic, mut list) = (self.options.topic(), TopicPartitionList::new());
        for (lane, offset) in next {
            let mut place = list.add_partition(&topic, i32::from(lane.0));
            place.set_offset(Offset::Offset(offset))?;
            let now = self.held.get(&lane).and_then(|held| held.now);
            if let Some(now) = now.filter(|now| now.last >= offset) {
                place.set_metadata(now.text());
            }
        }
        Ok(list)
    }
}

async fn receive(client: &Client) -> KafkaResult<Incoming> {
    let message = client.recv().await?;
    let lane = u16::try_from(message.partition()).map(Lane);
    let lane = lane.map_err(|_| KafkaError::Subscription("too many partitions".to_owned()))?;
    let body = message.payload().unwrap_or_default().to_vec();
    Ok(Incoming { lane, offset: message.offset(), body })
}

#[async_trait]
impl Consumer for KafkaConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        let client = Arc::clone(&self.client);
        let until = self.clock.now().plus_ms(QUIET_MS);
        loop {
            self.take_in_ready();
            self.tell().await;
            if let Some(news) = self.news.pop_front() {
                return Ok(news);
            }
            let now = self.clock.now();
            let jobs = self.backlog.take(jobs_max, now);
            if !jobs.is_empty() || now >= until {
                return Ok(Heard::Jobs(self.hand_out(jobs).await));
            }
            let left_ms = u64::try_from((until.0 - now.0) / 1000).unwrap_or(0) + 1;
            let wait_ms = self.backlog.due_in_ms(now).map_or(left_ms, |due| due.min(left_ms));
            let received = tokio::select! {
                received = receive(&client) => Some(received),
                () = self.clock.sleep_ms(wait_ms) => None,
            };
            self.take_turns();
            if let Some(received) = received {
                self.take_in(received);
            }
        }
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        for (lane, last) in self.backlog.end(tags).passed {
            if let Some(held) = lane.and_then(|lane| self.held.get_mut(&lane)) {
                held.next = Some(last + 1);
                held.has_news = true;
            }
        }
        self.tell().await;
        Ok(())
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        let now = self.clock.now();
        for job in jobs {
            self.backlog.give_back(job, now);
        }
        Ok(())
    }

    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        let dead = self.options.dead();
        let mut tags = Vec::with_capacity(jobs.len());
        let mut messages = Vec::with_capacity(jobs.len());
        for job in &jobs {
            let Some(arrival) = self.backlog.job(job.tag) else { continue };
            let (lane, offset) = (arrival.lane.unwrap_or(Lane(0)), self.backlog.handle(job.tag));
            tags.push(job.tag);
            messages.push(Message {
                topic: &dead,
                partition: 0,
                key: format!("{}-{}", lane.0, offset.unwrap_or(-1)),
                body: Some(&arrival.body),
                headers: vec![
                    ("reason", job.reason.clone()),
                    ("lane", lane.0.to_string()),
                    ("attempts", arrival.attempts.to_string()),
                ],
            });
        }
        let published = self.producer.publish(&messages).await;
        published.into_iter().collect::<Result<(), Trouble>>()?;
        self.acknowledge(&tags).await
    }

    async fn leave(mut self: Box<Self>) {
        self.word.arrives(self.options.patience).await;
        self.say_again().await;
        // The client tells the group that it goes, and waits for that.
        let client = self.client;
        let left = tokio::task::spawn_blocking(move || drop(client));
        let _ = tokio::time::timeout(self.options.patience, left).await;
    }
}
