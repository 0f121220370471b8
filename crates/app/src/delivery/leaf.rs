//! A leaf of the book of queues, as the workers of one process have it: whether they may take, looked up
//! again and again, and what became of jobs, written down as often.

use crate::ports::clock::Clock;
use crate::ports::queue_book::{QueueBook, Tally};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// How often the book is looked into and written, in milliseconds.
const LOOK_MS: u64 = 1_000;

/// What the workers of a queue share.
#[derive(Default)]
pub struct Leaf {
    book: Option<Arc<dyn QueueBook>>,
    may_take: AtomicBool,
    done: AtomicU64,
    retries: AtomicU64,
}

impl Leaf {
    /// That of a queue of which no book is kept: its own carrier pauses it, if anything does.
    pub fn unbooked() -> Arc<Self> {
        Arc::new(Self { may_take: AtomicBool::new(true), ..Self::default() })
    }

    /// That of a queue of which a book is kept.
    pub fn booked(book: Arc<dyn QueueBook>) -> Arc<Self> {
        Arc::new(Self { book: Some(book), ..Self::default() })
    }

    /// The book that it is of.
    pub(super) fn book(&self) -> Option<&dyn QueueBook> {
        self.book.as_deref()
    }

    /// Whether jobs may be taken. Before the book was looked into nobody knows, and nobody takes.
    pub fn may_take(&self) -> bool {
        self.may_take.load(Ordering::Relaxed)
    }

    /// So many jobs were ended, and so many given back.
    pub(super) fn count(&self, done: usize, given_back: usize) {
        self.done.fetch_add(done as u64, Ordering::Relaxed);
        self.retries.fetch_add(given_back as u64, Ordering::Relaxed);
    }

    /// Follows the book, if one is kept, until `stop`. What is counted after that nobody writes down.
    pub async fn keep(
        self: Arc<Self>,
        queue: String,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) {
        let Some(book) = self.book() else { return };
        while !stop.is_cancelled() {
            match book.read(&queue, clock.now()).await {
                Ok(booked) => self.may_take.store(!booked.is_paused, Ordering::Relaxed),
                // What was known of it holds on.
                Err(trouble) => tracing::debug!(%trouble, queue, "the book of queues is not seen"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep_ms(LOOK_MS) => {}
            }
            self.write_down(&queue, book, &*clock).await;
        }
    }

    async fn write_down(&self, queue: &str, book: &dyn QueueBook, clock: &dyn Clock) {
        let tally = Tally {
            done: self.done.swap(0, Ordering::Relaxed),
            retries: self.retries.swap(0, Ordering::Relaxed),
        };
        if tally == Tally::default() {
            return;
        }
        if let Err(trouble) = book.add(queue, tally, clock.now()).await {
            tracing::debug!(%trouble, queue, "what became of jobs is written down later");
            self.done.fetch_add(tally.done, Ordering::Relaxed);
            self.retries.fetch_add(tally.retries, Ordering::Relaxed);
        }
    }
}
