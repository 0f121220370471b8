//! A sale of a few seats and tickets on a slow store, and the instances that run it.

use crate::cells::Cell;
use crate::slow::Slow;
use admitone_app::TroubleKind;
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::delivery::{ChannelLimits, Direct, Router, RouterSetup};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_conformance::sale::{self, NOW};
pub(crate) use admitone_conformance::sale::{SHOW, STANDING, command};
use admitone_domain::{Answer, Command};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

pub(crate) const SEATS: u32 = 6;
pub(crate) const TICKETS: u32 = 8;

/// Enough for everybody to come to his turn: what is tested is whether it is right.
const LIMITS: SettleLimits = SettleLimits {
    tries_max: 2_000,
    lock_wait_ms: 60_000,
    lock_scope: admitone_app::lock::LockScope::Seat,
    keeps_journeys: false,
};

/// A sale that some instances run.
pub(crate) struct House {
    pub(crate) store: MemoryStore,
    pub(crate) instances: Vec<Arc<dyn Delivery>>,
}

impl House {
    pub(crate) async fn open(cell: &Cell, seed: u64) -> Self {
        let store = MemoryStore::new(Arc::new(HandClock::at(NOW)));
        fill(&store).await;
        let slow = Slow::before(&store, seed);
        let instance = |_| -> Arc<dyn Delivery> {
            let setup = RouterSetup {
                store: Arc::new(slow.clone()),
                // Locks of its own: another instance does not see them.
                locks: Vec::new(),
                clock: Arc::new(SystemClock::default()),
                taps: Vec::new(),
                limits: LIMITS,
                // Small, so that a writer has many batches to get wrong.
                channel: ChannelLimits { batch_max: 4, ..ChannelLimits::default() },
                travel: None,
                tasks: TaskTracker::new(),
            };
            Arc::new(Router::start(&cell.map, setup).unwrap())
        };
        Self { store, instances: (0..cell.instances).map(instance).collect() }
    }
}

/// The answer to a command; all limits are so wide that there is one, but where the store
/// contradicts itself: that is harm, and none is the answer.
pub(crate) async fn submit(instance: &dyn Delivery, command: Command) -> Option<Answer> {
    match instance.submit(command).await {
        Ok(Reply::Answered { answer, .. }) => Some(answer.answer.clone()),
        Err(trouble) if trouble.kind == TroubleKind::Inconsistent => None,
        other => panic!("{other:?}"),
    }
}

async fn fill(store: &MemoryStore) {
    let settler = sale::settler(Arc::new(store.clone()), Mode::Optimistic);
    let direct = Direct::new(Arc::new(Settler { limits: LIMITS, ..settler }));
    for command in sale::programme(SEATS, TICKETS) {
        let saved = submit(&direct, command).await;
        assert!(saved.as_ref().is_some_and(Result::is_ok), "{saved:?}");
    }
}
