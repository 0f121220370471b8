//! Endpoints of webhooks, and the log of attempts: beside the roads that lead to them.

use crate::roads::SqliteRoads;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::webhooks::{Attempt, Endpoint, Webhooks};
use admitone_domain::Moment;
use async_trait::async_trait;
use rusqlite::params;
use serde::de::DeserializeOwned;

#[async_trait]
impl Webhooks for SqliteRoads {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, Trouble> {
        let found = self.within("read endpoints", |roads| {
            let mut query = roads.prepare_cached("SELECT body FROM webhook ORDER BY id")?;
            let bodies = query.query_map([], |row| row.get::<_, String>(0))?;
            bodies.collect::<rusqlite::Result<Vec<String>>>()
        });
        found.await?.iter().map(|body| of_text(body)).collect()
    }

    async fn put(&self, endpoint: &Endpoint) -> Result<bool, Trouble> {
        let (id, version, body) = (endpoint.id, endpoint.version, text(endpoint)?);
        self.within("keep an endpoint", move |roads| {
            let touched = if version == 1 {
                let sql = "INSERT OR IGNORE INTO webhook VALUES (?1, 1, ?2)";
                roads.execute(sql, params![id, body])?
            } else {
                let sql = "UPDATE webhook SET version = ?2, body = ?3 \
                           WHERE id = ?1 AND version = ?2 - 1";
                roads.execute(sql, params![id, version, body])?
            };
            Ok(touched == 1)
        })
        .await
    }

    async fn remove(&self, id: u64) -> Result<bool, Trouble> {
        self.within("remove an endpoint", move |roads| {
            roads.execute("DELETE FROM webhook_attempt WHERE endpoint = ?1", [id])?;
            Ok(roads.execute("DELETE FROM webhook WHERE id = ?1", [id])? == 1)
        })
        .await
    }

    async fn log(&self, attempts: &[Attempt]) -> Result<(), Trouble> {
        let row = |attempt: &Attempt| Ok((attempt.endpoint, attempt.at.0, text(attempt)?));
        let rows = attempts.iter().map(row).collect::<Result<Vec<_>, Trouble>>()?;
        self.within("write the log of webhooks", move |roads| {
            let sql = "INSERT INTO webhook_attempt (endpoint, at, body) VALUES (?1, ?2, ?3)";
            for (endpoint, at, body) in rows {
                roads.prepare_cached(sql)?.execute(params![endpoint, at, body])?;
            }
            Ok(())
        })
        .await
    }

    async fn attempts(
        &self,
        endpoint: u64,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Attempt)>, Trouble> {
        let below = below.map_or(i64::MAX, |below| i64::try_from(below).unwrap_or(i64::MAX));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.within("read the log of webhooks", move |roads| {
            let sql = "SELECT number, body FROM webhook_attempt \
                       WHERE endpoint = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3";
            let mut query = roads.prepare_cached(sql)?;
            let rows = query.query_map(params![endpoint, below, limit], |row| {
                Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<(u64, String)>>>()
        });
        let found = found.await?;
        found.iter().map(|(number, body)| Ok((*number, of_text(body)?))).collect()
    }

    async fn prune(&self, before: Moment) -> Result<(), Trouble> {
        self.within("prune the log of webhooks", move |roads| {
            roads.execute("DELETE FROM webhook_attempt WHERE at < ?1", [before.0]).map(drop)
        })
        .await
    }
}

fn text(what: &impl serde::Serialize) -> Result<String, Trouble> {
    serde_json::to_string(what).map_err(|error| trouble::unreadable("write a webhook", error))
}

fn of_text<T: DeserializeOwned>(text: &str) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| trouble::unreadable("read a webhook", error))
}
