//! A sale of a few seats and tickets on a slow store, and the instances that run it.

use crate::cells::Cell;
use crate::slow::Slow;
use admitone_app::board::Boards;
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::delivery::{
    Carried, ChannelLimits, Direct, Router, RouterSetup, SenderLimits, Travel, WorkerLimits,
};
use admitone_app::ids::Ids;
use admitone_app::memory::{MemoryCarrier, MemoryStore};
use admitone_app::payments::{Clerk, Errands, PaymentLimits, Payments, Whole};
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::hints::NoHints;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::strategy::{DeliveryKind, Operation};
use admitone_app::{BoxOffice, TroubleKind};
use admitone_conformance::sale::{self, NOW};
pub(crate) use admitone_conformance::sale::{SHOW, STANDING, command};
use admitone_domain::{Answer, Command};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) const SEATS: u32 = 6;
pub(crate) const TICKETS: u32 = 8;

/// Enough for everybody to come to his turn: what is tested is whether it is right.
const LIMITS: SettleLimits = SettleLimits {
    tries_max: 2_000,
    lock_wait_ms: 60_000,
    lock_scope: admitone_app::lock::LockScope::Seat,
    keeps_journeys: false,
    goes_back: true,
};

/// Lanes of what carries commands that travel: shows and wallets are in different ones.
const LANES: u16 = 8;

/// A sale that some instances run.
pub(crate) struct House {
    pub(crate) store: MemoryStore,
    pub(crate) instances: Vec<Arc<dyn Delivery>>,
    /// Ends whoever works for them.
    stop: CancellationToken,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl House {
    pub(crate) async fn open(cell: &Cell, seed: u64) -> Self {
        let store = MemoryStore::new(Arc::new(HandClock::at(NOW)));
        fill(&store).await;
        let slow = Slow::before(&store, seed);
        let carrier = MemoryCarrier::new(Some(LANES), Arc::new(SystemClock::default()));
        let stop = CancellationToken::new();
        let instance = |_| -> Arc<dyn Delivery> {
            let errands: Arc<Errands> = Arc::default();
            let setup = RouterSetup {
                store: Arc::new(slow.clone()),
                // Locks of its own: another instance does not see them.
                locks: Vec::new(),
                clock: Arc::new(SystemClock::default()),
                taps: vec![errands.clone()],
                limits: LIMITS,
                // Small, so that a writer has many batches to get wrong.
                channel: ChannelLimits { batch_max: 4, ..ChannelLimits::default() },
                travel: travel(cell, &store, &carrier, &stop),
                tasks: TaskTracker::new(),
            };
            let router = Arc::new(Router::start(&cell.map, setup).unwrap());
            if cell.map.parts(Operation::Pay) {
                whole(router, errands, &store, &stop)
            } else {
                router
            }
        };
        let instances = (0..cell.instances).map(instance).collect();
        Self { store, instances, stop }
    }
}

/// What carries the commands of a cell, if they travel: two workers in each instance, so that lanes are settled beside each other.
fn travel(
    cell: &Cell,
    store: &MemoryStore,
    carrier: &MemoryCarrier,
    stop: &CancellationToken,
) -> Option<Travel> {
    let strategies = cell.map.strategies().into_iter();
    let kafka = strategies.filter(|way| way.delivery == DeliveryKind::Kafka);
    let ways: Vec<Carried> = kafka
        .map(|strategy| Carried {
            strategy,
            carrier: Arc::new(carrier.clone()),
            worker: WorkerLimits {
                batch_max: 4,
                looks_again: cell.looks_again,
                ..WorkerLimits::default()
            },
            workers: 2,
            book: None,
        })
        .collect();
    let sender = SenderLimits { wait_ms: 60_000, deadline_ms: 600_000, ..SenderLimits::default() };
    (!ways.is_empty()).then(|| Travel {
        carried: ways,
        reads: Arc::new(store.clone()),
        hints: Arc::new(NoHints),
        sender,
        stop: stop.clone(),
    })
}

/// An instance that carries on what it took apart, and answers it whole.
fn whole(
    router: Arc<Router>,
    errands: Arc<Errands>,
    store: &MemoryStore,
    stop: &CancellationToken,
) -> Arc<dyn Delivery> {
    let reads: Arc<dyn Reads> = Arc::new(store.clone());
    let office = BoxOffice {
        delivery: router.clone(),
        boards: Arc::new(Boards::new(Arc::clone(&reads), 1)),
        reads,
        ids: Arc::new(Ids::new(Arc::new(store.clone()))),
        clock: Arc::new(SystemClock::default()),
    };
    let limits = PaymentLimits { answer_ms: 60_000, ..PaymentLimits::default() };
    let payments = Arc::new(Payments::new(office, None, limits, errands));
    let tasks = TaskTracker::new();
    tasks.spawn(Clerk::new(Arc::clone(&payments), tasks.clone()).run(stop.clone()));
    Arc::new(Whole { delivery: router, payments })
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
