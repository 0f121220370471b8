//! The book of queues: one row for each, one for each part of its last minute, and one for each job that was begun
//! and may have ended whoever did.

use crate::open::PostgresStore;
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::queue_book::{BEGUN_MS, Booked, QueueBook, Tally, last_minute, slot};
use admitone_domain::Moment;
use async_trait::async_trait;
use tokio_postgres::types::ToSql;

const READ: &str = "SELECT is_paused, done, retries, \
     (SELECT coalesce(sum(part.done), 0)::bigint FROM queue_slot AS part \
     WHERE part.name = queue.name AND part.slot BETWEEN $2 AND $3) FROM queue WHERE name = $1";
const ADD: &str = "WITH whole AS (INSERT INTO queue (name, done, retries) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET done = queue.done + excluded.done, \
     retries = queue.retries + excluded.retries), \
     part AS (INSERT INTO queue_slot VALUES ($1, $4, $2) ON CONFLICT (name, slot) DO UPDATE \
     SET done = queue_slot.done + excluded.done) \
     DELETE FROM queue_slot WHERE name = $1 AND slot < $5";
const PAUSE: &str = "INSERT INTO queue (name, is_paused) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET is_paused = excluded.is_paused";

const BEGIN: &str = "WITH old AS (DELETE FROM queue_begun WHERE name = $1 AND job <> $2 AND at < $4) \
     INSERT INTO queue_begun VALUES ($1, $2, 1, $3) ON CONFLICT (name, job) DO UPDATE \
     SET times = queue_begun.times + 1, at = excluded.at RETURNING times - 1";
const END: &str = "DELETE FROM queue_begun WHERE name = $1 AND job = $2";

#[async_trait]
impl QueueBook for PostgresStore {
    async fn read(&self, queue: &str, now: Moment) -> Result<Booked, Trouble> {
        let client = self.client("read the book of queues").await?;
        let (first, last) = last_minute(now);
        let values: [&(dyn ToSql + Sync); 3] = [&queue, &first, &last];
        let asked = client.query_opt(READ, &values);
        let Some(row) = client.ask("read the book of queues", asked).await? else {
            return Ok(Booked::default());
        };
        Ok(Booked {
            is_paused: read::get(&row, 0)?,
            tally: Tally { done: read::unsigned(&row, 1)?, retries: read::unsigned(&row, 2)? },
            done_last_minute: read::unsigned(&row, 3)?,
        })
    }

    async fn add(&self, queue: &str, tally: Tally, now: Moment) -> Result<(), Trouble> {
        let client = self.client("write the book of queues").await?;
        let (done, retries) = (tally.done.cast_signed(), tally.retries.cast_signed());
        let (slot, (first, _)) = (slot(now), last_minute(now));
        let values: [&(dyn ToSql + Sync); 5] = [&queue, &done, &retries, &slot, &first];
        client.ask("write the book of queues", client.execute(ADD, &values)).await.map(drop)
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        let client = self.client("pause a queue").await?;
        client.ask("pause a queue", client.execute(PAUSE, &[&queue, &is_paused])).await.map(drop)
    }

    async fn begin(&self, queue: &str, job: &str, now: Moment) -> Result<u64, Trouble> {
        let client = self.client("write the book of queues").await?;
        let (at, old) = (now.0, now.0.saturating_sub(BEGUN_MS * 1_000));
        let values: [&(dyn ToSql + Sync); 4] = [&queue, &job, &at, &old];
        let begun = client.query_one(BEGIN, &values);
        read::unsigned(&client.ask("write the book of queues", begun).await?, 0)
    }

    async fn end(&self, queue: &str, job: &str) -> Result<(), Trouble> {
        let client = self.client("write the book of queues").await?;
        let values: [&(dyn ToSql + Sync); 2] = [&queue, &job];
        client.ask("write the book of queues", client.execute(END, &values)).await.map(drop)
    }
}
