//! The book of queues: one row for each, one for each part of its last minute, and one for each job that was begun
//! and may have ended whoever did.

use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::queue_book::{BEGUN_MS, Booked, QueueBook, Tally, last_minute, slot};
use admitone_domain::Moment;
use async_trait::async_trait;

#[async_trait]
impl QueueBook for MysqlStore {
    async fn read(&self, queue: &str, now: Moment) -> Result<Booked, Trouble> {
        let (name, (first, last)) = (literal(queue.as_bytes()), last_minute(now));
        let found = self
            .ask(format!(
                "SELECT is_paused, done, retries, (SELECT CAST(COALESCE(SUM(part.done), 0) AS SIGNED) \
                 FROM queue_slot AS part WHERE part.name = {name} \
                 AND part.slot BETWEEN {first} AND {last}) FROM queue WHERE name = {name}"
            ))
            .await?;
        let Some(row) = found.first() else { return Ok(Booked::default()) };
        Ok(Booked {
            is_paused: read::get(row, 0)?,
            tally: Tally { done: read::unsigned(row, 1)?, retries: read::unsigned(row, 2)? },
            done_last_minute: read::unsigned(row, 3)?,
        })
    }

    async fn add(&self, queue: &str, tally: Tally, now: Moment) -> Result<(), Trouble> {
        let (name, Tally { done, retries }) = (literal(queue.as_bytes()), tally);
        let (slot, (first, _)) = (slot(now), last_minute(now));
        // Each by itself, the sum of all last: where one fails nothing is added to it.
        let steps = [
            Step::read(format!("DELETE FROM queue_slot WHERE name = {name} AND slot < {first}")),
            Step::read(format!(
                "INSERT INTO queue_slot VALUES ({name}, {slot}, {done}) \
                 ON DUPLICATE KEY UPDATE done = done + {done}"
            )),
            Step::read(format!(
                "INSERT INTO queue (name, done, retries) VALUES ({name}, {done}, {retries}) \
                 ON DUPLICATE KEY UPDATE done = done + {done}, retries = retries + {retries}"
            )),
        ];
        let mut client = self.client("write the book of queues").await?;
        script::run(&mut client, "write the book of queues", &steps).await.map(drop)
    }

    async fn pause(&self, queue: &str, is_paused: bool) -> Result<(), Trouble> {
        let step = Step::read(format!(
            "INSERT INTO queue (name, is_paused) VALUES ({}, {is_paused}) \
             ON DUPLICATE KEY UPDATE is_paused = {is_paused}",
            literal(queue.as_bytes())
        ));
        let mut client = self.client("pause a queue").await?;
        script::run(&mut client, "pause a queue", &[step]).await.map(drop)
    }

    async fn begin(&self, queue: &str, job: &str, now: Moment) -> Result<u64, Trouble> {
        let (name, job) = (literal(queue.as_bytes()), literal(job.as_bytes()));
        let (at, old) = (now.0, now.0.saturating_sub(BEGUN_MS * 1_000));
        let steps = [
            Step::read(format!("DELETE FROM queue_begun WHERE name = {name} AND at < {old}")),
            Step::read(format!(
                "INSERT INTO queue_begun VALUES ({name}, {job}, 1, {at}) \
                 ON DUPLICATE KEY UPDATE times = times + 1, at = {at}"
            )),
            Step::read(format!(
                "SELECT times - 1 FROM queue_begun WHERE name = {name} AND job = {job}"
            )),
        ];
        let mut client = self.client("write the book of queues").await?;
        let found = script::run(&mut client, "write the book of queues", &steps).await?;
        let times = found.last().and_then(|rows| rows.first());
        times.map_or(Ok(0), |row| read::unsigned(row, 0))
    }

    async fn end(&self, queue: &str, job: &str) -> Result<(), Trouble> {
        let (name, job) = (literal(queue.as_bytes()), literal(job.as_bytes()));
        let step = format!("DELETE FROM queue_begun WHERE name = {name} AND job = {job}");
        let mut client = self.client("write the book of queues").await?;
        script::run(&mut client, "write the book of queues", &[Step::read(step)]).await.map(drop)
    }
}
