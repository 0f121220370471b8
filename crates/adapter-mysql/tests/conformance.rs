//! The shared store keeps the promises of every store, in all five modes, on a real server. Each
//! case has a database of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_mysql::{MysqlStore, Options, Time};
use admitone_app::clock::HandClock;
use admitone_app::ports::store::Mode;
use admitone_conformance::servers::Server;
use admitone_conformance::{Fixture, Fresh};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Mariadb;

#[async_trait]
impl Fixture for Mariadb {
    async fn fresh(&self) -> Fresh {
        let clock = Arc::new(HandClock::at(Moment(1_000)));
        let url = Server::Mariadb.fresh().await.unwrap();
        let options = Options { time: Time::Of(clock.clone()), ..Options::default() };
        let store = MysqlStore::open(&url, options).await.unwrap();
        Fresh {
            store: Arc::new(store.clone()),
            reads: Arc::new(store.clone()),
            records: Arc::new(store),
            clock,
            keep: Box::new(()),
        }
    }

    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    fn absent(&self) -> Option<String> {
        Server::Mariadb.absent()
    }

    fn is_concurrent(&self) -> bool {
        true
    }
}

fn main() -> ExitCode {
    admitone_conformance::main(Mariadb)
}
