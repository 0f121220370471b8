//! The outbox of the in-memory store: numbers are given at the commit, so there are no gaps.

use super::store::MemoryStore;
use crate::Trouble;
use crate::ports::outbox::{End, Gap, News, Outbox};
use async_trait::async_trait;

#[async_trait]
impl Outbox for MemoryStore {
    async fn end(&self) -> Result<End, Trouble> {
        let newest = u64::try_from(self.lock().events.len()).unwrap_or(u64::MAX);
        Ok(End { newest, gaps: Vec::new() })
    }

    async fn news(&self, after: u64, _gaps: &[Gap], limit: usize) -> Result<News, Trouble> {
        let state = self.lock();
        let events = (1..).zip(&state.events).filter(|(number, _)| *number > after).take(limit);
        let events = events.map(|(number, event)| (number, event.clone())).collect();
        Ok(News { events, mark: 0, settled: 0 })
    }
}
