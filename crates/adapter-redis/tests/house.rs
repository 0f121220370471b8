//! An instance with locks, and what tests do with them.
#![expect(dead_code, reason = "each test uses a part of it")]

use crate::nodes;
use admitone_adapter_redis::{LockOptions, LockSetup, Node, RedisLock};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::lock::{Guard, Lock};
use admitone_conformance::redis_server;
use admitone_domain::Key;
use admitone_domain::id::SeatId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Waits.
pub(crate) async fn wait_ms(span_ms: u64) {
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(Duration::from_millis(span_ms), never).await;
}

/// One instance: its store is everybody's, its tasks end with it.
pub(crate) struct House {
    pub(crate) store: MemoryStore,
    pub(crate) options: LockOptions,
    pub(crate) stop: CancellationToken,
}

impl House {
    pub(crate) fn new(options: LockOptions) -> Self {
        let store = MemoryStore::new(Arc::new(SystemClock::default()));
        Self { store, options, stop: CancellationToken::new() }
    }

    /// Another one with the same locks, whose leases are that long.
    pub(crate) fn beside(&self, lease_ms: u64) -> Self {
        let options = LockOptions { lease_ms, ..self.options.clone() };
        Self { store: self.store.clone(), options, stop: CancellationToken::new() }
    }

    fn setup(&self) -> LockSetup {
        LockSetup {
            options: self.options.clone(),
            store: Arc::new(self.store.clone()),
            tracker: TaskTracker::new(),
            stop: self.stop.clone(),
        }
    }

    pub(crate) async fn pubsub(&self, node: Node) -> RedisLock {
        RedisLock::pubsub(node, self.setup()).await
    }

    pub(crate) fn redlock(&self, nodes: Vec<Node>) -> RedisLock {
        RedisLock::redlock(nodes, self.setup()).unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Whoever wants such a lock counts as an instance of his own: nobody stands in line before the nodes.
pub(crate) fn options() -> LockOptions {
    let prefix = redis_server::own_prefix();
    LockOptions { prefix, poll_ms: 10, in_line: false, ..LockOptions::default() }
}

/// A lease that is not made new.
pub(crate) fn short(lease_ms: u64) -> LockOptions {
    LockOptions { lease_ms, renew_every_ms: None, ..options() }
}

pub(crate) fn seats(numbers: &[u64]) -> BTreeSet<Key> {
    numbers.iter().map(|number| Key::Seat(SeatId(*number))).collect()
}

pub(crate) async fn both(house: &House) -> Option<Vec<(&'static str, RedisLock)>> {
    let addresses = redis_server::shared()?;
    let all: Vec<Node> = addresses.iter().map(|address| nodes::node(address)).collect();
    Some(vec![("pubsub", house.pubsub(all[0].clone()).await), ("redlock", house.redlock(all))])
}

pub(crate) async fn take(lock: &RedisLock, numbers: &[u64], patience_ms: u64) -> Box<dyn Guard> {
    lock.acquire(&seats(numbers), patience_ms).await.unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) async fn refused(lock: &RedisLock, numbers: &[u64], patience_ms: u64) -> TroubleKind {
    match lock.acquire(&seats(numbers), patience_ms).await {
        Ok(_) => panic!("somebody else has it"),
        Err(trouble) => trouble.kind,
    }
}

/// What a lock keeps on a server.
pub(crate) async fn keys_of(address: &str, prefix: &str) -> Vec<String> {
    let client = redis::Client::open(address).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("{prefix}:lock:*");
    redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap()
}

pub(crate) async fn execute(address: &str, words: &[&str]) {
    let client = redis::Client::open(address).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(word);
    });
    command.query_async::<redis::Value>(&mut connection).await.unwrap();
}

pub(crate) async fn lock_of(house: &House, addresses: &[String], is_redlock: bool) -> RedisLock {
    if is_redlock {
        house.redlock(addresses.iter().map(|address| nodes::node(address)).collect())
    } else {
        house.pubsub(nodes::node(&addresses[0])).await
    }
}
