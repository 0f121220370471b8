//! The list of instances keeps the promises of every one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_conformance::instances::{FreshInstances, InstancesFixture, main as run};
use admitone_conformance::servers::Server;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Postgres;

#[async_trait]
impl InstancesFixture for Postgres {
    async fn fresh(&self) -> FreshInstances {
        let url = Server::Postgres.fresh().await.unwrap();
        let store = Arc::new(PostgresStore::open(&url, Options::default()).await.unwrap());
        FreshInstances { list: store.clone(), store, clock: None }
    }

    fn absent(&self) -> Option<String> {
        Server::Postgres.absent()
    }
}

fn main() -> ExitCode {
    run(Postgres)
}
