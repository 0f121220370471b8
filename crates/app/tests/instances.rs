//! The in-memory list of instances keeps the promises of every one.

use admitone_app::clock::HandClock;
use admitone_app::memory::{MemoryInstances, MemoryStore};
use admitone_conformance::instances::{FreshInstances, InstancesFixture, main as run};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl InstancesFixture for Memory {
    async fn fresh(&self) -> FreshInstances {
        let clock = Arc::new(HandClock::at(Moment(1_000)));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let list = Arc::new(MemoryInstances::new(store.clone(), clock.clone()));
        FreshInstances { list, store, clock: Some(clock) }
    }
}

fn main() -> ExitCode {
    run(Memory)
}
