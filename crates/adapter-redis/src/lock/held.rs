//! A lock that is held: a watchdog that makes its lease new, and the honest answer to whether it
//! is still held.

use super::claim::Claim;
use super::rivals;
use crate::monotonic;
use admitone_app::lock::LineTurn;
use admitone_app::ports::lock::Guard;
use admitone_app::ports::store::Fences;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    is_passed_on: bool,
    /// Whether all that was done under it has ended.
    is_settled: bool,
}

/// A place in the line of this instance, if there is one: given up by being dropped.
pub(super) type Place = Option<LineTurn<Passed>>;

/// A lock as somebody gets it.
pub(super) struct Won {
    pub(super) claim: Claim,
    pub(super) valid_until: Instant,
    /// The tokens of the one before, if all that he did under them has ended.
    pub(super) fences: Option<Fences>,
}

/// A lock that goes from hand to hand in the line of an instance: let go if nobody takes it.
pub(super) struct Passed(Option<Won>);

impl Passed {
    /// The lock, if it is still held.
    pub(super) fn open(mut self) -> Option<Won> {
        let won = self.0.take()?;
        if monotonic::now() < won.valid_until {
            return Some(won);
        }
        won.claim.release_later();
        None
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        if let Some(won) = self.0.take() {
            won.claim.release_later();
        }
    }
}

/// How a lock that is held is watched, and what becomes of it.
#[derive(Clone, Copy)]
pub(super) struct Watch {
    /// How often its lease is made new, if it is.
    pub(super) renewing: Option<Duration>,
    /// Whether the next in line has it from whoever has it now.
    pub(super) is_passed_on: bool,
}

/// Until when a lock is held; nothing once it is known to be lost.
struct Lease(Mutex<Option<Term>>);

struct Term {
    until: Instant,
    /// Those of this instance do not wait for somebody who has lost it.
    place: Place,
}

impl Lease {
    fn is_over(&self) -> bool {
        self.term().as_ref().is_none_or(|term| monotonic::now() >= term.until)
    }

    fn prolong(&self, until: Instant) {
        if let Some(term) = &mut *self.term() {
            term.until = until;
        }
    }

    /// The place and until when it is held, if the next in line can have it with at least so much left.
    fn pass_on(&self, least: Duration) -> Option<(LineTurn<Passed>, Instant)> {
        let mut term = self.term();
        let can_have = |turn: &LineTurn<Passed>| {
            !rivals::are_due_after(turn.before().saturating_add(1)) && turn.is_awaited()
        };
        let Term { until, place } = term.take_if(|term| {
            term.place.as_ref().is_some_and(can_have) && monotonic::now() + least < term.until
        })?;
        Some((place?, until))
    }

    fn end(&self) {
        // Whoever is next in line is woken when the mutex is free again.
        let ended = self.term().take();
        drop(ended);
    }

    fn term(&self) -> MutexGuard<'_, Option<Term>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    pub(super) fn new(
        (claim, place): (Claim, Place),
        until: Instant,
        watch: Watch,
        stop: &CancellationToken,
    ) -> Self {
        let lease = Arc::new(Lease(Mutex::new(Some(Term { until, place }))));
        // Not a child of `stop`: what is being settled while the house closes keeps its lock.
        let over = CancellationToken::new();
        let (watched, tracker) = ((Arc::clone(&lease), over.clone()), &claim.tracker);
        if let Some(every) = watch.renewing.filter(|_| !stop.is_cancelled()) {
            // Who was handed the lock may not have a whole lease any more.
            let first = every.min(until.saturating_duration_since(monotonic::now()) / 2);
            tracker.spawn(renew(claim.clone(), watched, (first, every)));
        } else {
            tracker.spawn(expire(watched, until));
        }
        Self {
            claim,
            fences: Fences::default(),
            lease,
            _watched: over.drop_guard(),
            is_released: false,
            is_passed_on: watch.is_passed_on,
            is_settled: false,
        }
    }

    pub(super) fn carry(&mut self, fences: Fences) {
        self.fences = fences;
    }
}

/// What is watched, and what ends the watch.
type Watched = (Arc<Lease>, CancellationToken);

/// Ends a lease that nobody makes new.
async fn expire((lease, over): Watched, until: Instant) {
    if tokio::time::timeout_at(until, over.cancelled()).await.is_err() {
        lease.end();
    }
}

/// Makes the lease new until the lock is let go or lost. Nodes that do not answer are asked again
/// as long as the lease lasts.
async fn renew(claim: Claim, (lease, over): Watched, (first, every): (Duration, Duration)) {
    let mut pause = first;
    while tokio::time::timeout(pause, over.cancelled()).await.is_err() {
        pause = every;
        match claim.renew().await {
            Ok(Some(until)) if !over.is_cancelled() => lease.prolong(until),
            Err(trouble) if !lease.is_over() => tracing::debug!(%trouble, "lease not renewed yet"),
            Ok(Some(_)) => return,
            Ok(None) | Err(_) => {
                if !over.is_cancelled() {
                    lease.end();
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

    fn settled(&mut self) {
        self.is_settled = true;
    }

    async fn release(mut self: Box<Self>) {
        self.is_released = true;
        let Self { claim, fences, lease, is_passed_on, is_settled, .. } = &*self;
        // Half of a lease is left at least: the next one makes it new when it has had it for a while.
        let least = Duration::from_millis(claim.lease_ms / 2);
        if let Some((turn, valid_until)) = is_passed_on.then(|| lease.pass_on(least)).flatten() {
            let fences = is_settled.then(|| fences.clone());
            turn.leaves(Passed(Some(Won { claim: claim.clone(), valid_until, fences })));
            return;
        }
        claim.release().await;
        self.lease.end();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_released {
            self.claim.release_later();
            self.lease.end();
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
