//! The stores there are, and what the commands need of whichever it is. The only place that knows
//! one adapter from another.

use crate::config::{Address, Configuration};
use crate::exit::{Failed, failed};
use crate::secret;
use crate::wiring::chance;
use admitone_adapter_mysql::MysqlStore;
use admitone_adapter_postgres::PostgresStore;
use admitone_adapter_sqlite::{SqliteRoads, SqliteRoomLog, SqliteStore};
use admitone_app::ports::bell::Bell;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::instances::Instances;
use admitone_app::ports::lanes::Lanes;
use admitone_app::ports::lock_waits::LockWaits;
use admitone_app::ports::notes::Notes;
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::queue_book::QueueBook;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::records::Records;
use admitone_app::ports::room_journal::RoomJournal;
use admitone_app::ports::store::Store;
use admitone_app::ports::webhooks::Webhooks;
use admitone_app::rooms::Kept;
use admitone_app::verify::Report;
use admitone_app::waiting_room::JournalRooms;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often old answers are dropped.
const PRUNE_PAUSE: Duration = Duration::from_mins(1);

/// What becomes of the guards of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guards {
    /// They are added if they are not there.
    Added,
    /// They are left out where somebody left them out.
    AsRecorded,
    /// They are left out of new tables.
    LeftOut,
}

/// An empty place on the server of an address, for the laboratory; its address.
pub(crate) async fn empty_place(url: &str, name: &str) -> Result<String, Failed> {
    let configuration = Configuration { store: url.to_owned(), ..Configuration::default() };
    match configuration.address()? {
        Address::Sqlite(_) => {
            Err(failed("an empty place")("the embedded store is one by itself: leave --store out"))
        }
        Address::Postgres(url) => Ok(admitone_adapter_postgres::empty_place(&url, name).await?),
        Address::Mysql(url) => Ok(admitone_adapter_mysql::empty_place(&url, name).await?),
    }
}

/// Takes such a place away again, with all that is in it.
pub(crate) async fn clear_place(url: &str, name: &str) -> Result<(), Failed> {
    let configuration = Configuration { store: url.to_owned(), ..Configuration::default() };
    match configuration.address()? {
        Address::Sqlite(_) => Ok(()),
        Address::Postgres(url) => Ok(admitone_adapter_postgres::clear_place(&url, name).await?),
        Address::Mysql(url) => Ok(admitone_adapter_mysql::clear_place(&url, name).await?),
    }
}

/// The directory of the embedded store, where there is none in it yet.
pub(crate) fn empty_directory(configuration: &Configuration) -> Result<Option<PathBuf>, Failed> {
    Ok(match configuration.address()? {
        Address::Sqlite(directory) => Some(directory).filter(|one| !SqliteStore::is_in(one)),
        Address::Postgres(_) | Address::Mysql(_) => None,
    })
}

/// How events leave a store: how far their roads are, the endpoints of others, what is written down of
/// it, and the events.
pub(crate) struct Ways {
    pub(crate) lanes: Arc<dyn Lanes>,
    pub(crate) webhooks: Arc<dyn Webhooks>,
    pub(crate) notes: Arc<dyn Notes>,
    pub(crate) outbox: Arc<dyn Outbox>,
}

impl Ways {
    /// All of them in one store.
    fn of<S: Lanes + Webhooks + Notes + Outbox + Clone + 'static>(store: &S) -> Self {
        let store = Arc::new(store.clone());
        let (lanes, webhooks, notes) = (store.clone(), store.clone(), store.clone());
        Self { lanes, webhooks, notes, outbox: store }
    }
}

/// A store of one kind or another.
pub(crate) enum Shelf {
    Sqlite(SqliteStore, PathBuf),
    Postgres(PostgresStore),
    Mysql(MysqlStore),
}

impl Shelf {
    /// Opens the store that the configuration names, and brings it to this version.
    pub(crate) async fn open(
        configuration: &Configuration,
        clock: &Arc<dyn Clock>,
        guards: Guards,
    ) -> Result<Self, Failed> {
        match configuration.address()? {
            Address::Sqlite(directory) => {
                let options = admitone_adapter_sqlite::Options {
                    guards: guards != Guards::LeftOut,
                    ..admitone_adapter_sqlite::Options::default()
                };
                let store = SqliteStore::open(&directory, Arc::clone(clock), options)?;
                Ok(Self::Sqlite(store, directory))
            }
            Address::Postgres(url) => {
                use admitone_adapter_postgres::{Guards as Theirs, Options};
                let guards = match guards {
                    Guards::Added => Theirs::Added,
                    Guards::AsRecorded => Theirs::AsRecorded,
                    Guards::LeftOut => Theirs::LeftOut,
                };
                let options = Options { guards, ..Options::default() };
                Ok(Self::Postgres(PostgresStore::open(&url, options).await?))
            }
            Address::Mysql(url) => {
                use admitone_adapter_mysql::{Guards as Theirs, Options};
                let guards = match guards {
                    Guards::Added => Theirs::Added,
                    Guards::AsRecorded => Theirs::AsRecorded,
                    Guards::LeftOut => Theirs::LeftOut,
                };
                let options = Options { guards, ..Options::default() };
                Ok(Self::Mysql(MysqlStore::open(&url, options).await?))
            }
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store, _) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::Mysql(store) => Arc::new(store.clone()),
        }
    }

    pub(crate) fn reads(&self) -> Arc<dyn Reads> {
        match self {
            Self::Sqlite(store, _) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::Mysql(store) => Arc::new(store.clone()),
        }
    }

    pub(crate) fn records(&self) -> Arc<dyn Records> {
        match self {
            Self::Sqlite(store, _) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
            Self::Mysql(store) => Arc::new(store.clone()),
        }
    }

    /// What other instances commit; none where there are no others.
    pub(crate) fn outbox(&self) -> Option<Arc<dyn Outbox>> {
        match self {
            Self::Sqlite(..) => None,
            Self::Postgres(store) => Some(Arc::new(store.clone())),
            Self::Mysql(store) => Some(Arc::new(store.clone())),
        }
    }

    /// The book of queues that it keeps for those who share it; none where nobody can.
    pub(crate) fn queue_book(&self) -> Option<Arc<dyn QueueBook>> {
        match self {
            Self::Sqlite(..) => None,
            Self::Postgres(store) => Some(Arc::new(store.clone())),
            Self::Mysql(store) => Some(Arc::new(store.clone())),
        }
    }

    /// The bell that it has for those who share it, if it has one.
    pub(crate) async fn bell(
        &self,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Option<Arc<dyn Bell>>, Failed> {
        let Self::Postgres(store) = self else { return Ok(None) };
        let bell = Arc::new(store.bell(&self.name().await?, &format!("{:032x}", chance())));
        tasks.spawn(Arc::clone(&bell).listen(stop.clone()));
        Ok(Some(bell))
    }

    /// The list of those who share it; none where nobody can.
    pub(crate) fn instances(&self) -> Option<Arc<dyn Instances>> {
        match self {
            Self::Sqlite(..) => None,
            Self::Postgres(store) => Some(Arc::new(store.clone())),
            Self::Mysql(store) => Some(Arc::new(store.clone())),
        }
    }

    /// Who tells of waits for locks; none where one writer takes them all.
    pub(crate) fn lock_waits(&self) -> Option<Arc<dyn LockWaits>> {
        match self {
            Self::Sqlite(..) => None,
            Self::Postgres(store) => Some(Arc::new(store.clone())),
            Self::Mysql(store) => Some(Arc::new(store.clone())),
        }
    }

    /// Where instances write the books of waiting rooms; none where there is one instance.
    pub(crate) fn journal(&self) -> Option<Arc<dyn RoomJournal>> {
        match self {
            Self::Sqlite(..) => None,
            Self::Postgres(store) => Some(Arc::new(store.clone())),
            Self::Mysql(store) => Some(Arc::new(store.clone())),
        }
    }

    /// Where waiting rooms are without a Redis: here with a log, or shared through a journal.
    pub(crate) fn rooms(&self, tasks: &TaskTracker) -> Result<Kept, Failed> {
        let shared = |journal| Kept::Shared(Arc::new(JournalRooms::new(journal, tasks.clone())));
        Ok(match self {
            Self::Sqlite(_, directory) => Kept::Here(Arc::new(SqliteRoomLog::open(directory)?)),
            Self::Postgres(store) => shared(Arc::new(store.clone())),
            Self::Mysql(store) => shared(Arc::new(store.clone())),
        })
    }

    /// How events leave it; once for each process.
    pub(crate) fn ways(&self) -> Result<Ways, Failed> {
        Ok(match self {
            Self::Sqlite(store, directory) => {
                let roads = Arc::new(SqliteRoads::open(directory, store.clone())?);
                let (lanes, webhooks, notes) = (roads.clone(), roads.clone(), roads);
                Ways { lanes, webhooks, notes, outbox: Arc::new(store.clone()) }
            }
            Self::Postgres(store) => Ways::of(store),
            Self::Mysql(store) => Ways::of(store),
        })
    }

    /// Whether other instances may be at work on it.
    pub(crate) fn is_shared(&self) -> bool {
        self.outbox().is_some()
    }

    /// Whether the tables have their guards.
    pub(crate) fn is_guarded(&self) -> bool {
        match self {
            Self::Sqlite(..) => true,
            Self::Postgres(store) => store.is_guarded(),
            Self::Mysql(store) => store.is_guarded(),
        }
    }

    /// The house's secret: made at the first start, the same for all instances.
    pub(crate) async fn secret(&self) -> Result<[u8; 32], Failed> {
        let fresh = secret::fresh();
        match self {
            Self::Sqlite(_, directory) => secret::of_directory(directory),
            Self::Postgres(store) => secret::decode(&store.recall("secret", &fresh).await?),
            Self::Mysql(store) => secret::decode(&store.recall("secret", &fresh).await?),
        }
    }

    /// A name that no other store has, the same for all instances.
    pub(crate) async fn name(&self) -> Result<String, Failed> {
        let fresh = format!("{:032x}", chance());
        match self {
            Self::Sqlite(..) => Err(failed("the name of the store")("the embedded one has none")),
            Self::Postgres(store) => Ok(store.recall("name", &fresh).await?),
            Self::Mysql(store) => Ok(store.recall("name", &fresh).await?),
        }
    }

    /// What has to be done now and then by every instance that sells.
    pub(crate) fn keep(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        match self {
            Self::Sqlite(..) => {}
            Self::Postgres(store) => {
                let store = store.clone();
                tasks.spawn(now_and_then(stop.clone(), move || {
                    let store = store.clone();
                    async move { store.prune().await.map(|_| ()) }
                }));
            }
            Self::Mysql(store) => {
                let store = store.clone();
                tasks.spawn(now_and_then(stop.clone(), move || {
                    let store = store.clone();
                    async move { store.prune().await }
                }));
            }
        }
    }

    /// Recomputes every invariant. Nothing of this process may be at work on it.
    pub(crate) async fn verify(
        &self,
        progress: impl FnMut(&'static str) + Send,
    ) -> Result<Report, Failed> {
        Ok(match self {
            Self::Sqlite(store, _) => {
                // What is not folded yet is not seen.
                store.close().await?;
                store.verify(progress)?
            }
            Self::Postgres(store) => store.verify(progress).await?,
            Self::Mysql(store) => store.verify(progress).await?,
        })
    }

    /// Ends it.
    pub(crate) async fn close(&self) -> Result<(), Failed> {
        let closing = failed("closing the store");
        match self {
            Self::Sqlite(store, _) => store.close().await.map_err(closing),
            Self::Postgres(store) => {
                store.close();
                Ok(())
            }
            Self::Mysql(store) => store.close().await.map_err(closing),
        }
    }
}

/// Does something every minute until `stop`.
async fn now_and_then<D>(stop: CancellationToken, task: impl Fn() -> D)
where
    D: Future<Output = Result<(), admitone_app::Trouble>>,
{
    let mut ticks = tokio::time::interval(PRUNE_PAUSE);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(trouble) = task().await {
            tracing::warn!(%trouble, "old answers were not dropped");
        }
    }
}

/// Where a store is, as people may read it: without a password.
pub(crate) fn shown(address: &Address) -> String {
    let plain = |url: &str| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let place = place.split('?').next().unwrap_or(place);
        format!("{scheme}://{place}")
    };
    match address {
        Address::Sqlite(directory) => Path::display(directory).to_string(),
        Address::Postgres(url) | Address::Mysql(url) => plain(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let url = "postgres://ann:se@cret@db.example:5432/house?options=x".to_owned();
        assert_eq!(shown(&Address::Postgres(url)), "postgres://db.example:5432/house");
        assert_eq!(shown(&Address::Mysql("mysql://db/house".into())), "mysql://db/house");
        assert_eq!(shown(&Address::Sqlite("here".into())), "here");
    }
}
