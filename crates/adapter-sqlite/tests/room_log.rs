//! The embedded room log keeps the promises of every room log, over kills too.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_sqlite::SqliteRoomLog;
use admitone_conformance::room_log::{FreshLog, RoomLogFixture, main as run};
use async_trait::async_trait;
use std::process::ExitCode;
use std::sync::Arc;
use tempfile::TempDir;

struct Sqlite;

fn open(directory: TempDir) -> FreshLog {
    let log = Arc::new(SqliteRoomLog::open(directory.path()).unwrap());
    FreshLog { log, keep: Box::new(directory) }
}

#[async_trait]
impl RoomLogFixture for Sqlite {
    async fn fresh(&self) -> FreshLog {
        open(tempfile::tempdir().unwrap())
    }

    fn outlives_its_process(&self) -> bool {
        true
    }

    /// The files as they are at this moment, opened elsewhere.
    async fn after_a_kill(&self, log: &FreshLog) -> Option<FreshLog> {
        let directory = log.keep.downcast_ref::<TempDir>().unwrap();
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        Some(open(copy))
    }
}

fn main() -> ExitCode {
    run(Sqlite)
}
