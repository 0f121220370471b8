//! Endpoints of webhooks, and the log of attempts.

use crate::open::PostgresStore;
use crate::pipeline::{Array, Step};
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::webhooks::{Attempt, Endpoint, Webhooks};
use admitone_domain::Moment;
use async_trait::async_trait;
use serde::de::DeserializeOwned;

const ALL: &str = "SELECT body FROM webhook ORDER BY id";
const ADD: &str = "INSERT INTO webhook VALUES ($1, 1, $2) ON CONFLICT DO NOTHING";
const CHANGE: &str =
    "UPDATE webhook SET version = $2::bigint, body = $3 WHERE id = $1 AND version = $2::bigint - 1";
const REMOVE: &str = "WITH gone AS (DELETE FROM webhook_attempt WHERE endpoint = $1) \
     DELETE FROM webhook WHERE id = $1";
const LOG: &str = "INSERT INTO webhook_attempt (endpoint, at, body) \
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])";
const LOGGED: &str = "SELECT number, body FROM webhook_attempt \
     WHERE endpoint = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
const PRUNE: &str = "DELETE FROM webhook_attempt WHERE at < $1";

#[async_trait]
impl Webhooks for PostgresStore {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, Trouble> {
        let rows = self.ask_for(Step::read(ALL, Vec::new())).await?;
        rows.iter().map(|row| of_text(read::get(row, 0)?)).collect()
    }

    async fn put(&self, endpoint: &Endpoint) -> Result<bool, Trouble> {
        let (id, version) = (endpoint.id.cast_signed(), endpoint.version.cast_signed());
        let body = text(endpoint)?;
        let kept = if version == 1 {
            self.touch("keep an endpoint", ADD, &[&id, &body]).await?
        } else {
            self.touch("keep an endpoint", CHANGE, &[&id, &version, &body]).await?
        };
        Ok(kept == 1)
    }

    async fn remove(&self, id: u64) -> Result<bool, Trouble> {
        Ok(self.touch("remove an endpoint", REMOVE, &[&id.cast_signed()]).await? == 1)
    }

    async fn log(&self, attempts: &[Attempt]) -> Result<(), Trouble> {
        let endpoints = attempts.iter().map(|attempt| attempt.endpoint.cast_signed()).collect();
        let values = vec![
            Array::Number(endpoints),
            Array::Number(attempts.iter().map(|attempt| attempt.at.0).collect()),
            Array::Text(attempts.iter().map(text).collect::<Result<_, _>>()?),
        ];
        self.ask_for(Step::read(LOG, values)).await.map(drop)
    }

    async fn attempts(
        &self,
        endpoint: u64,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Attempt)>, Trouble> {
        let number = |number: u64| Array::Single(Some(i64::try_from(number).unwrap_or(i64::MAX)));
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let values = vec![number(endpoint), number(below.unwrap_or(u64::MAX)), number(limit)];
        let rows = self.ask_for(Step::read(LOGGED, values)).await?;
        let of_row = |row| Ok((read::unsigned(row, 0)?, of_text(read::get(row, 1)?)?));
        rows.iter().map(of_row).collect()
    }

    async fn prune(&self, before: Moment) -> Result<(), Trouble> {
        self.touch("prune the log of webhooks", PRUNE, &[&before.0]).await.map(drop)
    }
}

fn text(what: &impl serde::Serialize) -> Result<String, Trouble> {
    serde_json::to_string(what).map_err(|error| trouble::unreadable("write a webhook", error))
}

fn of_text<T: DeserializeOwned>(text: &str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| trouble::unreadable("read a webhook", error))
}
