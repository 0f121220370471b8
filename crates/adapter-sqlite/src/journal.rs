//! The journal: one connection that writes, one row and one sync for each batch.
//!
//! Whoever commits waits for the disk on his own thread. To hand a batch over to another thread and
//! be woken by it costs two waits for a core, which on a busy machine take longer than the sync.

use crate::trouble;
use admitone_app::Trouble;
use rusqlite::{Connection, OptionalExtension, Params, params};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::{Handle, RuntimeFlavor};

/// So many batches that the tables have are dropped with each new one: more than one, so that the
/// journal shrinks while it is written, and few, so that nobody waits for it.
const FORGOTTEN_WITH_EACH: u64 = 4;
/// So many are dropped at once when nothing else is to be done.
const FORGOTTEN_IDLE: u64 = 64;
/// A sequence of which nobody ever takes a number.
const PROBE: &str = "probe";
/// No batch is there.
const NONE: u64 = u64::MAX;

/// The way to the journal.
pub(crate) struct Journal {
    writer: Mutex<Writer>,
    /// Whether the last order that writes could not be followed.
    is_failing: AtomicBool,
}

impl Journal {
    /// The journal that a connection writes.
    pub(crate) fn of(connection: Connection) -> Self {
        let sql = "SELECT min(seq) FROM batch";
        let first = connection.query_row(sql, [], |row| row.get::<_, Option<u64>>(0));
        let kept_from = first.ok().flatten().unwrap_or(NONE);
        let writer = Writer { connection, kept_from, forgettable: 0 };
        Self { writer: Mutex::new(writer), is_failing: AtomicBool::default() }
    }

    /// Appends a batch; returns when it is durable.
    pub(crate) fn append(&self, seq: u64, body: &[u8]) -> Result<(), Trouble> {
        self.write("commit", |writer| writer.append(seq, body))
    }

    /// Reserves numbers; returns the first when that is durable.
    pub(crate) fn reserve(&self, name: &str, count: u64) -> Result<u64, Trouble> {
        let sql = "INSERT INTO sequence VALUES (?1, ?2) \
                   ON CONFLICT DO UPDATE SET last = last + ?2 RETURNING last";
        let last = self.write("reserve", |writer| writer.number(sql, params![name, count]))?;
        Ok(last + 1 - count)
    }

    /// Draws the next fencing token of a name.
    pub(crate) fn draw_fence(&self, name: &str) -> Result<u64, Trouble> {
        let sql = "INSERT INTO fence VALUES (?1, 1) \
                   ON CONFLICT DO UPDATE SET token = token + 1 RETURNING token";
        self.write("draw a fence", |writer| writer.number(sql, params![name]))
    }

    /// Whether it can write. Nothing is written for that unless the last write failed: then one
    /// that changes nothing tells whether the next would go well.
    pub(crate) fn check(&self) -> Result<(), Trouble> {
        if self.is_failing.load(Ordering::Relaxed) {
            self.reserve(PROBE, 0)?;
        }
        Ok(())
    }

    /// Forgets, with the batches to come, what the tables have.
    pub(crate) fn forget(&self, up_to: u64) {
        self.with(|writer| writer.forgettable = writer.forgettable.max(up_to));
    }

    /// Forgets some of what the tables have, while nothing else is to be done; whether there was
    /// any.
    pub(crate) fn forget_idle(&self) -> bool {
        self.with(Writer::forget_idle)
    }

    /// Begins the write-ahead log anew. Somebody must do this between two batches: while batches
    /// come without a pause, no checkpoint from elsewhere ever finds the log at rest, and it grows.
    pub(crate) fn rewind(&self) {
        if let Err(error) = self.with(|writer| checkpoint(&writer.connection)) {
            tracing::warn!(%error, "the journal's log could not be begun anew");
        }
    }

    fn write<T>(
        &self,
        operation: &'static str,
        write: impl FnOnce(&mut Writer) -> rusqlite::Result<T>,
    ) -> Result<T, Trouble> {
        let written = wait_for_the_disk(|| self.with(write));
        self.is_failing.store(written.is_err(), Ordering::Relaxed);
        written.map_err(trouble::of(operation))
    }

    /// What the connection that writes was told.
    #[cfg(test)]
    pub(crate) fn pragma(&self, name: &str) -> String {
        self.with(|writer| crate::open::pragma(&writer.connection, name))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Writer) -> T) -> T {
        act(&mut self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Does what takes the disk's time. Where that is a thread on which others wait for their turn,
/// they go on elsewhere.
fn wait_for_the_disk<T>(work: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// What writes.
struct Writer {
    connection: Connection,
    /// No batch before this one is left; [`NONE`] when none is.
    kept_from: u64,
    /// The tables have everything up to here.
    forgettable: u64,
}

impl Writer {
    fn append(&mut self, seq: u64, body: &[u8]) -> rusqlite::Result<()> {
        let forgotten = self.forgotten(FORGOTTEN_WITH_EACH);
        let transaction = self.connection.unchecked_transaction()?;
        transaction.prepare_cached("INSERT INTO batch VALUES (?1, ?2)")?.execute((seq, body))?;
        if let Some(up_to) = forgotten {
            transaction.prepare_cached("DELETE FROM batch WHERE seq <= ?1")?.execute([up_to])?;
        }
        transaction.commit()?;
        self.kept_from = forgotten.map_or(self.kept_from, |up_to| up_to + 1).min(seq);
        Ok(())
    }

    fn forget_idle(&mut self) -> bool {
        let Some(up_to) = self.forgotten(FORGOTTEN_IDLE) else { return false };
        let sql = "DELETE FROM batch WHERE seq <= ?1";
        if let Err(error) = self.connection.execute(sql, [up_to]) {
            tracing::warn!(%error, "the journal keeps what the tables have");
        }
        self.kept_from = up_to + 1;
        true
    }

    /// Up to which batch may be dropped, if so many are dropped at most.
    fn forgotten(&self, most: u64) -> Option<u64> {
        let up_to = self.forgettable.min(self.kept_from.saturating_add(most - 1));
        (self.kept_from <= up_to).then_some(up_to)
    }

    /// Runs a statement that writes and returns a number, and answers only once that is durable:
    /// left to itself it would commit when it is reset, and nobody would see that fail.
    fn number(&self, sql: &str, values: impl Params) -> rusqlite::Result<u64> {
        let transaction = self.connection.unchecked_transaction()?;
        let number = transaction.query_row(sql, values, |row| row.get(0))?;
        transaction.commit()?;
        Ok(number)
    }
}

/// Copies the write-ahead log into its database as far as nobody reads it, syncs both, and says
/// how many pages the log has; nothing when somebody else is at it.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (is_busy, pages): (bool, i64) = (row.get(0)?, row.get(1)?);
        Ok((!is_busy).then_some(u32::try_from(pages).unwrap_or(0)))
    })
}

/// Everything behind a batch, in order.
pub(crate) fn tail(
    connection: &Connection,
    after: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let failed = trouble::of("read the journal");
    let sql = "SELECT seq, body FROM batch WHERE seq > ?1 ORDER BY seq";
    let mut query = connection.prepare(sql).map_err(&failed)?;
    let mut rows = query.query([after]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        take(row.get(0).map_err(&failed)?, body)?;
    }
    Ok(())
}

/// The newest token of a name; 0 when none was drawn.
pub(crate) fn newest_fence(connection: &Connection, name: &str) -> Result<u64, Trouble> {
    let sql = "SELECT token FROM fence WHERE name = ?1";
    let token = connection.query_row(sql, [name], |row| row.get(0)).optional();
    token.map(Option::unwrap_or_default).map_err(trouble::of("read a fence"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal whose every commit fails, as on a full disk: a promise that is checked only then.
    fn full() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let schema = "PRAGMA foreign_keys = ON; CREATE TABLE nobody (id INTEGER PRIMARY KEY); \
             CREATE TABLE sequence (name TEXT PRIMARY KEY, last INTEGER NOT NULL, owner INTEGER \
                 DEFAULT 1 REFERENCES nobody DEFERRABLE INITIALLY DEFERRED)";
        connection.execute_batch(schema).unwrap();
        connection
    }

    const RESERVE: &str = "INSERT INTO sequence (name, last) VALUES ('seat', 10) RETURNING last";

    #[test]
    fn a_number_that_was_not_committed_is_not_given_out() {
        let writer = Writer { connection: full(), kept_from: NONE, forgettable: 0 };
        assert!(writer.number(RESERVE, []).is_err());
    }

    #[test]
    fn without_a_transaction_of_its_own_the_number_would_be_given_out() {
        let number = full().query_row(RESERVE, [], |row| row.get::<_, u64>(0));
        assert_eq!(number, Ok(10), "and nothing says that it was rolled back");
    }
}
