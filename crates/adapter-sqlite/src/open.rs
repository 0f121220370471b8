//! Opens a data directory: the lock, the migrations, what the journal has and the tables do not.

use crate::answers::{Answers, PAGE};
use crate::due::Due;
use crate::fold::Folder;
use crate::journal::{self, Journal};
use crate::memory::Memory;
use crate::{migrations, tables, trouble};
use admitone_app::Trouble;
use admitone_app::ports::clock::Clock;
use admitone_domain::id::{ReservationId, ShowId};
use admitone_domain::{Moment, Verdict};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How to open a store.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether the tables have their guards; the laboratory leaves them out.
    pub guards: bool,
    /// So many rows may wait for the fold before new batches wait too.
    pub lag_max: usize,
}

impl Default for Options {
    /// With guards; 400,000 rows.
    fn default() -> Self {
        Self { guards: true, lag_max: 400_000 }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenTrouble {
    /// The directory cannot be made or written.
    #[error(
        "the data directory {path} cannot be used: {source}; check that it exists and is writable"
    )]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has it.
    #[error(
        "the data directory {0} is in use by another admitone: stop it first, or choose another with --data-dir"
    )]
    InUse(PathBuf),
    /// A database is damaged or cannot be read.
    #[error(
        "{path} cannot be opened: {detail}; restore the directory from a copy, or choose another with --data-dir"
    )]
    Database {
        /// Which.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
}

/// The embedded store. Clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) folder: Folder,
    /// Held by the one transaction that is open.
    pub(crate) writer: Arc<tokio::sync::Mutex<()>>,
    pub(crate) options: Options,
}

/// What the store's threads share.
pub(crate) struct Shared {
    memory: Mutex<Memory>,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    readers: Mutex<Vec<Connection>>,
    tables_path: PathBuf,
    journal_reader: Mutex<Connection>,
    stopped: Mutex<Option<Trouble>>,
    /// Held as long as the store is open.
    _lock: File,
}

impl Shared {
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal_reader(&self) -> MutexGuard<'_, Connection> {
        self.journal_reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes nothing more: what is answered is in the journal, and a person must look.
    pub(crate) fn stop(&self, trouble: Trouble) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    pub(crate) fn check(&self) -> Result<(), Trouble> {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.clone().map_or(Ok(()), Err)
    }

    /// Reads the tables with a connection of the pool.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => reader(&self.tables_path).map_err(trouble::of("open the tables"))?,
        };
        let found = read(&connection);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        found
    }
}

impl SqliteStore {
    /// Whether there is a store in a directory.
    pub fn is_in(directory: &Path) -> bool {
        directory.join("journal.db").exists()
    }

    /// Opens a data directory, or makes a new one.
    pub fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        options: Options,
    ) -> Result<Self, OpenTrouble> {
        let lock = lock(directory)?;
        let (journal_path, tables_path) =
            (directory.join("journal.db"), directory.join("tables.db"));
        let journal = database(&journal_path, "FULL", &migrations::journal::migrations::runner())?;
        let tables = database(&tables_path, "NORMAL", &migrations::tables::migrations::runner())?;
        guard(&tables, options.guards).map_err(damaged(&tables_path))?;
        let journal_reader = Connection::open(&journal_path).map_err(damaged(&journal_path))?;
        let mut memory = recover(&tables, &tables_path)
            .map_err(|trouble| damaged(&tables_path)(trouble.detail))?;
        catch_up(&journal_reader, &mut memory)
            .map_err(|trouble| damaged(&journal_path)(trouble.detail))?;
        let shared = Arc::new(Shared {
            memory: Mutex::new(memory),
            journal: Journal::of(journal),
            clock,
            readers: Mutex::default(),
            tables_path,
            journal_reader: Mutex::new(journal_reader),
            stopped: Mutex::default(),
            _lock: lock,
        });
        let folder = Folder::start(Arc::clone(&shared), tables)
            .map_err(|source| OpenTrouble::Directory { path: directory.to_owned(), source })?;
        Ok(Self { shared, folder, writer: Arc::default(), options })
    }

    /// Folds all that is left. Without it nothing is lost, the next start only takes longer.
    pub async fn close(&self) -> Result<(), Trouble> {
        self.folder.settle_down().await
    }
}

fn lock(directory: &Path) -> Result<File, OpenTrouble> {
    let unusable = |source| OpenTrouble::Directory { path: directory.to_owned(), source };
    std::fs::create_dir_all(directory).map_err(unusable)?;
    let file = File::create(directory.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenTrouble::InUse(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

pub(crate) fn damaged<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> OpenTrouble {
    move |error| OpenTrouble::Database { path: path.to_owned(), detail: error.to_string() }
}

pub(crate) fn database(
    path: &Path,
    synchronous: &str,
    runner: &refinery::Runner,
) -> Result<Connection, OpenTrouble> {
    let mut connection = Connection::open(path).map_err(damaged(path))?;
    let pragmas = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
         PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
         PRAGMA busy_timeout = 5000;"
    );
    connection.execute_batch(&pragmas).map_err(damaged(path))?;
    connection.set_prepared_statement_cache_capacity(64);
    runner.run(&mut connection).map_err(damaged(path))?;
    Ok(connection)
}

/// Sees to it that the tables have their guards, or have none.
fn guard(tables: &Connection, wanted: bool) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard%'";
    let mut query = tables.prepare(sql)?;
    let there: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    match (wanted, there.is_empty()) {
        (true, true) => tables.execute_batch(include_str!("../migrations/tables/V2__guards.sql")),
        (false, false) => {
            let drops = there.iter().map(|name| format!("DROP TRIGGER {name};"));
            tables.execute_batch(&drops.collect::<String>())
        }
        _ => Ok(()),
    }
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384;")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// What the tables say of answers and live holds. Both are many, so they are read side by side.
fn recover(tables: &Connection, path: &Path) -> Result<Memory, Trouble> {
    let failed = trouble::of("recover");
    let number = |sql: &str| tables.query_row(sql, [], |row| row.get::<_, u64>(0)).map_err(&failed);
    let folded = number("SELECT value FROM meta WHERE name = 'folded_seq'")?;
    let record_max = number(
        "SELECT max(ifnull((SELECT max(id) FROM reservation), 0), \
                    ifnull((SELECT max(id) FROM payment), 0))",
    )?;
    let (due, answers) = std::thread::scope(|scope| {
        let due = scope.spawn(|| reader(path).and_then(|beside| live_holds(&beside)));
        let answers = kept_answers(tables);
        (due.join(), answers)
    });
    let due = due.map_err(|_| trouble::ended("recover"))?.map_err(&failed)?;
    Ok(Memory::recovered(folded, record_max, due, answers.map_err(&failed)?))
}

fn live_holds(tables: &Connection) -> rusqlite::Result<Due> {
    // In the order of the index, so that nothing else is read.
    let sql = "SELECT id, show, held_until FROM reservation WHERE is_held = 1 ORDER BY held_until";
    let mut query = tables.prepare(sql)?;
    let holds = query.query_map([], |row| {
        Ok((ReservationId(row.get(0)?), ShowId(row.get(1)?), Moment(row.get(2)?)))
    })?;
    Ok(Due::of(holds.collect::<Result<_, _>>()?))
}

fn kept_answers(tables: &Connection) -> rusqlite::Result<Answers> {
    let mut answers = Answers::default();
    let mut query = tables.prepare("SELECT number, ids FROM answer_page")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let first = row.get::<_, u64>(0)? * PAGE;
        for (id, number) in tables::read::ids(row.get_ref(1)?.as_blob()?).zip(first..) {
            answers.know(id, number);
        }
    }
    Ok(answers)
}

/// Everything behind the tables in the journal.
fn catch_up(journal: &Connection, memory: &mut Memory) -> Result<(), Trouble> {
    journal::tail(journal, memory.seq, |seq, body| {
        let verdict: Verdict = tables::decode(body)?;
        memory.take(seq, Arc::new(verdict));
        Ok(())
    })
}

/// What a connection was told.
#[cfg(test)]
pub(crate) fn pragma(connection: &Connection, name: &str) -> String {
    let read = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
    match connection.pragma_query_value(None, name, read) {
        Ok(rusqlite::types::Value::Integer(number)) => number.to_string(),
        Ok(rusqlite::types::Value::Text(text)) => text,
        other => format!("{other:?}"),
    }
}

/// What SQLite calls syncing at every commit.
#[cfg(test)]
pub(crate) const FULL: &str = "2";

#[cfg(test)]
mod tests;
