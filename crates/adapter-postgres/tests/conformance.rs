//! The shared store keeps the promises of every store, in all five modes, on a real server. Each
//! case has a schema of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod schema;

use admitone_adapter_postgres::{Options, PostgresStore, Time};
use admitone_app::clock::HandClock;
use admitone_app::ports::store::Mode;
use admitone_conformance::{Fixture, Fresh};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Postgres;

#[async_trait]
impl Fixture for Postgres {
    async fn fresh(&self) -> Fresh {
        let clock = Arc::new(HandClock::at(Moment(1_000)));
        let schema = schema::Schema::make().await;
        let options = Options { time: Time::Of(clock.clone()), ..Options::default() };
        let store = PostgresStore::open(&schema.url, options).await.unwrap();
        Fresh {
            store: Arc::new(store.clone()),
            reads: Arc::new(store),
            clock,
            keep: Box::new(schema),
        }
    }

    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    fn absent(&self) -> Option<String> {
        schema::server().is_none().then(|| format!("{} is not set", schema::VARIABLE))
    }

    fn is_concurrent(&self) -> bool {
        true
    }
}

fn main() -> ExitCode {
    admitone_conformance::main(Postgres)
}
