//! The databases that tests use: the environment names the servers, and each test makes itself an
//! empty place on one.

use crate::service;
use mysql_async::prelude::Queryable;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, or MySQL.
    Mariadb,
}

impl Server {
    /// The variable that names it.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "ADMITONE_TEST_POSTGRES",
            Self::Mariadb => "ADMITONE_TEST_MARIADB",
        }
    }

    /// Why it is not there, if it is not.
    pub fn absent(self) -> Option<String> {
        service::absent(self.variable())
    }

    /// The address of a new, empty place: a schema or a database. It goes with the server. None
    /// where there is no server and none is required.
    pub async fn fresh(self) -> Option<String> {
        let server = service::named(self.variable())?;
        let name = name();
        Some(match self {
            Self::Postgres => {
                let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
                execute(&server, &sql).await;
                format!("{server}?options=-csearch_path%3D{name}")
            }
            Self::Mariadb => own_database(&server, &name).await,
        })
    }

    /// The same in a database that no other test uses.
    pub async fn fresh_database(self) -> Option<String> {
        let server = service::named(self.variable())?;
        Some(own_database(&server, &name()).await)
    }
}

fn name() -> String {
    format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn own_database(server: &str, name: &str) -> String {
    execute(server, &format!("DROP DATABASE IF EXISTS {name}")).await;
    execute(server, &format!("CREATE DATABASE {name}")).await;
    let (address, _) = server.rsplit_once('/').unwrap_or((server, ""));
    format!("{address}/{name}")
}

/// Runs statements at an address.
///
/// # Panics
/// Panics if a statement fails.
pub async fn execute(url: &str, sql: &str) {
    if url.starts_with("mysql:") {
        let mut client = on_mariadb(url).await;
        client.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        client.disconnect().await.unwrap_or_else(|error| panic!("{error}"));
        return;
    }
    on_postgres(url, async |client| {
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    })
    .await;
}

/// The number that a statement answers at an address.
///
/// # Panics
/// Panics if it answers none.
pub async fn number(url: &str, sql: &str) -> f64 {
    if url.starts_with("mysql:") {
        let mut client = on_mariadb(url).await;
        let found = client.query_first(sql).await;
        client.disconnect().await.unwrap_or_else(|error| panic!("{error}"));
        return found.ok().flatten().unwrap_or_else(|| panic!("{sql} answers no number"));
    }
    let sql = format!("SELECT ({sql})::float8");
    on_postgres(url, async |client| {
        let row = client.query_one(&sql, &[]).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    })
    .await
}

async fn on_mariadb(url: &str) -> mysql_async::Conn {
    mysql_async::Conn::from_url(url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
}

async fn on_postgres<T>(url: &str, ask: impl AsyncFnOnce(&tokio_postgres::Client) -> T) -> T {
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| panic!("{url}: {error}"));
    tokio::select! {
        answer = ask(&client) => answer,
        ended = connection => panic!("{ended:?}"),
    }
}
