//! What the in-memory store keeps of people: it looks at every event.

use super::store::MemoryStore;
use crate::Trouble;
use crate::ports::records::{Changes, Mark, Records, Sought};
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Key, Loaded, Row};
use async_trait::async_trait;

#[async_trait]
impl Records for MemoryStore {
    async fn changes(&self, before: Option<Mark>, limit: usize) -> Result<Changes, Trouble> {
        Ok(self.search(Sought::OfStaff, before, limit))
    }

    async fn history(
        &self,
        of: &[Key],
        before: Option<Mark>,
        limit: usize,
    ) -> Result<Changes, Trouble> {
        Ok(self.search(Sought::About(of), before, limit))
    }

    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble> {
        let closed = |loaded: &Loaded| match &*loaded.row {
            Row::Buyer(buyer) if buyer.disabled => Some(buyer.id),
            _ => None,
        };
        Ok(self.lock().rows.values().filter_map(closed).collect())
    }
}

impl MemoryStore {
    /// Events before a mark, the newest first. Each is a batch of its own here.
    fn search(&self, sought: Sought<'_>, before: Option<Mark>, limit: usize) -> Changes {
        let state = self.lock();
        let marked = (1..).zip(&state.events).map(|(batch, event)| (Mark { batch, nth: 0 }, event));
        let wanted = marked
            .filter(|(mark, event)| before.is_none_or(|before| *mark < before) && sought.is(event));
        let mut found: Vec<(Mark, Event)> =
            wanted.map(|(mark, event)| (mark, event.clone())).collect();
        found.reverse();
        let next = (found.len() > limit).then(|| found[limit - 1].0);
        found.truncate(limit);
        Changes { found, next }
    }
}
