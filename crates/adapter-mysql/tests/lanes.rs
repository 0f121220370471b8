//! The roads of the shared store keep the promises of all roads, on a real server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_mysql::{MysqlStore, Options, Time};
use admitone_app::clock::HandClock;
use admitone_conformance::lanes::{FreshLanes, LanesFixture, main as run};
use admitone_conformance::sale::NOW;
use admitone_conformance::servers::Server;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Shared;

#[async_trait]
impl LanesFixture for Shared {
    async fn fresh(&self) -> FreshLanes {
        let clock = Arc::new(HandClock::at(NOW));
        let url = Server::Mariadb.fresh().await.unwrap();
        let time = Time::Of(clock.clone());
        let options = Options { time, connections_max: 4, ..Options::default() };
        let store = Arc::new(MysqlStore::open(&url, options).await.unwrap());
        let (lanes, webhooks, notes) = (store.clone(), store.clone(), store.clone());
        let outbox = store.clone();
        FreshLanes { lanes, webhooks, notes, store, outbox, clock, keep: Box::new(()) }
    }

    fn absent(&self) -> Option<String> {
        Server::Mariadb.absent()
    }
}

fn main() -> ExitCode {
    run(Shared)
}
