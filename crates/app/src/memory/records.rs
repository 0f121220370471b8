//! What the in-memory store keeps of people: it looks at every event.

use super::store::MemoryStore;
use crate::Trouble;
use crate::ports::records::{Changes, Mark, Records, Sought};
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Loaded, Row};
use async_trait::async_trait;

#[async_trait]
impl Records for MemoryStore {
    /// Each event is a batch of its own here.
    async fn search(
        &self,
        sought: Sought<'_>,
        before: Option<Mark>,
        limit: usize,
    ) -> Result<Changes, Trouble> {
        let state = self.lock();
        let marked = (1..).zip(&state.events).map(|(batch, event)| (Mark { batch, nth: 0 }, event));
        let wanted = marked
            .filter(|(mark, event)| before.is_none_or(|before| *mark < before) && sought.is(event));
        let mut found: Vec<(Mark, Event)> =
            wanted.map(|(mark, event)| (mark, event.clone())).collect();
        found.reverse();
        let next = (found.len() > limit).then(|| found[limit - 1].0);
        found.truncate(limit);
        Ok(Changes { found, next })
    }

    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble> {
        let closed = |loaded: &Loaded| match &*loaded.row {
            Row::Buyer(buyer) if buyer.disabled => Some(buyer.id),
            _ => None,
        };
        Ok(self.lock().rows.values().filter_map(closed).collect())
    }
}
