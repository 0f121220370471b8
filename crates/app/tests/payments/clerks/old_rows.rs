//! A store of which somebody else wrote the payments before it was noted whom they ask: looked for by
//! who can ask wallets alone, those of a gateway are found too.

use admitone_app::Trouble;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::reads::{Asking, Reads, Turn};
use admitone_conformance::between::Between;
use admitone_domain::payment::Payment;
use async_trait::async_trait;

/// What it reads from.
pub(super) struct OldRows(pub(super) MemoryStore);

#[async_trait]
impl Between for OldRows {
    fn behind(&self) -> &dyn Reads {
        &self.0
    }

    async fn open_payments(
        &self,
        _asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        self.0.open_payments(Asking::Anybody, after, limit).await
    }
}
