//! A map in many parts: when it grows, one part moves and not the whole, so that nobody who waits
//! for the lock around it notices.

use admitone_domain::KeyHasher;
use hashbrown::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash};

const PARTS: usize = 256;

type Part<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// A map in many parts.
pub(crate) struct Shards<K, V> {
    parts: Vec<Part<K, V>>,
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self { parts: std::iter::repeat_with(Part::default).take(PARTS).collect() }
    }
}

impl<K: Hash + Eq, V> Shards<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.parts[place(key)].get(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.parts[place(&key)].insert(key, value)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.parts[place(key)].remove(key)
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
        assert_eq!(shards.get(&7), None);
    }
}
