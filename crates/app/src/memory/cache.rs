//! A cache in memory, for one instance.

use crate::Trouble;
use crate::ports::cache::{Cache, Cached};
use crate::ports::clock::Clock;
use admitone_domain::Moment;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps values in this process for so long.
pub struct MemoryCache {
    topics: Mutex<HashMap<String, Topic>>,
    clock: Arc<dyn Clock>,
    ttl_ms: u64,
}

#[derive(Default)]
struct Topic {
    turn: u64,
    values: HashMap<String, (Moment, Vec<u8>)>,
}

impl MemoryCache {
    /// An empty cache whose values are good for so long.
    pub fn new(clock: Arc<dyn Clock>, ttl_ms: u64) -> Self {
        Self { topics: Mutex::default(), clock, ttl_ms }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, topic: &str, name: &str) -> Result<Cached, Trouble> {
        let now = self.clock.now();
        let topics = self.topics();
        let Some(topic) = topics.get(topic) else { return Ok(Cached::default()) };
        let value = topic.values.get(name).filter(|(until, _)| now < *until);
        Ok(Cached { value: value.map(|(_, value)| value.clone()), turn: topic.turn })
    }

    async fn put(&self, topic: &str, name: &str, value: &[u8], turn: u64) -> Result<(), Trouble> {
        let now = self.clock.now();
        let mut topics = self.topics();
        let topic = topics.entry(topic.to_owned()).or_default();
        topic.values.retain(|_, (until, _)| now < *until);
        if topic.turn == turn {
            topic.values.insert(name.to_owned(), (now.plus_ms(self.ttl_ms), value.to_vec()));
        }
        Ok(())
    }

    async fn drop_topic(&self, topic: &str) -> Result<(), Trouble> {
        let mut topics = self.topics();
        let topic = topics.entry(topic.to_owned()).or_default();
        topic.turn += 1;
        topic.values.clear();
        Ok(())
    }
}
