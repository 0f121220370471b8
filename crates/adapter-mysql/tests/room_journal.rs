//! The journal of rooms keeps the promises of every one, over kills too.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_mysql::{MysqlStore, Options};
use admitone_conformance::room_journal::{FreshJournal, RoomJournalFixture, main as run};
use admitone_conformance::servers::Server;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Mysql;

async fn open(url: String) -> FreshJournal {
    let store = MysqlStore::open(&url, Options::default()).await.unwrap();
    FreshJournal { journal: Arc::new(store), keep: Box::new(url) }
}

#[async_trait]
impl RoomJournalFixture for Mysql {
    async fn fresh(&self) -> FreshJournal {
        open(Server::Mariadb.fresh().await.unwrap()).await
    }

    fn absent(&self) -> Option<String> {
        Server::Mariadb.absent()
    }

    async fn another(&self, journal: &FreshJournal) -> FreshJournal {
        open(journal.keep.downcast_ref::<String>().unwrap().clone()).await
    }

    fn outlives_its_process(&self) -> bool {
        true
    }
}

fn main() -> ExitCode {
    run(Mysql)
}
