//! The shared room log keeps the promises of every room log, over kills too.
#![expect(clippy::disallowed_methods, reason = "leases are tested in the time of the server")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]

use admitone_adapter_postgres::room_log::PostgresRoomLog;
use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_conformance::room_log::{FreshLog, RoomLogFixture, main as run};
use admitone_conformance::servers::Server;
use admitone_conformance::service;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Nobody renews it: whoever is killed falls silent.
const LEASE: Duration = Duration::from_millis(300);

struct Postgres;

async fn open(url: String) -> FreshLog {
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    FreshLog { log: Arc::new(PostgresRoomLog::new(store, LEASE)), keep: Box::new(url) }
}

#[async_trait]
impl RoomLogFixture for Postgres {
    async fn fresh(&self) -> FreshLog {
        open(Server::Postgres.fresh().await.unwrap()).await
    }

    fn outlives_its_process(&self) -> bool {
        true
    }

    async fn after_a_kill(&self, log: &FreshLog) -> Option<FreshLog> {
        let url = log.keep.downcast_ref::<String>().unwrap().clone();
        tokio::time::sleep(LEASE).await;
        Some(open(url).await)
    }
}

fn main() -> ExitCode {
    if let Some(why) = Server::Postgres.absent() {
        eprintln!("NOT RUN: every promise of the room log: {why}");
        return if service::is_required() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    run(Postgres)
}
