//! What stands in front of the store in a house, and is wrong in these stories: what is read for boards
//! and gates, who hears of commits, and the desk that hands commands over.

use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::reads::Reads;
use admitone_app::ports::tap::Tap;
use admitone_app::settle::Settler;
use admitone_app::{Trouble, TroubleKind, memory::MemoryStore};
use admitone_conformance::between::Between;
use admitone_domain::{Answer, Command, Key, Loaded, Verdict};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// How what is read comes out of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// As it is now.
    Clear,
    /// As it was when it was last kept.
    Old,
    /// As if there were nothing.
    Nothing,
    /// Not at all.
    Broken,
}

/// A cache between the store and those who read it.
pub(super) struct Mirror {
    store: MemoryStore,
    pub(super) sight: Mutex<Sight>,
    kept: Mutex<BTreeMap<Key, Option<Loaded>>>,
}

impl Mirror {
    pub(super) fn of(store: &MemoryStore) -> Self {
        Self { store: store.clone(), sight: Mutex::new(Sight::Clear), kept: Mutex::default() }
    }

    /// Keeps rows as they are now.
    pub(super) async fn keep(&self, keys: &[Key]) {
        let found = self.store.rows(keys).await.unwrap();
        *self.kept.lock().unwrap() = keys.iter().copied().zip(found).collect();
    }

    /// A row as it was kept; as it is now if it was not.
    pub(super) fn old(&self, key: Key, now: Option<Loaded>) -> Option<Loaded> {
        self.kept.lock().unwrap().get(&key).cloned().unwrap_or(now)
    }
}

#[async_trait]
impl Between for Mirror {
    fn behind(&self) -> &dyn Reads {
        &self.store
    }

    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let sight = *self.sight.lock().unwrap();
        let now = self.store.rows(keys).await?;
        let old = |(key, now): (&Key, Option<Loaded>)| self.old(*key, now);
        match sight {
            Sight::Clear => Ok(now),
            Sight::Old => Ok(keys.iter().zip(now).map(old).collect()),
            Sight::Nothing => Ok(vec![None; keys.len()]),
            Sight::Broken => Err(Trouble::new(TroubleKind::Unavailable, "cache", "it is away")),
        }
    }
}

/// Who is told of commits, and does not hear of all of them.
#[derive(Default)]
pub(super) struct Deaf {
    pub(super) ears: Mutex<Vec<Arc<dyn Tap>>>,
    /// So many of the next ones are missed.
    pub(super) misses: AtomicU32,
    missed: Mutex<Vec<Arc<Verdict>>>,
}

impl Deaf {
    /// Tells what was missed after all: the last first.
    pub(super) fn catch_up(&self) {
        let missed = std::mem::take(&mut *self.missed.lock().unwrap());
        missed.iter().rev().for_each(|verdict| self.tell(verdict));
    }

    /// Tells of something, whether or not it ever happened.
    pub(super) fn tell(&self, verdict: &Arc<Verdict>) {
        self.ears.lock().unwrap().iter().for_each(|ear| ear.committed(verdict));
    }
}

impl Tap for Deaf {
    fn committed(&self, verdict: &Arc<Verdict>) {
        let one_less = |left: u32| left.checked_sub(1);
        if self.misses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            self.missed.lock().unwrap().push(Arc::clone(verdict));
        } else {
            self.tell(verdict);
        }
    }
}

/// A desk that settles what it is given at once, and writes down what that was.
pub(super) struct Desk {
    pub(super) settler: Settler,
    pub(super) done: Mutex<Vec<(Command, Answer)>>,
}

#[async_trait]
impl Delivery for Desk {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let reply = self.settler.settle(vec![command.clone()]).await.remove(0)?;
        if let Reply::Answered { answer, .. } = &reply {
            self.done.lock().unwrap().push((command, answer.answer.clone()));
        }
        Ok(reply)
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.submit(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
