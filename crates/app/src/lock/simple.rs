//! Simple: looks once, then again after pauses, until its patience ends.
//!
//! A free key is noticed a pause late, a millisecond at least: the price of the simplest lock there is. The pauses are
//! long for who has just come and short for who has waited ([`super::looks`]).

use super::looks::Looks;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock};
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Looks after pauses until the keys are free.
pub struct SimpleLock(Looks);

impl SimpleLock {
    /// Nobody has anything.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Looks::new(clock, 0))
    }
}

#[async_trait]
impl Lock for SimpleLock {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        self.0.acquire(keys, patience_ms).await
    }
}
