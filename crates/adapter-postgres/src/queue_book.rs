//! The book of queues: one row for each, and one for each part of its last minute.

use crate::open::PostgresStore;
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::queue_book::{Booked, QueueBook, Tally, last_minute, slot};
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
}
