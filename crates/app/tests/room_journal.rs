//! The in-memory journal of rooms keeps the promises of every one but to outlive its process.

use admitone_app::clock::SystemClock;
use admitone_app::waiting_room::memory_journal::MemoryRoomJournal;
use admitone_conformance::room_journal::{FreshJournal, RoomJournalFixture, main as run};
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl RoomJournalFixture for Memory {
    async fn fresh(&self) -> FreshJournal {
        let journal = MemoryRoomJournal::new(Arc::new(SystemClock::default()));
        FreshJournal { journal: Arc::new(journal), keep: Box::new(()) }
    }

    async fn another(&self, journal: &FreshJournal) -> FreshJournal {
        FreshJournal { journal: Arc::clone(&journal.journal), keep: Box::new(()) }
    }

    fn outlives_its_process(&self) -> bool {
        false
    }
}

fn main() -> ExitCode {
    run(Memory)
}
