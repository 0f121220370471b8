//! The locks on Redis keep the promises of every lock, on real servers. Each case has a prefix of
//! its own, and two instances that share nothing but the servers and the store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod nodes;

use admitone_adapter_redis::{LockOptions, LockSetup, RedisLock};
use admitone_app::ports::lock::Lock;
use admitone_app::ports::store::Store;
use admitone_conformance::lock::{FreshLock, LockFixture, trials};
use admitone_conformance::redis_server;
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

const LEASE_MS: u64 = 400;

struct Redis {
    is_redlock: bool,
}

/// What a case must give back.
struct Kept {
    prefix: String,
    _stop: DropGuard,
}

impl Redis {
    async fn way(
        &self,
        options: &LockOptions,
        store: &Arc<dyn Store>,
        stop: &CancellationToken,
    ) -> Arc<dyn Lock> {
        let setup = LockSetup {
            options: options.clone(),
            store: Arc::clone(store),
            tracker: TaskTracker::new(),
            stop: stop.clone(),
        };
        let addresses = redis_server::shared().unwrap();
        let mut all: Vec<_> = addresses.iter().map(|address| nodes::node(address)).collect();
        if self.is_redlock {
            Arc::new(RedisLock::redlock(all, setup).unwrap())
        } else {
            Arc::new(RedisLock::pubsub(all.swap_remove(0), setup).await)
        }
    }
}

#[async_trait]
impl LockFixture for Redis {
    async fn fresh(&self, store: Arc<dyn Store>) -> FreshLock {
        let stop = CancellationToken::new();
        let options = LockOptions {
            lease_ms: LEASE_MS,
            renew_every_ms: Some(100),
            poll_ms: 10,
            prefix: redis_server::own_prefix(),
            ..LockOptions::default()
        };
        let ways =
            [self.way(&options, &store, &stop).await, self.way(&options, &store, &stop).await];
        let kept = Kept { prefix: options.prefix, _stop: stop.drop_guard() };
        FreshLock { ways, keep: Box::new(kept) }
    }

    fn lease_ms(&self) -> u64 {
        LEASE_MS
    }

    async fn lose(&self, fresh: &FreshLock, keys: &BTreeSet<Key>) {
        let prefix = &fresh.keep.downcast_ref::<Kept>().unwrap().prefix;
        for address in redis_server::shared().unwrap() {
            let client = redis::Client::open(address).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            for key in keys {
                let name = format!("{prefix}:lock:{}", serde_json::to_string(key).unwrap());
                redis::cmd("DEL").arg(name).query_async::<()>(&mut connection).await.unwrap();
            }
        }
    }

    fn can_be_lost(&self) -> bool {
        true
    }

    fn absent(&self) -> Option<String> {
        redis_server::shared().is_none().then(|| "there are no servers".to_owned())
    }
}

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let mut all = trials("pubsub", Redis { is_redlock: false });
    all.extend(trials("redlock", Redis { is_redlock: true }));
    libtest_mimic::run(&arguments, all).exit_code()
}
