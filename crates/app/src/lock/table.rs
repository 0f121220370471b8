//! Which keys are taken: for locks that look again instead of waiting their turn.

use crate::ports::lock::Guard;
use crate::ports::store::Fences;
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The keys that somebody has.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<HashSet<Key>>);

impl Table {
    /// Takes all of the keys, or none if somebody has one of them.
    pub(super) fn try_take(self: &Arc<Self>, keys: &BTreeSet<Key>) -> Option<Taken> {
        let mut table = self.lock();
        if keys.iter().any(|key| table.contains(key)) {
            return None;
        }
        table.extend(keys);
        Some(Taken { table: Arc::clone(self), keys: keys.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys that are taken, until it is dropped.
pub(super) struct Taken {
    table: Arc<Table>,
    keys: BTreeSet<Key>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        for key in &self.keys {
            table.remove(key);
        }
    }
}

#[async_trait]
impl Guard for Taken {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {
        drop(self);
    }
}
