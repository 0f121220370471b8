//! The in-memory roads keep the promises of all roads.

use admitone_app::clock::HandClock;
use admitone_app::memory::MemoryStore;
use admitone_conformance::lanes::{FreshLanes, LanesFixture, main as run};
use admitone_conformance::sale::NOW;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl LanesFixture for Memory {
    async fn fresh(&self) -> FreshLanes {
        let clock = Arc::new(HandClock::at(NOW));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let (lanes, webhooks, notes) = (store.clone(), store.clone(), store.clone());
        let outbox = store.clone();
        FreshLanes { lanes, webhooks, notes, store, outbox, clock, keep: Box::new(()) }
    }
}

fn main() -> ExitCode {
    run(Memory)
}
