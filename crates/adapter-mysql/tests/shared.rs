//! The store keeps the promises of every store that instances share, on a real server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_mysql::{Guards, MysqlStore, Options, Time};
use admitone_app::verify::Report;
use admitone_conformance::servers::Server;
use admitone_conformance::shared::{Instance, Opening, SharedFixture, main as run};
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Shared;

#[async_trait]
impl SharedFixture for Shared {
    fn server(&self) -> Server {
        Server::Mariadb
    }

    async fn open(&self, url: &str, opening: Opening) -> Instance {
        let Opening { connections_max, wait_ms, is_guarded, clock } = opening;
        let guards = if is_guarded { Guards::Added } else { Guards::LeftOut };
        let options = Options { connections_max, wait_ms, guards, time: Time::Of(clock) };
        let store = Arc::new(MysqlStore::open(url, options).await.unwrap());
        Instance { store: store.clone(), reads: store.clone(), outbox: store.clone(), book: store }
    }

    async fn verify(&self, url: &str) -> Report {
        let as_it_is = Options { guards: Guards::AsRecorded, ..Options::default() };
        MysqlStore::open(url, as_it_is).await.unwrap().verify(|_| ()).await.unwrap()
    }
}

fn main() -> ExitCode {
    run(Shared)
}
