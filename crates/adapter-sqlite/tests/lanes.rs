//! The embedded roads keep the promises of all roads.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_sqlite::{Options, SqliteRoads, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_conformance::lanes::{FreshLanes, LanesFixture, main as run};
use admitone_conformance::sale::NOW;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Sqlite;

#[async_trait]
impl LanesFixture for Sqlite {
    async fn fresh(&self) -> FreshLanes {
        let clock = Arc::new(HandClock::at(NOW));
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path(), clock.clone(), Options::default()).unwrap();
        let lanes = Arc::new(SqliteRoads::open(directory.path(), store.clone()).unwrap());
        let (store, webhooks, notes) = (Arc::new(store), lanes.clone(), lanes.clone());
        let (outbox, keep) = (store.clone(), Box::new(directory));
        FreshLanes { lanes, webhooks, notes, outbox, store, clock, keep }
    }
}

fn main() -> ExitCode {
    run(Sqlite)
}
