//! Reading through a cache: one question to the store however many ask at once, and nothing kept
//! that was read before it changed.

use crate::ports::cache::Cache;
use crate::{Trouble, TroubleKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

type Flight = Arc<tokio::sync::Mutex<()>>;
type WeakFlight = Weak<tokio::sync::Mutex<()>>;

/// What is dropped together, and how its values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name in the cache.
    pub name: &'static str,
    /// Grows with every change of what its values are made of: instances of two versions share a
    /// cache while one replaces the other, and each takes what the other wrote for nothing.
    pub format: u8,
}

impl Topic {
    fn encode(self, value: &impl Serialize) -> Result<Vec<u8>, Trouble> {
        let encoded = postcard::to_extend(value, vec![self.format]);
        encoded.map_err(|error| Trouble::new(TroubleKind::Inconsistent, "cache a value", error))
    }

    /// The value, if it was written in this format.
    fn decode<T: DeserializeOwned>(self, bytes: &[u8]) -> Option<T> {
        let (format, value) = bytes.split_first()?;
        if *format == self.format { postcard::from_bytes(value).ok() } else { None }
    }
}

/// Reads through a cache.
pub struct CachedReads {
    cache: Arc<dyn Cache>,
    /// Who reads what, by topic and name.
    flights: Mutex<HashMap<(String, String), WeakFlight>>,
}

impl CachedReads {
    /// Reads through this cache.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache, flights: Mutex::default() }
    }

    /// The value of that name: from the cache, else read now and kept. A cache in trouble is left
    /// out, and so is a value of another format; one of those who ask at once reads, the others
    /// find what he kept.
    ///
    /// # Errors
    /// It had to be read, and that failed.
    pub async fn read<T: Serialize + DeserializeOwned, F: Future<Output = Result<T, Trouble>>>(
        &self,
        topic: Topic,
        name: &str,
        read: impl FnOnce() -> F,
    ) -> Result<T, Trouble> {
        if let Some(value) = self.look(topic, name).await.1 {
            count(topic, "hit");
            return Ok(value);
        }
        let flight = self.flight(topic.name, name);
        let _one_at_a_time = flight.lock().await;
        let (turn, value) = self.look(topic, name).await;
        if let Some(value) = value {
            count(topic, "shared");
            return Ok(value);
        }
        self.keep(topic, name, turn, read).await
    }

    /// The same, read now whatever the cache has.
    ///
    /// # Errors
    /// It could not be read.
    pub async fn renew<T: Serialize + DeserializeOwned, F: Future<Output = Result<T, Trouble>>>(
        &self,
        topic: Topic,
        name: &str,
        read: impl FnOnce() -> F,
    ) -> Result<T, Trouble> {
        let (turn, _) = self.look::<T>(topic, name).await;
        self.keep(topic, name, turn, read).await
    }

    /// Reads, and keeps it unless the topic was dropped meanwhile.
    async fn keep<T: Serialize, F: Future<Output = Result<T, Trouble>>>(
        &self,
        topic: Topic,
        name: &str,
        turn: Option<u64>,
        read: impl FnOnce() -> F,
    ) -> Result<T, Trouble> {
        count(topic, "miss");
        let value = read().await?;
        if let Some(turn) = turn
            && let Err(trouble) =
                self.cache.put(topic.name, name, &topic.encode(&value)?, turn).await
        {
            tracing::debug!(%trouble, topic = topic.name, "not cached");
        }
        Ok(value)
    }

    /// What the cache says; no turn when it is in trouble.
    async fn look<T: DeserializeOwned>(
        &self,
        topic: Topic,
        name: &str,
    ) -> (Option<u64>, Option<T>) {
        match self.cache.get(topic.name, name).await {
            Ok(cached) => (Some(cached.turn), cached.value.and_then(|value| topic.decode(&value))),
            Err(trouble) => {
                count(topic, "away");
                tracing::debug!(%trouble, topic = topic.name, "the cache is left out");
                (None, None)
            }
        }
    }

    fn flight(&self, topic: &str, name: &str) -> Flight {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (topic.to_owned(), name.to_owned());
        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Flight::default();
        flights.insert(key, Arc::downgrade(&flight));
        flight
    }
}

/// The hit rate is `hit` and `shared` of all.
fn count(topic: Topic, outcome: &'static str) {
    metrics::counter!("admitone_cache_reads_total", "of" => topic.name, "outcome" => outcome)
        .increment(1);
}
