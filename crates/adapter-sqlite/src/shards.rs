//! A map in many parts: when it grows, one part moves and not the whole, so that nobody who waits
//! for the lock around it notices.

use admitone_domain::KeyHasher;
use hashbrown::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash};

/// In so many.
pub(crate) const PARTS: usize = 256;

type Part<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// A map in many parts.
pub(crate) struct Shards<K, V> {
    parts: Vec<Part<K, V>>,
    len: usize,
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self { parts: std::iter::repeat_with(Part::default).take(PARTS).collect(), len: 0 }
    }
}

impl<K: Hash + Eq, V> Shards<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.parts[place(key)].get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.parts[place(key)].get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.parts[place(&key)].insert(key, value);
        self.len += usize::from(before.is_none());
        before
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let removed = self.parts[place(key)].remove(key);
        self.len -= usize::from(removed.is_some());
        removed
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes out of one part what is to go.
    pub(crate) fn extract(&mut self, part: usize, goes: impl Fn(&V) -> bool) -> Vec<(K, V)> {
        let gone: Vec<(K, V)> = self.parts[part].extract_if(|_, value| goes(value)).collect();
        self.len -= gone.len();
        gone
    }
}

/// The part is taken from bits that the maps inside use last.
fn place<K: Hash>(key: &K) -> usize {
    let hash = BuildHasherDefault::<KeyHasher>::default().hash_one(key);
    (hash >> 40) as usize % PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_found_and_spread_over_the_parts() {
        let mut shards = Shards::default();
        for number in 0..10_000_u64 {
            assert_eq!(shards.insert(number, number + 1), None);
        }
        assert!((0..10_000).all(|number| shards.get(&number) == Some(&(number + 1))));
        assert!(shards.parts.iter().all(|part| part.len() < 100), "no part has most of them");
        assert_eq!(shards.remove(&7), Some(8));
        assert_eq!((shards.get(&7), shards.len()), (None, 9_999));
        let gone: usize = (0..PARTS).map(|part| shards.extract(part, |v| v % 2 == 0).len()).sum();
        assert_eq!((gone, shards.len(), shards.get(&8)), (4_999, 5_000, Some(&9)));
    }
}
