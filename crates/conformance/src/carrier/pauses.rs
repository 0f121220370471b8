//! A queue that is paused while consumers come and go: nobody takes from it, whoever joins and wherever its
//! lanes move. Without the book a worker that joins takes from it all the same.

use super::workers::until;
use super::{Case, FreshCarrier, carrier_cases};
use crate::sale::{self, NOW, balance, charge, programme};
use admitone_app::TroubleKind;
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::delivery::{
    Carried, ChannelLimits, Router, RouterSetup, SenderLimits, Travel, WorkerLimits,
};
use admitone_app::memory::{MemoryQueueBook, MemoryStore};
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::hints::NoHints;
use admitone_app::ports::queue_book::QueueBook;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Mode;
use admitone_app::settle::SettleLimits;
use admitone_app::strategy::{Strategy, StrategyMap};
use admitone_domain::CommandId;
use admitone_domain::id::BuyerId;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) const ALL: &[Case] = carrier_cases![
    a_paused_queue_stays_paused_though_consumers_come_and_go: Always,
    whoever_does_not_know_the_book_takes_from_a_paused_queue: Always,
];

const ANN: BuyerId = BuyerId(1);
/// The book is looked into so often, and once more.
const LOOKED: Duration = Duration::from_millis(2_200);

/// A queue with its book, and what is settled of it.
struct Hall {
    fresh: FreshCarrier,
    store: MemoryStore,
    book: Arc<MemoryQueueBook>,
    way: Strategy,
}

/// An instance: its workers leave with it.
struct Instance {
    router: Router,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Instance {
    async fn close(self) {
        self.stop.cancel();
        drop(self.router);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Hall {
    /// A queue out of which a first job was settled.
    async fn open(fresh: FreshCarrier) -> (Self, Instance) {
        let store = MemoryStore::new(Arc::new(HandClock::at(NOW)));
        let settler = sale::settler(Arc::new(store.clone()), Mode::Optimistic);
        for reply in settler.settle(programme(3, 2).collect()).await {
            sale::answer(reply).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        // The names are those of any strategy that travels so.
        let name = if fresh.carrier.abilities().lanes.is_some() { "kafka" } else { "job-queue" };
        let way = name.parse().unwrap_or_else(|_| panic!("{name} is no strategy"));
        let hall = Self { fresh, store, book: Arc::default(), way };
        let first = hall.instance(2, true);
        hall.send(&first, 1).await;
        hall.is_answered(1).await;
        (hall, first)
    }

    /// With so many workers, that obey the book or know none.
    fn instance(&self, workers: usize, is_booked: bool) -> Instance {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let book = is_booked.then(|| self.book.clone() as Arc<dyn QueueBook>);
        let (strategy, carrier) = (self.way, Arc::clone(&self.fresh.carrier));
        let worker = WorkerLimits { pause_ms: 10, pause_max_ms: 100, ..WorkerLimits::default() };
        let travel = Travel {
            carried: vec![Carried { strategy, carrier, worker, workers, book }],
            reads: Arc::new(self.store.clone()),
            hints: Arc::new(NoHints),
            sender: SenderLimits::default(),
            stop: stop.clone(),
        };
        let setup = RouterSetup {
            store: Arc::new(self.store.clone()),
            locks: Vec::new(),
            clock: Arc::new(SystemClock::default()),
            taps: Vec::new(),
            limits: SettleLimits::default(),
            channel: ChannelLimits::default(),
            travel: Some(travel),
            tasks: tasks.clone(),
        };
        let router = Router::start(&StrategyMap::all(self.way), setup);
        Instance { router: router.unwrap_or_else(|error| panic!("{error}")), stop, tasks }
    }

    async fn send(&self, by: &Instance, number: u64) {
        // A queue that nobody leads yet is busy: whoever met that asks again.
        until("a queue that takes it", || async {
            match by.router.hand_over(charge(number, ANN, 1)).await {
                Err(trouble) if trouble.kind == TroubleKind::Busy => None,
                handed => Some(handed.unwrap_or_else(|trouble| panic!("{trouble}"))),
            }
        })
        .await;
    }

    async fn is_answered(&self, number: u64) {
        let name = CommandId(u128::from(number));
        let answer = || async { self.store.answer(name).await.ok().flatten() };
        until("an answer", answer).await;
    }

    async fn pause(&self, is_paused: bool) {
        let paused = self.book.pause(&self.way.to_string(), is_paused).await;
        paused.unwrap_or_else(|trouble| panic!("{trouble}"));
    }

    async fn everybody_has_left(&self) {
        let (queues, _) = &self.fresh.queues;
        until("nobody who consumes", || async {
            let report = queues.list().await.ok()?;
            report.iter().all(|queue| queue.consumers == 0).then_some(())
        })
        .await;
    }

    /// Whether nothing is settled by whoever has looked into the book by now.
    async fn is_still(&self, settled: i64) -> bool {
        let never = std::future::pending::<()>();
        let _ = tokio::time::timeout(LOOKED, never).await;
        balance(&self.store, ANN).await == settled
    }
}

async fn a_paused_queue_stays_paused_though_consumers_come_and_go(fresh: FreshCarrier) {
    let (hall, first) = Hall::open(fresh).await;
    // Lanes are on their way to the second when it is paused.
    let second = hall.instance(2, true);
    hall.pause(true).await;
    // By then everybody has looked.
    assert!(hall.is_still(1).await);
    hall.everybody_has_left().await;
    hall.send(&first, 2).await;
    first.close().await;
    assert!(hall.is_still(1).await, "taken when the first had left");
    let third = hall.instance(2, true);
    assert!(hall.is_still(1).await, "taken when a third had joined");
    second.close().await;
    assert!(hall.is_still(1).await, "taken when the second had left");
    hall.pause(false).await;
    hall.is_answered(2).await;
    third.close().await;
}

async fn whoever_does_not_know_the_book_takes_from_a_paused_queue(fresh: FreshCarrier) {
    let (hall, first) = Hall::open(fresh).await;
    hall.pause(true).await;
    hall.everybody_has_left().await;
    hall.send(&first, 2).await;
    let other = hall.instance(1, false);
    hall.is_answered(2).await;
    other.close().await;
    first.close().await;
}
