//! Those who met on a row take turns, and whoever comes behind them does; where rows are locked, whoever comes while one is.

use crate::gate::Gate;
use crate::steps::{answer, balance, settler, store};
use admitone_app::Trouble;
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Direct;
use admitone_app::lock::Orderly;
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::lock::{Guard, Lock, NoLock, Turn};
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::slow::SlowStore;
use admitone_conformance::sale::charge;
use admitone_domain::Key;
use admitone_domain::id::BuyerId;
use async_trait::async_trait;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// So many want the same wallet at once.
const CROWD: u64 = 30;

/// A gate through which all of a crowd charged one wallet.
async fn crowded(mode: Mode, lock: Arc<dyn Lock>) -> Gate {
    let (store, _) = store();
    let (gate, _opener) = Gate::before(&store, |_| None);
    let slow = SlowStore { store: Arc::new(gate.clone()), by_ms: 1 };
    let limits = SettleLimits { tries_max: 1_000, lock_wait_ms: 60_000, ..SettleLimits::default() };
    let clock = Arc::new(SystemClock::default());
    let settler = Settler { mode, lock, limits, clock, ..settler(slow, Vec::new()) };
    let direct = Direct::new(Arc::new(settler));
    let charges = (1..=CROWD).map(|number| direct.submit(charge(number, BuyerId(1), 1)));
    for reply in join_all(charges).await {
        assert!(answer(reply.unwrap()).is_ok());
    }
    assert_eq!(balance(&store, 1).await, i64::try_from(CROWD).unwrap());
    gate
}

#[tokio::test]
async fn of_those_who_want_a_row_that_is_locked_one_waits_at_the_store_and_without_turns_all() {
    let orderly = Orderly::new(Arc::new(SystemClock::default()));
    assert_eq!(crowded(Mode::Pessimistic, Arc::new(orderly)).await.most_open(), 1);
    let all = usize::try_from(CROWD).unwrap();
    let open = crowded(Mode::Pessimistic, Arc::new(NoLock)).await.most_open();
    assert_eq!(open, all, "each has a connection to wait with: the harm");
}

#[tokio::test]
async fn who_met_once_meets_nobody_again_and_without_turns_again_and_again() {
    let once_each = usize::try_from(CROWD * 2).unwrap();
    for mode in [Mode::Optimistic, Mode::Conditional] {
        let orderly = Orderly::new(Arc::new(SystemClock::default()));
        let tried = crowded(mode, Arc::new(orderly)).await.tried().len();
        assert!(tried < once_each, "{mode}: {tried}");
        let tried = crowded(mode, Arc::new(NoLock)).await.tried().len();
        assert!(tried > once_each, "{mode}: {tried}, the harm");
    }
}

/// Turns that never come where they are waited for: at once, or only by whoever met somebody.
struct Never {
    at_once: bool,
    waited: AtomicUsize,
}

#[async_trait]
impl Lock for Never {
    fn wants_keys(&self) -> bool {
        false
    }

    fn has_turns(&self) -> bool {
        true
    }

    async fn turn(&self, _keys: &BTreeSet<Key>, has_met: bool, _patience_ms: u64) -> Turn {
        if !has_met && !self.at_once {
            return Turn::Unneeded;
        }
        self.waited.fetch_add(1, Ordering::Relaxed);
        Turn::Missed
    }

    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        NoLock.acquire(keys, patience_ms).await
    }
}

#[tokio::test]
async fn who_missed_a_turn_does_not_wait_for_another() {
    for at_once in [true, false] {
        let (store, _) = store();
        let is_first = AtomicBool::new(true);
        let meets =
            move |_: &_| is_first.swap(false, Ordering::Relaxed).then_some(TroubleKind::Conflict);
        let (gate, _opener) = Gate::before(&store, meets);
        let lock = Arc::new(Never { at_once, waited: AtomicUsize::new(0) });
        let settler = Settler { lock: lock.clone(), ..settler(gate.clone(), Vec::new()) };
        let reply = settler.settle(vec![charge(1, BuyerId(1), 1)]).await.remove(0);
        assert!(answer(reply.unwrap()).is_ok());
        assert_eq!(gate.tried().len(), 2, "the first one met somebody");
        assert_eq!(lock.waited.load(Ordering::Relaxed), 1, "at once: {at_once}");
    }
}
