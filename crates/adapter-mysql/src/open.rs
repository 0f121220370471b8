//! Connects to a server: the pool, its bounds, the migrations.

use crate::client::Client;
use crate::{house, trouble};
use admitone_app::ports::clock::Clock;
use admitone_app::{Trouble, TroubleKind};
use mysql_async::{Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts};
use std::sync::Arc;
use std::time::Duration;

/// The server counts in seconds.
const LEAST: Duration = Duration::from_secs(1);

/// How long the word that a statement was ended may be on its way.
const GRACE: Duration = Duration::from_secs(1);

/// Fails where the server only reads (`trouble::of` says so): a replica shows what was, and nothing
/// may be decided by that.
const WRITES: &str = "SELECT IF(@@global.read_only, (SELECT 1 UNION SELECT 2), 0)";

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// Whether the tables get their guards.
    pub guards: Guards,
    /// At most so many connections of this instance.
    pub connections_max: usize,
    /// How long a batch waits for a connection, and for another's lock on a row. The server counts
    /// in seconds.
    pub wait_ms: u64,
    /// Whose time it is.
    pub time: Time,
}

/// What becomes of the guards of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guards {
    /// They are added if they are not there.
    Added,
    /// They are added to new tables, and left out where somebody left them out.
    AsRecorded,
    /// They are left out, as the laboratory needs it, unless they are there.
    LeftOut,
}

/// Whose time it is.
#[derive(Clone)]
pub enum Time {
    /// The server's: the same for every instance.
    OfServer,
    /// A clock's, for tests that move it.
    Of(Arc<dyn Clock>),
}

impl Default for Options {
    /// With guards; sixteen connections, five seconds, the server's time.
    fn default() -> Self {
        Self { guards: Guards::Added, connections_max: 16, wait_ms: 5_000, time: Time::OfServer }
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenTrouble {
    /// The address says nothing.
    #[error("{0} is no address of a MariaDB: write mysql://USER:PASSWORD@HOST:PORT/DATABASE")]
    Address(String),
    /// Nobody answers, or not us.
    #[error("the database cannot be reached: {0}; check the address and that the server runs")]
    Unreachable(Trouble),
    /// The tables cannot be brought to this version.
    #[error("the tables cannot be brought to this version: {0}")]
    Migration(String),
}

/// The shared store. Clones share its connections.
#[derive(Clone)]
pub struct MysqlStore {
    pool: Pool,
    wait: Duration,
    time: Time,
    is_guarded: bool,
}

impl MysqlStore {
    /// Connects, and brings the tables to this version.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenTrouble> {
        let pool = Pool::new(config(url, &options, options.connections_max)?);
        let wait = Duration::from_millis(options.wait_ms);
        // One holds the lock while another migrates: connections that end with it.
        let migrating = Pool::new(config(url, &options, 2)?);
        let mut store = Self { pool, wait, time: options.time, is_guarded: false };
        drop(store.client("connect").await.map_err(OpenTrouble::Unreachable)?);
        store.is_guarded = house::migrate(migrating, options.guards).await?;
        Ok(store)
    }

    /// Whether the tables have their guards. They are never taken away again.
    pub fn is_guarded(&self) -> bool {
        self.is_guarded
    }

    /// Ends the connections; what was answered is durable.
    pub async fn close(&self) -> Result<(), Trouble> {
        self.pool.clone().disconnect().await.map_err(trouble::of("close"))
    }

    /// A connection of the pool.
    pub(crate) async fn client(&self, operation: &'static str) -> Result<Client, Trouble> {
        match tokio::time::timeout(self.wait, self.pool.get_conn()).await {
            Ok(connected) => {
                let conn = connected.map_err(trouble::of(operation))?;
                Ok(Client::new(conn, self.wait.max(LEAST) * 2 + GRACE))
            }
            Err(_) => Err(Trouble::new(TroubleKind::Busy, operation, "all connections are in use")),
        }
    }

    /// The time, where a hand gives it.
    pub(crate) fn hand(&self) -> Option<i64> {
        match &self.time {
            Time::OfServer => None,
            Time::Of(clock) => Some(clock.now().0),
        }
    }
}

/// The address with what bounds every wait. An instance that is stopped in the middle of a batch
/// must not hold its locks for longer than others are willing to wait.
fn config(
    url: &str,
    options: &Options,
    connections_max: usize,
) -> Result<OptsBuilder, OpenTrouble> {
    let without_password = || url.rsplit('@').next().unwrap_or_default().to_owned();
    let opts = Opts::from_url(url).map_err(|_| OpenTrouble::Address(without_password()))?;
    let wait = options.wait_ms.div_ceil(1_000).max(1);
    let twice = wait.saturating_mul(2);
    let session = format!(
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION time_zone = '+00:00', \
         sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
         innodb_lock_wait_timeout = {wait} \
         /*M!100300 , idle_transaction_timeout = {twice}, max_statement_time = {twice} */"
    );
    // The pool closes what it has above the lesser bound as soon as it is idle: it shall keep all.
    let bounds = PoolConstraints::new(connections_max, connections_max)
        .ok_or_else(|| OpenTrouble::Address("a pool without connections".to_owned()))?;
    // To reset a connection takes six round trips; a batch rolls back by itself.
    let pool = PoolOpts::default().with_constraints(bounds).with_reset_connection(false);
    Ok(OptsBuilder::from_opts(opts).setup(vec![session, WRITES.to_owned()]).pool_opts(pool))
}
