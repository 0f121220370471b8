//! The table of all figures.

/// How a figure behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts how often how much.
    Histogram,
}

/// A figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it is counted in.
    pub unit: &'static str,
    /// Its labels.
    pub labels: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

pub(super) const fn figure(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static str,
    meaning: &'static str,
) -> Figure {
    Figure { name, kind, unit, labels, meaning }
}

use Kind::{Counter, Gauge, Histogram};

/// The figures of the house beside those of rooms and roads.
pub(super) const FIGURES: [Figure; 32] = [
    figure(
        "admitone_requests_total",
        Counter,
        "requests",
        "status",
        "Answered requests, by the class of their status.",
    ),
    figure(
        "admitone_refusals_total",
        Counter,
        "requests",
        "code",
        "Requests that were not done, by the stable code of the problem.",
    ),
    figure(
        "admitone_queue_commands",
        Gauge,
        "commands",
        "",
        "Commands that wait for the writer now; beyond `queue_depth_max` they are refused as busy.",
    ),
    figure(
        "admitone_batch_commands",
        Histogram,
        "commands",
        "",
        "How many commands the writer took at once.",
    ),
    figure(
        "admitone_batches_left_total",
        Counter,
        "batches",
        "",
        "Batches that took longer than a second, on a connection that nobody answers or behind \
         another's lock, so that those behind them waited for them no longer.",
    ),
    figure(
        "admitone_commits_total",
        Counter,
        "commits",
        "",
        "Committed batches: one transaction and one sync each.",
    ),
    figure(
        "admitone_commands_total",
        Counter,
        "commands",
        "",
        "Commands that were decided and committed, refusals among them.",
    ),
    figure(
        "admitone_jobs_sent_total",
        Counter,
        "jobs",
        "",
        "Commands that were handed over to travel, in strategies such as `job-queue`.",
    ),
    figure(
        "admitone_jobs_done_total",
        Counter,
        "jobs",
        "queue",
        "Jobs that workers of this process settled; the commit came first.",
    ),
    figure(
        "admitone_jobs_given_back_total",
        Counter,
        "jobs",
        "queue",
        "Jobs that workers of this process gave back, to come again later.",
    ),
    figure(
        "admitone_jobs_astray_total",
        Counter,
        "jobs",
        "queue",
        "Jobs that came by a lane that is not their own by the rows they were decided on, and were handed over to that.",
    ),
    figure(
        "admitone_jobs_dead_total",
        Counter,
        "jobs",
        "queue",
        "Jobs that workers of this process put away: unreadable, or failed too often.",
    ),
    figure(
        "admitone_queue_jobs",
        Gauge,
        "jobs",
        "queue, state",
        "Jobs that wait, run, are delayed or were put away, as the broker says every five seconds, or the channel of this instance.",
    ),
    figure(
        "admitone_queue_oldest_seconds",
        Gauge,
        "seconds",
        "queue",
        "How long the oldest job has waited; 0 where none does.",
    ),
    figure(
        "admitone_conflicts_total",
        Counter,
        "attempts",
        "",
        "Attempts that met a conflict in the store and were made again.",
    ),
    figure(
        "admitone_lock_wait_seconds",
        Histogram,
        "seconds",
        "",
        "How long a batch waited for its lock, also in vain.",
    ),
    figure(
        "admitone_turn_wait_seconds",
        Histogram,
        "seconds",
        "",
        "How long a batch waited for its turn among those of this instance who want the same rows, also in vain.",
    ),
    figure(
        "admitone_lock_hold_seconds",
        Histogram,
        "seconds",
        "",
        "How long a batch held its lock: its transaction, and giving the lock back.",
    ),
    figure(
        "admitone_gateway_answers_total",
        Counter,
        "answers",
        "answer",
        "What the payment gateway said of payments: `taken`, `declined`, `open`, `given_back`, or \
         nothing definite: `unknown`, `mismatched` (another amount or order), `misconfigured` (it \
         does not take our key).",
    ),
    figure(
        "admitone_locks_lost_total",
        Counter,
        "locks",
        "",
        "Locks that were lost before their batch was committed: by their lease, or by their token \
         in the store. The batch is settled again.",
    ),
    figure(
        "admitone_lock_outages_total",
        Counter,
        "batches",
        "",
        "Batches that were refused because their lock could not be reached.",
    ),
    figure(
        "admitone_lock_fallbacks_total",
        Counter,
        "batches",
        "",
        "Batches that were settled without the lock that could not be reached, in the mode that \
         is set for that.",
    ),
    figure(
        "admitone_store_lock_waiting",
        Gauge,
        "connections",
        "",
        "Connections of the shared store's database that wait for a lock now, looked at every two \
         seconds by every instance: not to be added up.",
    ),
    figure(
        "admitone_store_lock_wait_longest_seconds",
        Gauge,
        "seconds",
        "",
        "How long the one that waits longest for a lock of the shared store has waited.",
    ),
    figure(
        "admitone_store_lock_waits_total",
        Gauge,
        "waits",
        "",
        "How often somebody waited for a lock on a row, as MariaDB counts it; PostgreSQL does not. \
         Only grows, and begins anew with the server, whose databases are all in it.",
    ),
    figure(
        "admitone_store_lock_wait_seconds_total",
        Gauge,
        "seconds",
        "",
        "How long all of them together, as MariaDB counts it; PostgreSQL does not.",
    ),
    figure(
        "admitone_store_deadlocks_total",
        Gauge,
        "deadlocks",
        "",
        "How often transactions waited for each other in a circle, in all databases of the server. \
         Only grows.",
    ),
    figure(
        "admitone_limit_fallbacks_total",
        Counter,
        "requests",
        "",
        "Requests that this instance limited by itself, because the buckets of all instances could \
         not be reached. Those that were refused are `RATE_LIMITED` in `admitone_refusals_total`.",
    ),
    figure(
        "admitone_follower_looks_total",
        Counter,
        "looks",
        "woken_by",
        "How often this instance looked what others had committed: woken by a `hint` of theirs, or \
         by `time`, which is as often as ten times a second while nobody hints.",
    ),
    figure(
        "admitone_cache_reads_total",
        Counter,
        "reads",
        "of, outcome",
        "What was read through the cache of all instances, of `lists` or of `seats`, which whoever \
         has no board of a show yet reads: `hit`, `shared` with somebody who read it at the same \
         time, `miss`, or `away` when the cache did not answer.",
    ),
    figure(
        "admitone_fold_rows",
        Histogram,
        "rows",
        "",
        "How many rows one fold wrote into the tables.",
    ),
    figure(
        "admitone_room_messages_dropped_total",
        Counter,
        "messages",
        "",
        "Messages about passes to the waiting rooms that were dropped because too many waited.",
    ),
];
