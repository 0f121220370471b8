//! What is kept of queues beside the broker that carries them: that nobody takes from one because an
//! operator wants that, and what became of jobs. Every instance obeys it, and every one adds to it.

use crate::Trouble;
use admitone_domain::Moment;
use async_trait::async_trait;

/// What became of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// So many were ended.
    pub done: u64,
    /// So often one was given back.
    pub retries: u64,
}

/// What is written of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Booked {
    /// Whether nobody takes from it.
    pub is_paused: bool,
    /// What became of its jobs, since it is there and by whoever settled them.
    pub tally: Tally,
    /// How many of them were ended in the last minute.
    pub done_last_minute: u64,
}

/// How long a part of a minute is in which ended jobs are counted together, in milliseconds.
pub const SLOT_MS: i64 = 10_000;

/// So long it is remembered that a job was begun, in milliseconds: a day.
pub const BEGUN_MS: i64 = 86_400_000;

/// The part of a minute in which a moment is.
pub fn slot(now: Moment) -> i64 {
    now.0.div_euclid(SLOT_MS * 1_000)
}

/// The first and the last part of the minute before the one in which a moment is.
pub fn last_minute(now: Moment) -> (i64, i64) {
    let slot = slot(now);
    (slot - 60_000 / SLOT_MS, slot - 1)
}

/// Keeps it.
///
/// # Behavior
/// - `a_queue_is_paused_for_all_until_somebody_lets_it_go_on`: whatever else is written of it.
/// - `what_became_of_jobs_is_added_up_over_instances`: nothing of it is lost where several add at once.
/// - `what_was_done_in_the_last_minute_is_told_apart`: what is older is not counted.
/// - `a_job_that_was_begun_is_remembered_until_it_ended`: by all, and for a day at least.
#[async_trait]
pub trait QueueBook: Send + Sync {
    /// What is written of a queue, as of a moment; nothing of one of which nobody wrote.
    async fn read(&self, queue: &str, now: Moment) -> Result<Booked, Trouble>;

    /// Adds what became of jobs by a moment.
    async fn add(&self, queue: &str, tally: Tally, now: Moment) -> Result<(), Trouble>;

    /// Has nobody take from a queue, or all again.
    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble>;

    /// Notes that a job is begun that may end whoever begins it; how often it had been begun before, without
    /// [`Self::end`]. What was begun longer ago than [`BEGUN_MS`] may be forgotten.
    async fn begin(&self, queue: &str, job: &str, now: Moment) -> Result<u64, Trouble>;

    /// Forgets that a job was begun: whoever did that is there and knows what came of it.
    async fn end(&self, queue: &str, job: &str) -> Result<(), Trouble>;
}
