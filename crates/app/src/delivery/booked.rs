//! Queues of a broker together with the book that is kept of them: what the broker cannot pause is
//! paused by a word that all workers obey, and what it does not count they have counted.

use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::queue_book::QueueBook;
use crate::ports::queues::{JobState, Lying, QueueReport, Queues, Start};
use async_trait::async_trait;
use std::sync::Arc;

/// Queues, and their book.
pub struct BookedQueues {
    /// The broker's.
    pub queues: Arc<dyn Queues>,
    /// The book.
    pub book: Arc<dyn QueueBook>,
    /// Tells which minute was the last.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Queues for BookedQueues {
    async fn list(&self) -> Result<Vec<QueueReport>, Trouble> {
        let mut all = self.queues.list().await?;
        for queue in &mut all {
            let booked = self.book.read(&queue.name, self.clock.now()).await?;
            queue.is_paused = booked.is_paused;
            queue.done = queue.done.or(Some(booked.tally.done));
            queue.retries = Some(booked.tally.retries);
            queue.done_last_minute = Some(booked.done_last_minute);
        }
        Ok(all)
    }

    async fn jobs(
        &self,
        queue: &str,
        state: JobState,
        limit: usize,
    ) -> Result<Vec<Lying>, Trouble> {
        self.queues.jobs(queue, state, limit).await
    }

    async fn retry(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.queues.retry(queue, job).await
    }

    async fn discard(&self, queue: &str, job: &str) -> Result<bool, Trouble> {
        self.queues.discard(queue, job).await
    }

    async fn drain(&self, queue: &str) -> Result<u64, Trouble> {
        self.queues.drain(queue).await
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        self.book.pause(queue, is_paused).await
    }

    async fn restart(&self, queue: &str, start: Start) -> Result<(), Trouble> {
        self.queues.restart(queue, start).await
    }
}
