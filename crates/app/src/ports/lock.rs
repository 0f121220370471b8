//! Exclusion outside the transaction: taken before it begins, let go after it commits.

use crate::Trouble;
use crate::ports::store::Fences;
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;

/// Keeps others away from keys. All keys of a batch are taken in one call, sorted and once each:
/// there is no order to get wrong.
#[async_trait]
pub trait Lock: Send + Sync {
    /// Whether it looks at the keys at all; if not, nobody has to name them.
    fn wants_keys(&self) -> bool {
        true
    }

    /// Waits until nobody else has any of the keys, at most `patience_ms`.
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble>;
}

/// A lock that is held; dropped without `release` it must still end by itself.
#[async_trait]
pub trait Guard: Send {
    /// The tokens with which the store recognises a holder that lost the lock.
    fn fences(&self) -> Fences;

    /// Lets go.
    async fn release(self: Box<Self>);
}

/// No exclusion: for strategies whose delivery or transaction protects by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLock;

#[async_trait]
impl Lock for NoLock {
    fn wants_keys(&self) -> bool {
        false
    }

    async fn acquire(
        &self,
        _keys: &BTreeSet<Key>,
        _patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Guard for NoLock {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {}
}
