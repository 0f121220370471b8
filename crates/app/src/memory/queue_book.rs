//! The in-memory book of queues.

use crate::Trouble;
use crate::ports::queue_book::{Booked, QueueBook, Tally, last_minute, slot};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps what is said of queues inside one process.
#[derive(Debug, Default)]
pub struct MemoryQueueBook(Mutex<BTreeMap<String, Leaf>>);

#[derive(Debug, Default)]
struct Leaf {
    is_paused: bool,
    tally: Tally,
    slots: BTreeMap<i64, u64>,
    begun: BTreeMap<String, u64>,
}

impl MemoryQueueBook {
    fn leaves(&self) -> MutexGuard<'_, BTreeMap<String, Leaf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl QueueBook for MemoryQueueBook {
    async fn read(&self, queue: &str, now: Moment) -> Result<Booked, Trouble> {
        let (first, last) = last_minute(now);
        Ok(self.leaves().get(queue).map_or_else(Booked::default, |leaf| Booked {
            is_paused: leaf.is_paused,
            tally: leaf.tally,
            done_last_minute: leaf.slots.range(first..=last).map(|(_, done)| done).sum(),
        }))
    }

    async fn add(&self, queue: &str, tally: Tally, now: Moment) -> Result<(), Trouble> {
        let mut leaves = self.leaves();
        let leaf = leaves.entry(queue.to_owned()).or_default();
        leaf.tally.done += tally.done;
        leaf.tally.retries += tally.retries;
        *leaf.slots.entry(slot(now)).or_default() += tally.done;
        leaf.slots = leaf.slots.split_off(&last_minute(now).0);
        Ok(())
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        self.leaves().entry(queue.to_owned()).or_default().is_paused = is_paused;
        Ok(())
    }

    async fn begin(&self, queue: &str, job: &str, _now: Moment) -> Result<u64, Trouble> {
        let mut leaves = self.leaves();
        let begun = &mut leaves.entry(queue.to_owned()).or_default().begun;
        let times = begun.entry(job.to_owned()).or_default();
        *times += 1;
        Ok(*times - 1)
    }

    async fn end(&self, queue: &str, job: &str) -> Result<(), Trouble> {
        self.leaves().entry(queue.to_owned()).or_default().begun.remove(job);
        Ok(())
    }
}
