//! The in-memory room log keeps the promises of every room log but to outlive its process.

use admitone_app::waiting_room::memory_log::MemoryRoomLog;
use admitone_conformance::room_log::{FreshLog, RoomLogFixture, main as run};
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;

struct Memory;

#[async_trait]
impl RoomLogFixture for Memory {
    async fn fresh(&self) -> FreshLog {
        FreshLog { log: Arc::new(MemoryRoomLog::default()), keep: Box::new(()) }
    }

    fn outlives_its_process(&self) -> bool {
        false
    }

    async fn after_a_kill(&self, _log: &FreshLog) -> Option<FreshLog> {
        None
    }
}

fn main() -> ExitCode {
    run(Memory)
}
