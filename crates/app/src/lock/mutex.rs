//! Mutex: one fair mutex for each key that anybody has or waits for.
//!
//! Who waits sleeps until it is his turn, in the order of arrival. A key that nobody has and
//! nobody waits for costs nothing: its mutex is gone.

use super::busy;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock};
use crate::ports::store::Fences;
use admitone_domain::{Key, KeyHasher, KeyMap};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// A power of two, several times the threads that come at once.
const SHARDS: usize = 64;

/// A mutex for each key.
pub struct MutexLock {
    shards: Arc<Shards>,
    clock: Arc<dyn Clock>,
}

impl MutexLock {
    /// Nobody has anything; the clock ends patience.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { shards: Arc::new(Shards(std::array::from_fn(|_| Mutex::default()))), clock }
    }

    /// How many keys somebody has or waits for.
    pub fn keys(&self) -> usize {
        self.shards.0.iter().map(|shard| locked(shard).len()).sum()
    }
}

#[async_trait]
impl Lock for MutexLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        tokio::select! {
            biased;
            held = take(&self.shards, keys) => Ok(Box::new(held)),
            () = self.clock.sleep_ms(patience_ms) => Err(busy()),
        }
    }
}

/// Takes the keys in their order, which is the same for everybody: nobody waits in a circle. Who
/// gives up on the way drops what he has.
async fn take(shards: &Arc<Shards>, keys: &BTreeSet<Key>) -> Held {
    let mut held = Vec::with_capacity(keys.len());
    for key in keys {
        let claim = Claim::new(shards, *key);
        let turn = Arc::clone(&claim.mutex).lock_owned().await;
        held.push(Turn { _turn: turn, _claim: claim });
    }
    Held(held)
}

/// Keys that are held.
struct Held(Vec<Turn>);

#[async_trait]
impl Guard for Held {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {
        drop(self.0);
    }
}

/// One key that is held. Dropped in this order: the next one is woken before the entry goes.
struct Turn {
    _turn: OwnedMutexGuard<()>,
    _claim: Claim,
}

struct Shards([Mutex<KeyMap<Claimed>>; SHARDS]);

/// A key's mutex, and how many have it or wait for it.
struct Claimed {
    mutex: Arc<tokio::sync::Mutex<()>>,
    claims: usize,
}

impl Shards {
    fn of(&self, key: Key) -> MutexGuard<'_, KeyMap<Claimed>> {
        let hash = BuildHasherDefault::<KeyHasher>::default().hash_one(key);
        // Other bits than those that choose the bucket inside the map.
        let shard = usize::try_from(hash >> 48).unwrap_or(0) % SHARDS;
        locked(&self.0[shard])
    }
}

fn locked(shard: &Mutex<KeyMap<Claimed>>) -> MutexGuard<'_, KeyMap<Claimed>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A share in a key's mutex: while one is there, the entry is.
struct Claim {
    shards: Arc<Shards>,
    key: Key,
    mutex: Arc<tokio::sync::Mutex<()>>,
}

impl Claim {
    fn new(shards: &Arc<Shards>, key: Key) -> Self {
        let mut shard = shards.of(key);
        let entry = shard.entry(key);
        let claimed = entry.or_insert_with(|| Claimed { mutex: Arc::default(), claims: 0 });
        claimed.claims += 1;
        let mutex = Arc::clone(&claimed.mutex);
        Self { shards: Arc::clone(shards), key, mutex }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.shards.of(self.key).entry(self.key) {
            entry.get_mut().claims -= 1;
            if entry.get().claims == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use admitone_domain::id::SeatId;

    fn seats(ids: &[u64]) -> BTreeSet<Key> {
        ids.iter().copied().map(SeatId).map(Key::Seat).collect()
    }

    #[tokio::test]
    async fn a_key_that_nobody_wants_any_more_is_forgotten() {
        let lock = Arc::new(MutexLock::new(Arc::new(SystemClock::default())));
        let held = lock.acquire(&seats(&[1, 2]), 10).await.unwrap();
        assert_eq!(lock.keys(), 2);
        assert!(lock.acquire(&seats(&[2, 3]), 1).await.is_err());
        assert_eq!(lock.keys(), 2, "who gave up left nothing");
        let keys = seats(&[1]);
        let mut waiting = Box::pin(lock.acquire(&keys, 60_000));
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("it is held"),
            () = tokio::task::yield_now() => {}
        }
        held.release().await;
        assert_eq!(lock.keys(), 1, "somebody waits for it");
        drop(waiting.await.unwrap());
        assert_eq!(lock.keys(), 0);
    }
}
