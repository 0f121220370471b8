//! The endpoints of the in-memory store: the model of the others'.

use super::store::MemoryStore;
use crate::Trouble;
use crate::ports::webhooks::{Attempt, Endpoint, Webhooks};
use admitone_domain::Moment;
use async_trait::async_trait;

#[async_trait]
impl Webhooks for MemoryStore {
    async fn endpoints(&self) -> Result<Vec<Endpoint>, Trouble> {
        Ok(self.lock().endpoints.values().cloned().collect())
    }

    async fn put(&self, endpoint: &Endpoint) -> Result<bool, Trouble> {
        let mut state = self.lock();
        let kept = state.endpoints.get(&endpoint.id).map_or(0, |known| known.version);
        if endpoint.version != kept + 1 {
            return Ok(false);
        }
        state.endpoints.insert(endpoint.id, endpoint.clone());
        Ok(true)
    }

    async fn remove(&self, id: u64) -> Result<bool, Trouble> {
        let mut state = self.lock();
        state.attempts.retain(|(_, attempt)| attempt.endpoint != id);
        Ok(state.endpoints.remove(&id).is_some())
    }

    async fn log(&self, attempts: &[Attempt]) -> Result<(), Trouble> {
        let mut state = self.lock();
        let last = state.attempts.last().map_or(0, |(number, _)| *number);
        state.attempts.extend((last + 1..).zip(attempts.iter().cloned()));
        Ok(())
    }

    async fn attempts(
        &self,
        endpoint: u64,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Attempt)>, Trouble> {
        let state = self.lock();
        let newest_first = state.attempts.iter().rev();
        let wanted = newest_first.filter(|(number, attempt)| {
            attempt.endpoint == endpoint && below.is_none_or(|below| *number < below)
        });
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn prune(&self, before: Moment) -> Result<(), Trouble> {
        self.lock().attempts.retain(|(_, attempt)| before <= attempt.at);
        Ok(())
    }
}
