//! The list of instances keeps the promises of every one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod schema;

use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_conformance::instances::{FreshInstances, InstancesFixture, main as run};
use async_trait::async_trait;
use schema::Schema;
use std::process::ExitCode;
use std::sync::Arc;

struct Postgres;

#[async_trait]
impl InstancesFixture for Postgres {
    async fn fresh(&self) -> FreshInstances {
        let own = Schema::make().await;
        let store = Arc::new(PostgresStore::open(&own.url, Options::default()).await.unwrap());
        FreshInstances { list: store.clone(), store, clock: None }
    }

    fn absent(&self) -> Option<String> {
        schema::server().is_none().then(|| format!("{} is not set", schema::VARIABLE))
    }
}

fn main() -> ExitCode {
    run(Postgres)
}
