//! A schema or a database of its own, on the server that the environment names.

use mysql_async::prelude::Queryable;
use std::sync::atomic::{AtomicU32, Ordering};

/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

static NEXT: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    Mariadb,
}

impl Server {
    /// The address of a new, empty store; none where there is no such server and none is required.
    pub(crate) fn fresh(self) -> Option<String> {
        self.make(false)
    }

    /// The same in a database that no other test uses.
    pub(crate) fn fresh_database(self) -> Option<String> {
        self.make(true)
    }

    fn make(self, is_database: bool) -> Option<String> {
        let variable = match self {
            Self::Postgres => "ADMITONE_TEST_POSTGRES",
            Self::Mariadb => "ADMITONE_TEST_MARIADB",
        };
        let Ok(server) = std::env::var(variable) else {
            let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
            assert!(!is_required, "{variable} is not set");
            println!("NOT RUN: {variable} is not set");
            return None;
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("house_{}_{number}", std::process::id());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Some(runtime.block_on(async {
            match self {
                Self::Postgres if is_database => beside_postgres(&server, &name).await,
                Self::Postgres => in_postgres(&server, &name).await,
                Self::Mariadb => in_mariadb(&server, &name).await,
            }
        }))
    }
}

async fn beside_postgres(server: &str, name: &str) -> String {
    run_in_postgres(server, &format!("CREATE DATABASE {name}")).await;
    let (address, _) = server.rsplit_once('/').unwrap();
    format!("{address}/{name}")
}

async fn run_in_postgres(server: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
    tokio::select! {
        made = client.batch_execute(sql) => made.unwrap(),
        ended = connection => panic!("{ended:?}"),
    }
}

async fn in_postgres(server: &str, name: &str) -> String {
    let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}");
    run_in_postgres(server, &sql).await;
    format!("{server}?options=-csearch_path%3D{name}")
}

async fn in_mariadb(server: &str, name: &str) -> String {
    let mut client = mysql_async::Conn::from_url(server).await.unwrap();
    let sql = format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}");
    client.query_drop(sql).await.unwrap();
    client.disconnect().await.unwrap();
    let (address, _) = server.rsplit_once('/').unwrap();
    format!("{address}/{name}")
}
