//! Redis beside a store that instances share: the locks that hold across them, the waiting
//! rooms and the cached lists that they share.

use crate::config::Configuration;
use crate::exit::{Failed, failed};
use crate::shelf::Shelf;
use admitone_adapter_redis::{
    JobsOptions, LockOptions, LockSetup, Node, RedisBell, RedisBuckets, RedisCache, RedisHints,
    RedisJobs, RedisLock, RedisRooms, RoomOptions,
};
use admitone_api::limits::Limits;
use admitone_app::board::Copies;
use admitone_app::limits::{MemoryBuckets, SharedBuckets};
use admitone_app::ports::bell::Bell;
use admitone_app::ports::buckets::Buckets;
use admitone_app::ports::cache::Cache;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::hints::Hints;
use admitone_app::ports::lock::Lock;
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::room_journal::RoomJournal;
use admitone_app::ports::shared_room::SharedRooms;
use admitone_app::ports::store::Store;
use admitone_app::strategy::{LockKind, StrategyMap};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// No call takes longer than this.
const PATIENCE: Duration = Duration::from_millis(300);

/// Lists are kept so long: so old is what a died instance did not drop.
const LISTS_MS: u64 = 5_000;

/// Copies of boards are kept so long. They are brought up to date when they are used, so what
/// bounds this is the work of that.
const COPIES_MS: u64 = 60_000;

/// The servers that are configured.
pub(crate) struct Beside {
    nodes: Vec<Node>,
    /// The first, by a connection that the rooms share with nobody.
    of_rooms: Node,
    /// What the names of this house begin with: several may share a server.
    prefix: String,
    /// Where the places of its rooms are written down.
    journal: Option<Arc<dyn RoomJournal>>,
    replicas: u32,
}

impl Beside {
    /// The servers, if any are configured. They need not be there yet.
    pub(crate) async fn open(
        configuration: &Configuration,
        shelf: &Shelf,
    ) -> Result<Option<Self>, Failed> {
        let addresses = configuration.redis.addresses();
        if addresses.is_empty() {
            return Ok(None);
        }
        let open = |address: &str| {
            // It may hold a password, so it is not repeated.
            let advice = "write redis://HOST:PORT, several with commas between them";
            Node::new(address, PATIENCE).map_err(|_| failed("the address of a Redis")(advice))
        };
        let of_rooms = open(addresses[0])?;
        let nodes = addresses.into_iter().map(open).collect::<Result<_, _>>()?;
        let prefix = format!("admitone:{}", shelf.name().await?);
        let (journal, replicas) = (shelf.journal(), configuration.redis.replicas);
        Ok(Some(Self { nodes, of_rooms, prefix, journal, replicas }))
    }

    /// The waiting rooms that all instances share.
    pub(crate) fn rooms(&self, tasks: &TaskTracker) -> Arc<dyn SharedRooms> {
        let options = RoomOptions {
            prefix: self.prefix.clone(),
            places: self.journal.clone(),
            copies: self.replicas,
            tracker: tasks.clone(),
            ..RoomOptions::default()
        };
        Arc::new(RedisRooms::new(self.of_rooms.clone(), options))
    }

    /// The cache of lists.
    pub(crate) fn cache(&self) -> Arc<dyn Cache> {
        Arc::new(RedisCache::new(self.nodes[0].clone(), &self.prefix, LISTS_MS))
    }

    /// The buckets that all instances share.
    pub(crate) fn buckets(&self) -> Arc<dyn Buckets> {
        Arc::new(RedisBuckets::new(self.nodes[0].clone(), &self.prefix))
    }

    /// The bell between instances.
    pub(crate) fn bell(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Arc<dyn Bell> {
        let bell = Arc::new(RedisBell::new(self.nodes[0].clone(), &self.prefix));
        tasks.spawn(Arc::clone(&bell).listen(stop.clone()));
        bell
    }

    /// A queue of jobs. Its calls wait for nobody else's.
    pub(crate) fn jobs(&self, name: &str) -> RedisJobs {
        let (prefix, name) = (self.prefix.clone(), name.to_owned());
        RedisJobs::new(
            self.nodes[0].clone(),
            JobsOptions { prefix, name, ..JobsOptions::default() },
        )
    }

    /// Hints between instances that commands were answered.
    pub(crate) fn hints(&self, tasks: &TaskTracker, stop: &CancellationToken) -> Arc<dyn Hints> {
        let hints = Arc::new(RedisHints::new(self.nodes[0].clone(), &self.prefix));
        tasks.spawn(Arc::clone(&hints).listen(stop.clone()));
        hints
    }

    /// Copies of boards, brought up to date by this outbox.
    pub(crate) fn copies(&self, outbox: Arc<dyn Outbox>) -> Copies {
        let cache = RedisCache::new(self.nodes[0].clone(), &self.prefix, COPIES_MS);
        Copies::new(Arc::new(cache), outbox)
    }

    /// The locks that a map needs.
    pub(crate) async fn locks(
        &self,
        map: &StrategyMap,
        configuration: &Configuration,
        store: &Arc<dyn Store>,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<Vec<(LockKind, Arc<dyn Lock>)>, Failed> {
        let redis = &configuration.redis;
        let setup = || LockSetup {
            options: LockOptions {
                lease_ms: redis.lease_ms,
                renew_every_ms: Some(redis.renew_ms),
                fencing: map.fencing,
                fallback: redis.fallback,
                prefix: self.prefix.clone(),
                ..LockOptions::default()
            },
            store: Arc::clone(store),
            tracker: tasks.clone(),
            stop: stop.clone(),
        };
        let mut locks: Vec<(LockKind, Arc<dyn Lock>)> = Vec::new();
        let needs = |kind| map.strategies().iter().any(|way| way.lock == kind);
        if needs(LockKind::PubSub) {
            let lock = RedisLock::pubsub(self.nodes[0].clone(), setup()).await;
            locks.push((LockKind::PubSub, Arc::new(lock)));
        }
        if needs(LockKind::Redlock) {
            let lock = RedisLock::redlock(self.nodes.clone(), setup());
            let lock = lock.map_err(|trouble| failed("--redis")(trouble.detail))?;
            locks.push((LockKind::Redlock, Arc::new(lock)));
        }
        Ok(locks)
    }
}

/// The limits, if there are any: for all instances where they share a Redis.
pub(crate) fn limits(
    configuration: &Configuration,
    beside: Option<&Beside>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Limits>, Failed> {
    if !configuration.limits.are_on() {
        return Ok(None);
    }
    let buckets: Arc<dyn Buckets> = match beside {
        Some(beside) => Arc::new(SharedBuckets::new(beside.buckets(), Arc::clone(clock))),
        None => Arc::new(MemoryBuckets::new(Arc::clone(clock))),
    };
    configuration.limits.limits(buckets).map(Some)
}
