//! The channel as operators see it: how much waits in this process, and what became of it.

use super::Parcel;
use crate::Trouble;
use crate::delivery::pace::Pace;
use crate::ports::clock::Clock;
use crate::ports::queues::{JobState, Lack, Lying, QueueReport, Queues, Start, cannot};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tokio::sync::mpsc::WeakSender;

/// Nothing waits, as far as is known.
const NOTHING: i64 = i64::MIN;

/// What is counted of a channel.
#[derive(Debug)]
pub(super) struct Gauge {
    running: AtomicU64,
    done: AtomicU64,
    /// When the first of those came that wait, or one that was taken just before it.
    oldest: AtomicI64,
    pace: Pace,
}

impl Default for Gauge {
    fn default() -> Self {
        let oldest = AtomicI64::new(NOTHING);
        Self { running: AtomicU64::new(0), done: AtomicU64::new(0), oldest, pace: Pace::default() }
    }
}

impl Gauge {
    /// One came and waits, or has been taken by now.
    pub(super) fn came(&self, at: Moment) {
        // Where another waits already it is not the oldest.
        let _ = self.oldest.compare_exchange(NOTHING, at.0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// So many were taken, the last of which had come at a moment.
    pub(super) fn taken(&self, count: usize, last: Option<Moment>, has_more: impl Fn() -> bool) {
        self.running.fetch_add(count as u64, Ordering::Relaxed);
        self.oldest.store(NOTHING, Ordering::Relaxed);
        if let Some(last) = last.filter(|_| has_more()) {
            self.oldest.store(last.0, Ordering::Relaxed);
        }
    }

    /// So many are answered.
    pub(super) fn ended(&self, count: usize) {
        self.running.fetch_sub(count as u64, Ordering::Relaxed);
        self.done.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn oldest_ms(&self, now: Moment) -> Option<u64> {
        let oldest = self.oldest.load(Ordering::Relaxed);
        (oldest != NOTHING).then(|| now.ms_since(Moment(oldest)))
    }
}

/// A channel of this process, as one of the queues of the house.
pub struct ChannelQueue {
    pub(super) name: String,
    pub(super) sender: WeakSender<Parcel>,
    pub(super) gauge: Arc<Gauge>,
    pub(super) clock: Arc<dyn Clock>,
}

const LACKS: [Lack; 3] = [Lack::ChannelElsewhere, Lack::ChannelAway, Lack::ChannelActs];

#[async_trait]
impl Queues for ChannelQueue {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        let now = self.clock.now();
        let sender = self.sender.upgrade();
        let waiting = sender.map_or(0, |sender| sender.max_capacity() - sender.capacity()) as u64;
        let running = self.gauge.running.load(Ordering::Relaxed);
        let done = self.gauge.done.load(Ordering::Relaxed);
        Ok(vec![QueueReport {
            name: self.name.clone(),
            kind: "channel".to_owned(),
            waiting,
            running,
            delayed: 0,
            dead: 0,
            done: Some(done),
            retries: None,
            done_last_minute: self.gauge.pace.seen(now.0.div_euclid(1_000), done),
            lag: waiting + running,
            oldest_ms: self.gauge.oldest_ms(now).filter(|_| waiting > 0),
            consumers: 1,
            is_paused: false,
            lacks: Lack::all_of(&LACKS),
        }])
    }

    async fn jobs(&self, _: &str, _: JobState, _: usize) -> Result<Vec<Lying>, Trouble> {
        Err(cannot(Lack::ChannelActs.said()))
    }

    async fn retry(&self, _: &str, _: &str) -> Result<bool, Trouble> {
        Err(cannot(Lack::ChannelAway.said()))
    }

    async fn discard(&self, _: &str, _: &str) -> Result<bool, Trouble> {
        Err(cannot(Lack::ChannelActs.said()))
    }

    async fn drain(&self, _: &str) -> Result<u64, Trouble> {
        Err(cannot(Lack::ChannelActs.said()))
    }

    async fn pause(&self, _: &str, _: bool) -> Result<(), Trouble> {
        Err(cannot(Lack::ChannelActs.said()))
    }

    async fn restart(&self, _: &str, _: Start) -> Result<(), Trouble> {
        Err(cannot(Lack::ChannelActs.said()))
    }
}
