//! Those who met on a row take turns, and whoever comes behind them does.

use crate::gate::Gate;
use crate::steps::{answer, balance, settler, store};
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Direct;
use admitone_app::lock::Orderly;
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::lock::{Lock, NoLock};
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::slow::SlowStore;
use admitone_conformance::sale::charge;
use admitone_domain::id::BuyerId;
use futures_util::future::join_all;
use std::sync::Arc;

/// So many want the same wallet at once.
const CROWD: u64 = 30;

/// How often a transaction came to its commit until all of a crowd had charged one wallet.
async fn tries(mode: Mode, lock: Arc<dyn Lock>) -> usize {
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
    gate.tried().len()
}

#[tokio::test]
async fn who_met_once_meets_nobody_again_and_without_turns_again_and_again() {
    let once_each = usize::try_from(CROWD * 2).unwrap();
    for mode in [Mode::Optimistic, Mode::Conditional] {
        let orderly = Orderly::new(Arc::new(SystemClock::default()));
        let tried = tries(mode, Arc::new(orderly)).await;
        assert!(tried < once_each, "{mode}: {tried}");
        let tried = tries(mode, Arc::new(NoLock)).await;
        assert!(tried > once_each, "{mode}: {tried}, the harm");
    }
}
