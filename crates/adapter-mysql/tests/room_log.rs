//! The shared room log keeps the promises of every room log, over kills too.
#![expect(clippy::disallowed_methods, reason = "leases are tested in the time of the server")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]

mod database;

use admitone_adapter_mysql::room_log::MysqlRoomLog;
use admitone_adapter_mysql::{MysqlStore, Options};
use admitone_conformance::room_log::{FreshLog, RoomLogFixture, main as run};
use async_trait::async_trait;
use database::Database;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Nobody renews it: whoever is killed falls silent.
const LEASE: Duration = Duration::from_millis(300);

/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

struct Mysql;

async fn open(database: Database) -> FreshLog {
    let store = MysqlStore::open(&database.url, Options::default()).await.unwrap();
    FreshLog { log: Arc::new(MysqlRoomLog::new(store, LEASE)), keep: Box::new(database) }
}

#[async_trait]
impl RoomLogFixture for Mysql {
    async fn fresh(&self) -> FreshLog {
        open(Database::make().await).await
    }

    fn outlives_its_process(&self) -> bool {
        true
    }

    async fn after_a_kill(&self, log: &FreshLog) -> Option<FreshLog> {
        let url = log.keep.downcast_ref::<Database>().unwrap().url.clone();
        tokio::time::sleep(LEASE).await;
        Some(open(Database { url }).await)
    }
}

fn main() -> ExitCode {
    if database::server().is_none() {
        eprintln!("NOT RUN: every promise of the room log: {} is not set", database::VARIABLE);
        let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
        return if is_required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    run(Mysql)
}
