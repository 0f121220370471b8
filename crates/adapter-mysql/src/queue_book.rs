//! The book of queues: one row for each, and one for each part of its last minute.

use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::queue_book::{Booked, QueueBook, Tally, last_minute, slot};
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
}
