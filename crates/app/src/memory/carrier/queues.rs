//! The in-memory carrier as operators see it: one queue.

use super::{Item, MemoryCarrier, State};
use crate::Trouble;
use crate::ports::carrier::Tag;
use crate::ports::queues::{JobState, Lying, QueueReport, Queues, Start, no_offsets, unknown};
use admitone_domain::Moment;
use async_trait::async_trait;

impl MemoryCarrier {
    /// What its queue is called.
    pub const NAME: &'static str = "memory";

    fn of(&self, queue: &str) -> Result<std::sync::MutexGuard<'_, State>, Trouble> {
        if queue == Self::NAME { Ok(self.state()) } else { Err(unknown(queue)) }
    }
}

fn lying(item: &Item, state: JobState, reason: Option<&str>, consumer: Option<u64>) -> Lying {
    Lying {
        id: item.number.to_string(),
        state,
        body: item.body.clone(),
        attempts: item.attempts,
        reason: reason.map(str::to_owned),
        consumer: consumer.map(|number| number.to_string()),
        since: Some(item.since),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[async_trait]
impl Queues for MemoryCarrier {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        let now = self.clock.now();
        let state = self.state();
        let waits = |item: &&Item| item.not_before <= now;
        let oldest = state.waiting.iter().filter(waits).map(|item| item.since).min();
        let waiting = count(state.waiting.iter().filter(waits).count());
        Ok(vec![QueueReport {
            name: Self::NAME.to_owned(),
            kind: Self::NAME.to_owned(),
            waiting,
            running: count(state.running.len()),
            delayed: count(state.waiting.len()) - waiting,
            dead: count(state.dead.len()),
            done: Some(state.done),
            retries: Some(state.retries),
            done_last_minute: None,
            lag: waiting + count(state.running.len()),
            oldest_ms: oldest.map(|since| u64::try_from((now.0 - since.0) / 1_000).unwrap_or(0)),
            consumers: count(state.consumers.len()),
            is_paused: state.is_paused,
            lacks: Vec::new(),
        }])
    }

    async fn jobs(
        &self,
        queue: &str,
        wanted: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, Trouble> {
        let now = self.clock.now();
        let state = self.of(queue)?;
        let waiting = |is_due: bool| {
            let chosen =
                state.waiting.iter().filter(move |item| (item.not_before <= now) == is_due);
            chosen.map(|item| lying(item, wanted, None, None)).take(limit).collect()
        };
        Ok(match wanted {
            JobState::Waiting => waiting(true),
            JobState::Delayed => waiting(false),
            JobState::Running => {
                let all = state.running.values();
                all.map(|(who, item)| lying(item, wanted, None, Some(*who))).take(limit).collect()
            }
            JobState::Dead => {
                let all = state.dead.iter();
                all.map(|(item, why)| lying(item, wanted, Some(why), None)).take(limit).collect()
            }
        })
    }

    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        let in_order = self.lanes.is_some();
        let mut state = self.of(queue)?;
        let place = state.dead.iter().position(|(item, _)| item.number.to_string() == job);
        let Some(place) = place else { return Ok(false) };
        let (item, _) = state.dead.remove(place);
        let number = state.draw();
        state.put(Item { number, attempts: 0, not_before: Moment::MIN, ..item }, in_order);
        Ok(true)
    }

    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        let mut state = self.of(queue)?;
        let before = state.waiting.len() + state.dead.len();
        state.waiting.retain(|item| item.number.to_string() != job);
        state.dead.retain(|(item, _)| item.number.to_string() != job);
        Ok(state.waiting.len() + state.dead.len() < before)
    }

    async fn drain(&self, queue: &str) -> Result<u64, Trouble> {
        Ok(count(std::mem::take(&mut self.of(queue)?.waiting).len()))
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        self.of(queue)?.is_paused = is_paused;
        Ok(())
    }

    /// Nothing is kept of what was ended, so there is nothing to begin with again.
    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble> {
        let from = match start {
            Start::Beginning => Moment::MIN,
            Start::End => Moment::MAX,
            Start::Since(moment) => moment,
            Start::Offset(_) | Start::Offsets(_) => return Err(no_offsets()),
        };
        let in_order = self.lanes.is_some();
        let mut state = self.of(queue)?;
        let tags: Vec<Tag> = state.running.keys().copied().collect();
        for tag in tags {
            state.come_again(tag, 0, Moment::MIN, in_order);
        }
        state.waiting.retain(|item| item.since >= from);
        Ok(())
    }
}
