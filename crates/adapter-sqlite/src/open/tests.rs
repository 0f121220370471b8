//! What no crash of a process shows: whether a commit waits for the disk. A power cut would, so the
//! connections are asked what they do.

use super::*;
use admitone_app::clock::HandClock;

fn open() -> (tempfile::TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let store = SqliteStore::open(directory.path(), clock, Options::default()).unwrap();
    (directory, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_synced_at_every_commit() {
    let (_directory, store) = open();
    assert_eq!(store.shared.journal.pragma("synchronous"), FULL);
    assert_eq!(store.shared.journal.pragma("journal_mode"), "wal");
    assert_eq!(store.shared.journal.pragma("wal_autocheckpoint"), "0", "not in the writer");
}

#[test]
fn a_connection_that_syncs_nothing_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("journal.db");
    let runner = migrations::journal::migrations::runner();
    for synchronous in ["OFF", "NORMAL"] {
        let connection = database(&path, synchronous, &runner).unwrap();
        assert_ne!(pragma(&connection, "synchronous"), FULL, "{synchronous}");
    }
    assert_eq!(pragma(&database(&path, "FULL", &runner).unwrap(), "synchronous"), FULL);
}
