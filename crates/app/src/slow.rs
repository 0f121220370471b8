//! A store whose transactions take longer: for the laboratory, which measures what a way to settle makes
//! of a slow database. A house that sells has none of this.

use crate::Trouble;
use crate::clock::SystemClock;
use crate::ports::clock::Clock;
use crate::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_domain::{Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::sync::Arc;

/// A store that waits before it commits, while the transaction keeps what it has locked.
pub struct SlowStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// How long it waits, in milliseconds.
    pub by_ms: u64,
}

#[async_trait]
impl Store for SlowStore {
    fn modes(&self) -> &'static [Mode] {
        self.store.modes()
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let transaction = self.store.begin(mode, fences).await?;
        Ok(Box::new(SlowTransaction { transaction, by_ms: self.by_ms }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.store.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.store.check().await
    }
}

struct SlowTransaction {
    transaction: Box<dyn Transaction>,
    by_ms: u64,
}

#[async_trait]
impl Transaction for SlowTransaction {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        self.transaction.load(wanted, rows).await
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.transaction.save(verdict).await
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        SystemClock::default().sleep_ms(self.by_ms).await;
        self.transaction.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    #[tokio::test]
    async fn a_transaction_takes_so_much_longer_and_one_that_is_dropped_does_not() {
        let clock = SystemClock::default();
        let slow = |by_ms| {
            let memory = MemoryStore::new(Arc::new(SystemClock::default()));
            SlowStore { store: Arc::new(memory), by_ms }
        };
        let begun = clock.now();
        drop(slow(60_000).begin(Mode::Optimistic, &Fences::default()).await.unwrap());
        assert!(clock.now().ms_since(begun) < 60_000);
        let store = slow(60);
        let begun = clock.now();
        let transaction = store.begin(Mode::Optimistic, &Fences::default()).await.unwrap();
        transaction.finish(&Arc::new(Verdict::default())).await.unwrap();
        assert!(clock.now().ms_since(begun) >= 60);
    }
}
