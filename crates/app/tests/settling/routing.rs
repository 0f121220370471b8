//! Each operation goes its own way, and what is not there is said.

use crate::steps::{answer, balance, charge, command, hold, sale, store};
use admitone_app::Trouble;
use admitone_app::clock::HandClock;
use admitone_app::delivery::{ChannelLimits, NotAvailable, Router, RouterSetup};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::lock::{Guard, Lock};
use admitone_app::ports::store::{Fence, Fences};
use admitone_app::settle::SettleLimits;
use admitone_app::strategy::{LockKind, Operation, StrategyMap};
use admitone_domain::command::Spend;
use admitone_domain::id::BuyerId;
use admitone_domain::{Action, Actor, Currency, Key, Moment, Money};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio_util::task::TaskTracker;

/// Says yes to everything and remembers how many keys it was asked for; its tokens are stale.
#[derive(Clone, Default)]
struct Stale(Arc<Mutex<Vec<usize>>>);

#[async_trait]
impl Lock for Stale {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        _patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        self.0.lock().unwrap().push(keys.len());
        Ok(Box::new(self.clone()))
    }
}

#[async_trait]
impl Guard for Stale {
    fn fences(&self) -> Fences {
        Fences(vec![Fence { name: "lock".into(), token: 0 }])
    }

    async fn release(self: Box<Self>) {}
}

fn router(
    store: &MemoryStore,
    map: &StrategyMap,
    locks: Vec<(LockKind, Arc<dyn Lock>)>,
) -> Result<Router, NotAvailable> {
    let setup = RouterSetup {
        store: Arc::new(store.clone()),
        locks,
        clock: Arc::new(HandClock::at(Moment(1_000))),
        taps: Vec::new(),
        limits: SettleLimits { tries_max: 2, ..SettleLimits::default() },
        channel: ChannelLimits::default(),
        travel: None,
        tasks: TaskTracker::new(),
    };
    Router::start(map, setup)
}

fn map(text: &str) -> StrategyMap {
    StrategyMap::all(text.parse().unwrap())
}

#[tokio::test]
async fn each_operation_goes_the_way_of_the_map() {
    let (store, _) = store();
    sale(&store, 4, 9).await;
    let map = map("single-writer")
        .with(Operation::Hold, "conditional".parse().unwrap())
        .with(Operation::Charge, "pubsub-lock".parse().unwrap());
    let lock = Stale::default();
    let mut unfenced = map.clone();
    unfenced.fencing = false;
    let locks =
        || -> Vec<(LockKind, Arc<dyn Lock>)> { vec![(LockKind::PubSub, Arc::new(lock.clone()))] };
    let router = router(&store, &unfenced, locks()).unwrap();
    assert!(answer(router.submit(charge(1)).await.unwrap()).is_ok());
    assert_eq!(*lock.0.lock().unwrap(), [1], "a charge takes the lock");
    assert!(answer(router.submit(hold(2, &[1], 0)).await.unwrap()).is_ok());
    let spend = Spend { amount: Money(1), currency: Currency::KRW };
    let spend = command(3, Actor::Buyer(BuyerId(1)), Action::Spend(spend));
    assert!(answer(router.submit(spend).await.unwrap()).is_ok());
    assert_eq!(*lock.0.lock().unwrap(), [1], "nothing else does");
    assert_eq!((balance(&store, 1).await, router.waiting()), (0, 0));
}

#[tokio::test]
async fn a_stale_token_stops_a_charge_and_without_fencing_it_does_not() {
    use admitone_app::ports::store::Store;
    for (fencing, charged) in [(true, 0), (false, 1)] {
        let (store, _) = store();
        store.draw_fence("lock").await.unwrap();
        let mut map = map("redlock");
        map.fencing = fencing;
        let locks: Vec<(LockKind, Arc<dyn Lock>)> =
            vec![(LockKind::Redlock, Arc::new(Stale::default()))];
        let router = router(&store, &map, locks).unwrap();
        assert_eq!(router.submit(charge(1)).await.is_ok(), !fencing);
        assert_eq!(balance(&store, 1).await, charged);
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_is() {
    let (store, _) = store();
    let said = |name: &str| match router(&store, &map(name), Vec::new()) {
        Ok(_) => panic!("{name} is there"),
        Err(missing) => missing.to_string(),
    };
    for name in ["job-queue", "kafka"] {
        let said = said(name);
        assert!(said.contains(name) && said.contains("`direct` and `channel` need none"), "{said}");
    }
    for name in ["redlock", "pubsub-lock", "double-lock"] {
        assert!(said(name).contains("Redis"), "{}", said(name));
    }
}
