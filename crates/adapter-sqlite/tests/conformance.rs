//! The embedded store keeps the promises of every store. It has one writer: nothing can race.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_sqlite::{Options, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_app::ports::store::Mode;
use admitone_conformance::{Fixture, Fresh};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Sqlite;

#[async_trait]
impl Fixture for Sqlite {
    async fn fresh(&self) -> Fresh {
        let clock = Arc::new(HandClock::at(Moment(1_000)));
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path(), clock.clone(), Options::default()).unwrap();
        Fresh {
            store: Arc::new(store.clone()),
            reads: Arc::new(store.clone()),
            records: Arc::new(store),
            clock,
            keep: Box::new(directory),
        }
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Plain]
    }

    fn is_concurrent(&self) -> bool {
        false
    }
}

fn main() -> ExitCode {
    admitone_conformance::main(Sqlite)
}
