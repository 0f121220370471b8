//! What a lock promises. An adapter's `tests/lock.rs` is a [`LockFixture`] and [`main`]; a promise
//! is a line under `# Behavior` of the port and a case of that name here.

mod lost;
mod sharing;

use crate::{CaseFuture, service};
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::lock::{Guard, Lock};
use admitone_app::ports::store::Store;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::SeatId;
use admitone_domain::{Key, Moment};
use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use lost::{a_lost_lock_is_found_out_by_its_fence, without_the_fence_a_lost_lock_does_harm};
use sharing::{
    a_dropped_guard_ends_by_itself, a_live_holder_keeps_it, a_released_key_is_free,
    all_keys_are_taken_or_none, different_keys_are_held_at_once,
    overlapping_wishes_do_not_deadlock, patience_ends_as_busy, two_never_hold_one_key,
    who_stops_waiting_leaves_no_trace,
};
use std::any::Any;
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

/// A lock for one case: nobody has any of its keys.
pub struct FreshLock {
    /// Two ways to it: from two processes where it reaches beyond one, else twice the same.
    pub ways: [Arc<dyn Lock>; 2],
    /// Whatever must live as long as the lock.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How to come by a lock.
#[async_trait]
pub trait LockFixture: Send + Sync + 'static {
    /// A new lock; it draws its tokens from this store, if it has any.
    async fn fresh(&self, store: Arc<dyn Store>) -> FreshLock;

    /// After so long at most a holder that died is nobody's obstacle any more; tests are quick
    /// when it is short.
    fn lease_ms(&self) -> u64;

    /// Takes the keys away from whoever has them, as a lease that ran out in a long pause does:
    /// the holder does not notice.
    async fn lose(&self, fresh: &FreshLock, keys: &BTreeSet<Key>);

    /// Whether that can happen to it at all; in one process it cannot.
    fn can_be_lost(&self) -> bool;

    /// Why there is no lock to be had, if there is none: its service does not run.
    fn absent(&self) -> Option<String> {
        None
    }
}

/// A lock, and the store that its tokens come from.
pub(crate) struct Stage {
    pub(crate) fixture: Arc<dyn LockFixture>,
    pub(crate) lock: FreshLock,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<dyn Clock>,
}

struct Case {
    name: &'static str,
    promised: Promised,
    run: fn(Stage) -> CaseFuture,
}

/// Which locks promise a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Promised {
    /// Every one.
    Always,
    /// One that can be lost.
    WhereLosable,
}

macro_rules! lock_cases {
    ($($name:ident: $promised:ident),* $(,)?) => {
        &[$(Case {
            name: stringify!($name),
            promised: Promised::$promised,
            run: |stage| -> CaseFuture { Box::pin($name(stage)) },
        }),*]
    };
}

const ALL: &[Case] = lock_cases![
    two_never_hold_one_key: Always,
    different_keys_are_held_at_once: Always,
    all_keys_are_taken_or_none: Always,
    overlapping_wishes_do_not_deadlock: Always,
    patience_ends_as_busy: Always,
    a_released_key_is_free: Always,
    a_dropped_guard_ends_by_itself: Always,
    who_stops_waiting_leaves_no_trace: Always,
    a_live_holder_keeps_it: Always,
    a_lost_lock_is_found_out_by_its_fence: WhereLosable,
    without_the_fence_a_lost_lock_does_harm: WhereLosable,
];

/// Runs all cases on a fixture's locks. Without its service they are listed as ignored, or fail
/// where it is required.
pub fn main(fixture: impl LockFixture) -> ExitCode {
    let arguments = Arguments::from_args();
    libtest_mimic::run(&arguments, trials("", fixture)).exit_code()
}

/// The cases of one lock among several: each name begins with the lock's.
pub fn trials(of: &str, fixture: impl LockFixture) -> Vec<Trial> {
    let absent = fixture.absent();
    let is_required = service::is_required();
    if let Some(why) = absent.as_ref().filter(|_| !is_required) {
        service::say(format_args!("NOT RUN: every promise of the lock {of}: {why}"));
    }
    let can_be_lost = fixture.can_be_lost();
    let fixture: Arc<dyn LockFixture> = Arc::new(fixture);
    let promised = ALL.iter().filter(|case| can_be_lost || case.promised == Promised::Always);
    let trial_of = |case: &'static Case| {
        let name = format!("{of}{}{}", if of.is_empty() { "" } else { "::" }, case.name);
        match absent.clone() {
            None => trial(name, Arc::clone(&fixture), case),
            Some(why) => {
                Trial::test(name, || Err(Failed::from(why))).with_ignored_flag(!is_required)
            }
        }
    };
    promised.map(trial_of).collect()
}

fn trial(name: String, fixture: Arc<dyn LockFixture>, case: &'static Case) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime
            .map_err(|error| Failed::from(error.to_string()))?
            .block_on(async { (case.run)(Stage::new(fixture).await).await });
        Ok(())
    })
}

impl Stage {
    async fn new(fixture: Arc<dyn LockFixture>) -> Self {
        let store = MemoryStore::new(Arc::new(HandClock::at(Moment(1_000))));
        let lock = fixture.fresh(Arc::new(store.clone())).await;
        Self { fixture, lock, store, clock: Arc::new(SystemClock::default()) }
    }

    /// One of the two ways to the lock.
    pub(crate) fn way(&self, number: usize) -> Arc<dyn Lock> {
        Arc::clone(&self.lock.ways[number % 2])
    }

    /// Long enough for every holder to have died and every queue to have moved.
    pub(crate) fn patience_ms(&self) -> u64 {
        10_000 + 10 * self.fixture.lease_ms()
    }

    /// Takes seats, with all patience.
    pub(crate) async fn take(&self, way: usize, ids: &[u64]) -> Box<dyn Guard> {
        let taken = self.way(way).acquire(&seats(ids), self.patience_ms()).await;
        taken.unwrap_or_else(|trouble| panic!("{ids:?} {trouble}"))
    }

    /// Whether seats are busy for somebody with this much patience.
    pub(crate) async fn is_busy(&self, way: usize, ids: &[u64], patience_ms: u64) -> bool {
        is_busy(&self.way(way).acquire(&seats(ids), patience_ms).await)
    }
}

fn is_busy(taken: &Result<Box<dyn Guard>, Trouble>) -> bool {
    taken.as_ref().is_err_and(|trouble| {
        assert_eq!(trouble.kind, TroubleKind::Busy, "{trouble}");
        true
    })
}

pub(crate) fn seats(ids: &[u64]) -> BTreeSet<Key> {
    ids.iter().copied().map(SeatId).map(Key::Seat).collect()
}
