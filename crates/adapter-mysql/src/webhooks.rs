//! Endpoints of webhooks, and the log of attempts.

use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::webhooks::{Attempt, Endpoint, Webhooks};
use admitone_domain::Moment;
use async_trait::async_trait;
use mysql_async::Row;
use serde::de::DeserializeOwned;

#[async_trait]
impl Webhooks for MysqlStore {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, Trouble> {
        let steps = [Step::read("SELECT body FROM webhook ORDER BY id")];
        let mut client = self.client("read endpoints").await?;
        let found = script::run(&mut client, "read endpoints", &steps).await?;
        found.iter().flatten().map(|row| of_bytes(row, 0)).collect()
    }

    async fn put(&self, endpoint: &Endpoint) -> Result<bool, Trouble> {
        let Endpoint { id, version, .. } = endpoint;
        let body = bytes(endpoint)?;
        let sql = if *version == 1 {
            format!("INSERT IGNORE INTO webhook VALUES ({id}, 1, {body})")
        } else {
            format!(
                "UPDATE webhook SET version = {version}, body = {body} \
                 WHERE id = {id} AND version = {version} - 1"
            )
        };
        // The server says nothing of rows that were touched, unless it is asked.
        let steps = [Step::read(sql), Step::read("SELECT ROW_COUNT()")];
        let mut client = self.client("keep an endpoint").await?;
        let found = script::run(&mut client, "keep an endpoint", &steps).await?;
        touched(&found)
    }

    async fn remove(&self, id: u64) -> Result<bool, Trouble> {
        let steps = [
            Step::read(format!("DELETE FROM webhook_attempt WHERE endpoint = {id}")),
            Step::read(format!("DELETE FROM webhook WHERE id = {id}")),
            Step::read("SELECT ROW_COUNT()"),
        ];
        let mut client = self.client("remove an endpoint").await?;
        let found = script::run(&mut client, "remove an endpoint", &steps).await?;
        touched(&found)
    }

    async fn log(&self, attempts: &[Attempt]) -> Result<(), Trouble> {
        if attempts.is_empty() {
            return Ok(());
        }
        let row = |attempt: &Attempt| {
            Ok(format!("({}, {}, {})", attempt.endpoint, attempt.at.0, bytes(attempt)?))
        };
        let rows = attempts.iter().map(row).collect::<Result<Vec<_>, Trouble>>()?;
        let sql =
            format!("INSERT INTO webhook_attempt (endpoint, at, body) VALUES {}", rows.join(", "));
        let mut client = self.client("write the log of webhooks").await?;
        script::run(&mut client, "write the log of webhooks", &[Step::read(sql)]).await.map(drop)
    }

    async fn attempts(
        &self,
        endpoint: u64,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Attempt)>, Trouble> {
        let below = below.map_or(i64::MAX, |below| i64::try_from(below).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT number, body FROM webhook_attempt WHERE endpoint = {endpoint} \
             AND number < {below} ORDER BY number DESC LIMIT {limit}"
        );
        let mut client = self.client("read the log of webhooks").await?;
        let found =
            script::run(&mut client, "read the log of webhooks", &[Step::read(sql)]).await?;
        let of_row = |row| Ok((read::unsigned(row, 0)?, of_bytes(row, 1)?));
        found.iter().flatten().map(of_row).collect()
    }

    async fn prune(&self, before: Moment) -> Result<(), Trouble> {
        let sql = format!("DELETE FROM webhook_attempt WHERE at < {}", before.0);
        let mut client = self.client("prune the log of webhooks").await?;
        script::run(&mut client, "prune the log of webhooks", &[Step::read(sql)]).await.map(drop)
    }
}

/// Whether the last statement but one touched a row.
fn touched(found: &[Vec<Row>]) -> Result<bool, Trouble> {
    let row = found.last().and_then(|rows| rows.first());
    row.map_or(Ok(false), |row| Ok(read::get::<i64>(row, 0)? == 1))
}

fn bytes(what: &impl serde::Serialize) -> Result<String, Trouble> {
    let json = serde_json::to_vec(what);
    json.map(|json| literal(&json)).map_err(|error| trouble::unreadable("write a webhook", error))
}

fn of_bytes<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Trouble> {
    let json: Vec<u8> = read::get(row, column)?;
    serde_json::from_slice(&json).map_err(|error| trouble::unreadable("read a webhook", error))
}
