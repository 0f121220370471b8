//! The shared room log keeps the promises of every room log, over kills too.
#![expect(clippy::disallowed_methods, reason = "leases are tested in the time of the server")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]

mod schema;

use admitone_adapter_postgres::room_log::PostgresRoomLog;
use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_conformance::room_log::{FreshLog, RoomLogFixture, main as run};
use async_trait::async_trait;
use schema::Schema;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Nobody renews it: whoever is killed falls silent.
const LEASE: Duration = Duration::from_millis(300);

/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

struct Postgres;

async fn open(schema: Schema) -> FreshLog {
    let store = PostgresStore::open(&schema.url, Options::default()).await.unwrap();
    FreshLog { log: Arc::new(PostgresRoomLog::new(store, LEASE)), keep: Box::new(schema) }
}

#[async_trait]
impl RoomLogFixture for Postgres {
    async fn fresh(&self) -> FreshLog {
        open(Schema::make().await).await
    }

    fn outlives_its_process(&self) -> bool {
        true
    }

    async fn after_a_kill(&self, log: &FreshLog) -> Option<FreshLog> {
        let url = log.keep.downcast_ref::<Schema>().unwrap().url.clone();
        tokio::time::sleep(LEASE).await;
        Some(open(Schema { url }).await)
    }
}

fn main() -> ExitCode {
    if schema::server().is_none() {
        eprintln!("NOT RUN: every promise of the room log: {} is not set", schema::VARIABLE);
        let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
        return if is_required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    run(Postgres)
}
