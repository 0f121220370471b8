//! A store that is slow between load and save: whatever can go wrong there does.

use admitone_app::Trouble;
use admitone_app::clock::SystemClock;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_domain::{Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Longest nap.
const NAP_MAX_MS: u64 = 4;

/// The store in front.
#[derive(Clone)]
pub(crate) struct Slow {
    store: MemoryStore,
    /// Grows with every nap; the naps of a seed are others than those of the next.
    dice: Arc<AtomicU64>,
}

impl Slow {
    pub(crate) fn before(store: &MemoryStore, seed: u64) -> Self {
        Self { store: store.clone(), dice: Arc::new(AtomicU64::new(seed << 32)) }
    }
}

/// The next number of a chain, well mixed.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (number ^ (number >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 16
}

#[async_trait]
impl Store for Slow {
    fn modes(&self) -> &'static [Mode] {
        self.store.modes()
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let inner = self.store.begin(mode, fences).await?;
        let nap_ms = mixed(self.dice.fetch_add(1, Ordering::Relaxed)) % (NAP_MAX_MS + 1);
        Ok(Box::new(Napping { inner, nap_ms }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.store.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }
}

struct Napping {
    inner: Box<dyn Transaction>,
    nap_ms: u64,
}

#[async_trait]
impl Transaction for Napping {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        self.inner.load(wanted, rows).await
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        SystemClock::default().sleep_ms(self.nap_ms).await;
        self.inner.save(verdict).await
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        self.inner.commit().await
    }
}
