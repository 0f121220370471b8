//! A lock that is held: a watchdog that makes its lease new, and the honest answer to whether it
//! is still held.

use super::claim::Claim;
use crate::monotonic;
use admitone_app::ports::lock::Guard;
use admitone_app::ports::store::Fences;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A lock that is held. Dropped without release, its lease is no longer made new and it is let go
/// as soon as somebody can.
pub(super) struct Held {
    claim: Claim,
    fences: Fences,
    lease: Arc<Lease>,
    /// Ends the watchdog when this is gone.
    _watched: DropGuard,
    is_released: bool,
}

/// Until when a lock is held; `None` once it is known to be lost.
struct Lease(Mutex<Option<Instant>>);

impl Lease {
    fn is_over(&self) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_none_or(|until| monotonic::now() >= until)
    }

    fn set(&self, until: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl Held {
    pub(super) fn new(
        claim: Claim,
        valid_until: Instant,
        renewing: Option<Duration>,
        stop: &CancellationToken,
    ) -> Self {
        let lease = Arc::new(Lease(Mutex::new(Some(valid_until))));
        // Not a child of `stop`: what is being settled while the house closes keeps its lock.
        let over = CancellationToken::new();
        if let Some(every) = renewing.filter(|_| !stop.is_cancelled()) {
            let watch = watch(claim.clone(), Arc::clone(&lease), every, over.clone());
            claim.tracker.spawn(watch);
        }
        Self {
            claim,
            fences: Fences::default(),
            lease,
            _watched: over.drop_guard(),
            is_released: false,
        }
    }

    pub(super) fn carry(&mut self, fences: Fences) {
        self.fences = fences;
    }
}

/// Makes the lease new until the lock is let go or lost. Nodes that do not answer are asked again
/// as long as the lease lasts.
async fn watch(claim: Claim, lease: Arc<Lease>, every: Duration, over: CancellationToken) {
    while tokio::time::timeout(every, over.cancelled()).await.is_err() {
        match claim.renew().await {
            Ok(Some(until)) if !over.is_cancelled() => lease.set(Some(until)),
            Err(trouble) if !lease.is_over() => tracing::debug!(%trouble, "lease not renewed yet"),
            Ok(Some(_)) => return,
            Ok(None) | Err(_) => {
                if !over.is_cancelled() {
                    lease.set(None);
                    tracing::warn!(names = ?claim.names, "a lock was lost while it was held");
                }
                return;
            }
        }
    }
}

#[async_trait]
impl Guard for Held {
    fn fences(&self) -> Fences {
        self.fences.clone()
    }

    fn is_lost(&self) -> bool {
        self.lease.is_over()
    }

    async fn release(mut self: Box<Self>) {
        self.is_released = true;
        let Self { claim, .. } = &*self;
        claim.release().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_released {
            self.claim.release_later();
        }
    }
}

/// The lock of no keys.
pub(super) struct Nothing;

#[async_trait]
impl Guard for Nothing {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {}
}
