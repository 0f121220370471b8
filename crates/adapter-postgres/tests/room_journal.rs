//! The journal of rooms keeps the promises of every one, over kills too.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_conformance::room_journal::{FreshJournal, RoomJournalFixture, main as run};
use admitone_conformance::servers::Server;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Postgres;

async fn open(url: String) -> FreshJournal {
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    FreshJournal { journal: Arc::new(store), keep: Box::new(url) }
}

#[async_trait]
impl RoomJournalFixture for Postgres {
    async fn fresh(&self) -> FreshJournal {
        open(Server::Postgres.fresh().await.unwrap()).await
    }

    fn absent(&self) -> Option<String> {
        Server::Postgres.absent()
    }

    async fn another(&self, journal: &FreshJournal) -> FreshJournal {
        open(journal.keep.downcast_ref::<String>().unwrap().clone()).await
    }

    fn outlives_its_process(&self) -> bool {
        true
    }
}

fn main() -> ExitCode {
    run(Postgres)
}
