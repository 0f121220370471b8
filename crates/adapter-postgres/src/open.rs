//! Connects to a server: the pool, its bounds, the migrations.

use crate::client::Client;
use crate::{house, trouble};
use admitone_app::Trouble;
use admitone_app::ports::clock::Clock;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Config, NoTls};

/// A server that is slow to take a new connection is not short of them.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the word that a statement was ended may be on its way.
const GRACE: Duration = Duration::from_secs(1);

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// Whether the tables get their guards.
    pub guards: Guards,
    /// At most so many connections of this instance.
    pub connections_max: usize,
    /// How long a batch waits for a connection, and for another's lock on a row.
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
    #[error("{0} is no address of a PostgreSQL: write postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
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
pub struct PostgresStore {
    pool: Pool,
    /// The server ends a statement before that; a server that does not is away.
    pub(crate) silence: Duration,
    config: Arc<Config>,
    time: Time,
    is_guarded: bool,
}

impl PostgresStore {
    /// Connects, and brings the tables to this version.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenTrouble> {
        let config = config(url, &options)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let wait = Duration::from_millis(options.wait_ms);
        let pool = Pool::builder(Manager::from_config(config.clone(), NoTls, recycling))
            .max_size(options.connections_max)
            .wait_timeout(Some(wait))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| OpenTrouble::Address(error.to_string()))?;
        let connected = pool.get().await.map_err(trouble::of_pool("connect"));
        let mut client = connected.map_err(OpenTrouble::Unreachable)?;
        let is_guarded = house::migrate(&mut client, options.guards).await?;
        let silence = wait * 2 + GRACE;
        let config = Arc::new(config);
        Ok(Self { pool, silence, config, time: options.time, is_guarded })
    }

    /// Whether the tables have their guards. They are never taken away again.
    pub fn is_guarded(&self) -> bool {
        self.is_guarded
    }

    /// Ends the connections; what was answered is durable.
    pub fn close(&self) {
        self.pool.close();
    }

    /// How to connect beside the pool.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config)
    }

    /// A connection of the pool.
    pub(crate) async fn client(&self, operation: &'static str) -> Result<Client, Trouble> {
        let object = self.pool.get().await.map_err(trouble::of_pool(operation))?;
        Ok(Client::new(object, self.silence))
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
fn config(url: &str, options: &Options) -> Result<Config, OpenTrouble> {
    let without_password = || url.rsplit('@').next().unwrap_or_default().to_owned();
    let parsed = Config::from_str(url);
    let mut config = parsed.map_err(|_| OpenTrouble::Address(without_password()))?;
    let (wait, twice) = (options.wait_ms, options.wait_ms.saturating_mul(2));
    let given = config.get_options().unwrap_or_default();
    // One plan for a statement and not one for each batch: every batch is arrays, and to look at
    // how long they are this time costs more than most batches themselves. It is made when a table
    // is small, and must be right when it is large: nothing is scanned that can be looked up.
    let bounds = format!(
        "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off \
         -c lock_timeout={wait} -c statement_timeout={twice} \
         -c idle_in_transaction_session_timeout={twice} -c client_min_messages=warning {given}"
    );
    config
        .options(bounds)
        .application_name("admitone")
        // A replica shows what was, and nothing may be decided by that: of several hosts it is
        // passed over, and alone it is refused.
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .connect_timeout(CONNECT)
        .tcp_user_timeout(Duration::from_millis(twice))
        .keepalives_idle(CONNECT);
    Ok(config)
}
