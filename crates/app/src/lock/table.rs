//! Which keys are taken, and how many look at them: for locks that look again instead of waiting their turn.

use crate::ports::lock::Guard;
use crate::ports::store::Fences;
use admitone_domain::{Key, KeyMap};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What somebody waited moves what is usual by one part in so many.
const FOLLOWS_ONE_IN: i64 = 8;

/// The keys that somebody has or looks at.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<KeyMap<Entry>>);

#[derive(Debug, Default)]
struct Entry {
    is_taken: bool,
    /// How many look at it.
    looking: i64,
    /// How long whoever had it waited for each who was there before him, in microseconds.
    turn_us: i64,
}

impl Table {
    /// Takes all of the keys, or none if somebody has one of them.
    pub(super) fn try_take(self: &Arc<Self>, keys: &BTreeSet<Key>) -> Option<Taken> {
        let mut table = self.lock();
        if keys.iter().any(|key| table.get(key).is_some_and(|entry| entry.is_taken)) {
            return None;
        }
        for key in keys {
            table.entry(*key).or_default().is_taken = true;
        }
        Some(Taken { table: Arc::clone(self), keys: keys.clone() })
    }

    /// Whether somebody looks at one of these keys.
    pub(super) fn is_looked_at(&self, keys: &BTreeSet<Key>) -> bool {
        let table = self.lock();
        keys.iter().any(|key| table.get(key).is_some_and(|entry| entry.looking > 0))
    }

    /// Somebody looks at keys from now on.
    pub(super) fn look<'a>(self: &Arc<Self>, keys: &'a BTreeSet<Key>) -> Looking<'a> {
        let mut table = self.lock();
        let mut before = 0;
        for key in keys {
            let entry = table.entry(*key).or_default();
            before = before.max(entry.looking + i64::from(entry.is_taken));
            entry.looking += 1;
        }
        drop(table);
        Looking { table: Arc::clone(self), keys, before }
    }

    fn lock(&self) -> MutexGuard<'_, KeyMap<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change of an entry; one that nobody needs any more is forgotten.
fn change(table: &mut KeyMap<Entry>, key: Key, change: impl FnOnce(&mut Entry)) {
    let Some(entry) = table.get_mut(&key) else { return };
    change(entry);
    if !entry.is_taken && entry.looking == 0 {
        table.remove(&key);
    }
}

/// Somebody who looks at keys, until it is dropped.
pub(super) struct Looking<'a> {
    table: Arc<Table>,
    keys: &'a BTreeSet<Key>,
    /// How many had one of them or looked at it when he came.
    before: i64,
}

impl Looking<'_> {
    /// Takes all of the keys, or none if somebody has one of them. How long it took those who come later
    /// expect as well.
    pub(super) fn try_take(&self, waited_us: i64) -> Option<Taken> {
        let taken = self.table.try_take(self.keys)?;
        let turn_us = waited_us / self.before.max(1);
        let mut table = self.table.lock();
        for key in self.keys {
            change(&mut table, *key, |entry| {
                entry.turn_us += (turn_us - entry.turn_us) / FOLLOWS_ONE_IN;
            });
        }
        Some(taken)
    }

    /// When it may be his turn, in microseconds from when he came: as long as it took others for each who
    /// was there before them.
    pub(super) fn expects_us(&self) -> i64 {
        let table = self.table.lock();
        let turns = self.keys.iter().filter_map(|key| table.get(key).map(|entry| entry.turn_us));
        turns.max().unwrap_or_default().saturating_mul(self.before)
    }
}

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        let mut table = self.table.lock();
        for key in self.keys {
            change(&mut table, *key, |entry| entry.looking -= 1);
        }
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
            change(&mut table, *key, |entry| entry.is_taken = false);
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

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::SeatId;

    fn seats(ids: &[u64]) -> BTreeSet<Key> {
        ids.iter().copied().map(SeatId).map(Key::Seat).collect()
    }

    #[test]
    fn whoever_comes_later_expects_what_it_took_those_before_him_for_each_of_them() {
        let (table, keys) = (Arc::new(Table::default()), seats(&[1]));
        let held = table.try_take(&keys).unwrap();
        let looking = table.look(&keys);
        assert_eq!(looking.expects_us(), 0, "nobody knows yet");
        drop(held);
        let held = looking.try_take(80_000);
        drop(looking);
        let second = table.look(&keys);
        let third = table.look(&keys);
        assert_eq!((second.expects_us(), third.expects_us()), (10_000, 20_000));
        assert!(held.is_some());
    }

    #[test]
    fn a_key_that_nobody_has_or_looks_at_is_forgotten() {
        let (table, both) = (Arc::new(Table::default()), seats(&[1, 2]));
        let one = seats(&[1]);
        let held = table.try_take(&one);
        let looking = table.look(&both);
        assert!(table.is_looked_at(&seats(&[2, 3])) && looking.try_take(0).is_none());
        drop(held);
        assert!(looking.try_take(0).is_some());
        drop(looking);
        assert!(table.lock().is_empty());
    }
}
