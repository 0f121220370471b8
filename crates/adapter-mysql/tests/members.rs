//! The list of instances keeps the promises of every one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod database;

use admitone_adapter_mysql::{MysqlStore, Options};
use admitone_conformance::instances::{FreshInstances, InstancesFixture, main as run};
use async_trait::async_trait;
use database::Database;
use std::process::ExitCode;
use std::sync::Arc;

struct Mysql;

#[async_trait]
impl InstancesFixture for Mysql {
    async fn fresh(&self) -> FreshInstances {
        let own = Database::make().await;
        let store = Arc::new(MysqlStore::open(&own.url, Options::default()).await.unwrap());
        FreshInstances { list: store.clone(), store, clock: None }
    }

    fn absent(&self) -> Option<String> {
        database::server().is_none().then(|| format!("{} is not set", database::VARIABLE))
    }
}

fn main() -> ExitCode {
    run(Mysql)
}
