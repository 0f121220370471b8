//! The in-memory store keeps the promises of every store, in all five modes.

use admitone_app::clock::HandClock;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::store::Mode;
use admitone_conformance::{Fixture, Fresh};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl Fixture for Memory {
    async fn fresh(&self) -> Fresh {
        let clock = Arc::new(HandClock::at(Moment(1_000)));
        let store = MemoryStore::new(clock.clone());
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

    fn is_concurrent(&self) -> bool {
        true
    }
}

fn main() -> ExitCode {
    admitone_conformance::main(Memory)
}
