//! Reading through a cache: one question to the store however many ask at once, and nothing kept
//! that was read before it changed.

use crate::Trouble;
use crate::ports::cache::Cache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

type Flight = Arc<tokio::sync::Mutex<()>>;
type WeakFlight = Weak<tokio::sync::Mutex<()>>;

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
    /// out; one of those who ask at once reads, the others find what he kept.
    ///
    /// # Errors
    /// It had to be read, and that failed.
    pub async fn read<F: Future<Output = Result<Vec<u8>, Trouble>>>(
        &self,
        topic: &'static str,
        name: &str,
        read: impl FnOnce() -> F,
    ) -> Result<Vec<u8>, Trouble> {
        if let Some(value) = self.look(topic, name).await.1 {
            count(topic, "hit");
            return Ok(value);
        }
        let flight = self.flight(topic, name);
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
    pub async fn renew<F: Future<Output = Result<Vec<u8>, Trouble>>>(
        &self,
        topic: &'static str,
        name: &str,
        read: impl FnOnce() -> F,
    ) -> Result<Vec<u8>, Trouble> {
        let (turn, _) = self.look(topic, name).await;
        self.keep(topic, name, turn, read).await
    }

    /// Reads, and keeps it unless the topic was dropped meanwhile.
    async fn keep<F: Future<Output = Result<Vec<u8>, Trouble>>>(
        &self,
        topic: &'static str,
        name: &str,
        turn: Option<u64>,
        read: impl FnOnce() -> F,
    ) -> Result<Vec<u8>, Trouble> {
        count(topic, "miss");
        let value = read().await?;
        if let Some(turn) = turn
            && let Err(trouble) = self.cache.put(topic, name, &value, turn).await
        {
            tracing::debug!(%trouble, topic, "not cached");
        }
        Ok(value)
    }

    /// What the cache says; no turn when it is in trouble.
    async fn look(&self, topic: &'static str, name: &str) -> (Option<u64>, Option<Vec<u8>>) {
        match self.cache.get(topic, name).await {
            Ok(cached) => (Some(cached.turn), cached.value),
            Err(trouble) => {
                count(topic, "away");
                tracing::debug!(%trouble, topic, "the cache is left out");
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
fn count(topic: &'static str, outcome: &'static str) {
    metrics::counter!("admitone_cache_reads_total", "of" => topic, "outcome" => outcome)
        .increment(1);
}
