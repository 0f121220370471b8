//! The servers, their isolation levels, and a plain connection to each.

use admitone_conformance::service;
use mysql_async::prelude::Queryable;
use rusqlite::OpenFlags;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::SimpleQueryMessage;

/// Longer than any interleaving: whoever waits is let through or refused for a better reason.
const LOCK_WAIT: Duration = Duration::from_secs(20);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What a row holds: its id and its value.
pub(crate) type Row = (i64, i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Sqlite,
    Postgres,
    Mariadb,
}

/// A level, and how a transaction gets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level {
    pub(crate) name: &'static str,
    /// What a connection is told first.
    pub(crate) session: &'static [&'static str],
    pub(crate) begin: &'static str,
}

const fn level(name: &'static str, session: &'static [&'static str], begin: &'static str) -> Level {
    Level { name, session, begin }
}

const SHARED: &str = "PRAGMA read_uncommitted = ON";
const SNAPSHOT_OFF: &str = "SET SESSION innodb_snapshot_isolation = OFF";
const SNAPSHOT_ON: &str = "SET SESSION innodb_snapshot_isolation = ON";

const OF_SQLITE: [Level; 3] = [
    level("read uncommitted", &[SHARED], "BEGIN"),
    level("deferred", &["PRAGMA read_uncommitted = OFF"], "BEGIN DEFERRED"),
    level("immediate", &["PRAGMA read_uncommitted = OFF"], "BEGIN IMMEDIATE"),
];

const OF_POSTGRES: [Level; 4] = [
    level("read uncommitted", &[], "BEGIN ISOLATION LEVEL READ UNCOMMITTED"),
    level("read committed", &[], "BEGIN ISOLATION LEVEL READ COMMITTED"),
    level("repeatable read", &[], "BEGIN ISOLATION LEVEL REPEATABLE READ"),
    level("serializable", &[], "BEGIN ISOLATION LEVEL SERIALIZABLE"),
];

const OF_MARIADB: [Level; 5] = [
    level(
        "read uncommitted",
        &["SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED"],
        "START TRANSACTION",
    ),
    level(
        "read committed",
        &["SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"],
        "START TRANSACTION",
    ),
    level(
        "repeatable read",
        &["SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", SNAPSHOT_OFF],
        "START TRANSACTION",
    ),
    level(
        "repeatable read, `innodb_snapshot_isolation`",
        &["SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", SNAPSHOT_ON],
        "START TRANSACTION",
    ),
    level(
        "serializable",
        &["SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"],
        "START TRANSACTION",
    ),
];

impl Server {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mariadb => "MariaDB",
        }
    }

    pub(crate) fn levels(self) -> &'static [Level] {
        match self {
            Self::Sqlite => &OF_SQLITE,
            Self::Postgres => &OF_POSTGRES,
            Self::Mariadb => &OF_MARIADB,
        }
    }

    /// Whether it is not to be had here, which is said loudly, and fails where it must be.
    pub(crate) fn is_absent(self) -> bool {
        self.variable().is_some_and(|variable| service::named(variable).is_none())
    }

    fn variable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("ADMITONE_TEST_POSTGRES"),
            Self::Mariadb => Some("ADMITONE_TEST_MARIADB"),
        }
    }

    /// What it calls itself.
    pub(crate) fn version(self) -> String {
        match self {
            Self::Sqlite => rusqlite::version().to_owned(),
            Self::Postgres => self.place().connect().text("SHOW server_version"),
            Self::Mariadb => self.place().connect().text("SELECT VERSION()"),
        }
    }

    /// A place of its own with the two rows.
    pub(crate) fn place(self) -> Place {
        let name =
            format!("isolation_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server = self.variable().map(|variable| std::env::var(variable).unwrap());
        let (place, make) = match (self, server) {
            (Self::Postgres, Some(server)) => {
                let inside = format!("{server}?options=-csearch_path%3D{name}");
                (Place::Postgres(inside), format!("CREATE SCHEMA {name}"))
            }
            (Self::Mariadb, Some(server)) => {
                Place::Mariadb(server.clone())
                    .connect()
                    .run(&format!("CREATE DATABASE {name}"))
                    .unwrap();
                let (address, _) = server.rsplit_once('/').unwrap();
                (Place::Mariadb(format!("{address}/{name}")), "DO 0".to_owned())
            }
            _ => {
                let directory = Arc::new(tempfile::tempdir().unwrap());
                (Place::Sqlite(directory), "PRAGMA journal_mode = WAL".to_owned())
            }
        };
        let mut session = place.connect();
        let table = "CREATE TABLE pairs (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)";
        let rows = "INSERT INTO pairs (id, value) VALUES (1, 10), (2, 20)";
        for sql in [make.as_str(), table, rows] {
            session.run(sql).unwrap();
        }
        place
    }
}

/// Where the two rows are.
#[derive(Clone)]
pub(crate) enum Place {
    Sqlite(Arc<tempfile::TempDir>),
    Postgres(String),
    Mariadb(String),
}

impl Place {
    pub(crate) fn connect(&self) -> Session {
        let runtime =
            || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match self {
            Self::Sqlite(directory) => Session::Sqlite {
                private: in_sqlite(directory, OpenFlags::SQLITE_OPEN_PRIVATE_CACHE),
                shared: None,
                directory: Arc::clone(directory),
            },
            Self::Postgres(url) => {
                let runtime = runtime();
                let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls);
                let (client, connection) = runtime.block_on(connecting).unwrap();
                runtime.spawn(connection);
                let wait = format!("SET lock_timeout = {}", LOCK_WAIT.as_millis());
                runtime.block_on(client.batch_execute(&wait)).unwrap();
                Session::Postgres(runtime, client)
            }
            Self::Mariadb(url) => {
                let runtime = runtime();
                let mut client = runtime.block_on(mysql_async::Conn::from_url(url)).unwrap();
                let wait = format!("SET innodb_lock_wait_timeout = {}", LOCK_WAIT.as_secs());
                runtime.block_on(client.query_drop(wait)).unwrap();
                Session::Mariadb(runtime, client)
            }
        }
    }
}

/// A connection that one thread uses.
pub(crate) enum Session {
    Sqlite {
        private: rusqlite::Connection,
        /// Connections read what others have not committed only where they share a cache.
        shared: Option<rusqlite::Connection>,
        directory: Arc<tempfile::TempDir>,
    },
    Postgres(Runtime, tokio_postgres::Client),
    Mariadb(Runtime, mysql_async::Conn),
}

impl Session {
    /// The rows, if it gives any; else why it was refused.
    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<Row>, String> {
        match self {
            Self::Sqlite { shared, directory, .. } if sql == SHARED => {
                let connection = in_sqlite(directory, OpenFlags::SQLITE_OPEN_SHARED_CACHE);
                let told = connection.execute_batch(sql).map_err(|error| error.to_string());
                *shared = Some(connection);
                told.map(|()| Vec::new())
            }
            Self::Sqlite { private, shared, .. } => {
                let connection = shared.as_ref().unwrap_or(private);
                rows_of_sqlite(connection, sql).map_err(|error| error.to_string())
            }
            Self::Postgres(runtime, client) => {
                let answered = runtime.block_on(client.simple_query(sql));
                let said = answered.map_err(|error| match error.as_db_error() {
                    Some(error) => format!("{} {}", error.code().code(), error.message()),
                    None => error.to_string(),
                })?;
                Ok(said.iter().filter_map(row_of_postgres).collect())
            }
            Self::Mariadb(runtime, client) => {
                runtime.block_on(client.query(sql)).map_err(|error| error.to_string())
            }
        }
    }

    /// The one word that is asked for.
    fn text(&mut self, sql: &str) -> String {
        match self {
            Self::Sqlite { private, .. } => private.query_row(sql, [], |row| row.get(0)).unwrap(),
            Self::Postgres(runtime, client) => {
                runtime.block_on(client.query_one(sql, &[])).unwrap().get(0)
            }
            Self::Mariadb(runtime, client) => {
                runtime.block_on(client.query_first(sql)).unwrap().unwrap()
            }
        }
    }
}

fn in_sqlite(directory: &tempfile::TempDir, cache: OpenFlags) -> rusqlite::Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | cache;
    let path = directory.path().join("pairs.sqlite");
    let connection = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    connection.busy_timeout(LOCK_WAIT).unwrap();
    connection
}

fn rows_of_sqlite(connection: &rusqlite::Connection, sql: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if sql.starts_with("SELECT") {
            found.push((row.get(0)?, row.get(1)?));
        }
    }
    Ok(found)
}

fn row_of_postgres(said: &SimpleQueryMessage) -> Option<Row> {
    let SimpleQueryMessage::Row(row) = said else { return None };
    Some((row.get(0)?.parse().ok()?, row.get(1)?.parse().ok()?))
}
