//! Spin: looks again and again at once, when it may be its turn; before that after pauses ([`super::looks`]).
//!
//! It never blocks a thread: between two looks others run, and after some it sleeps for a millisecond. There is no
//! line, so under a crowd somebody may be unlucky.

use super::looks::Looks;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock};
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many looks with nothing but others' work between them. With eight times as many whoever looked kept whoever had
/// it from the processor.
const EAGER_LOOKS: u32 = 8;

/// Looks until the keys are free.
pub struct SpinLock(Looks);

impl SpinLock {
    /// Nobody has anything.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Looks::new(clock, EAGER_LOOKS))
    }
}

#[async_trait]
impl Lock for SpinLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        self.0.acquire(keys, patience_ms).await
    }
}
