//! Commands that travel: senders, workers, and a carrier in memory between them.

use crate::gate::Gate;
use crate::steps::{answer, balance, charge, hold, sale, store};
use admitone_app::clock::SystemClock;
use admitone_app::delivery::{
    BookedQueues, Carried, ChannelLimits, Job, Lanes, Router, RouterSetup, SenderLimits, Travel,
    WorkerLimits,
};
use admitone_app::memory::{MemoryCarrier, MemoryQueueBook, MemoryStore};
use admitone_app::ports::carrier::{Carrier, Lane, Outgoing, Urgency};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::hints::NoHints;
use admitone_app::ports::queue_book::{QueueBook, Tally};
use admitone_app::ports::queues::{JobState, Queues};
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Store;
use admitone_app::settle::{SettleLimits, sweep};
use admitone_app::strategy::{Strategy, StrategyMap};
use admitone_conformance::sale as steps;
use admitone_domain::command::operate::{CloseAccount, Operate, SaveRoom, SaveShow};
use admitone_domain::command::{Pay, Refund, Release};
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, RoomId, ShowId};
use admitone_domain::show::Show;
use admitone_domain::{Action, Actor, Command, Fingerprint, Moment, Refusal};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An instance on a store: a router whose strategy travels.
struct Instance {
    router: Arc<Router>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct Setting {
    store: MemoryStore,
    carrier: MemoryCarrier,
    way: Strategy,
}

impl Setting {
    async fn with_lanes(way: &str, lanes: Option<u16>) -> Self {
        let (store, _) = store();
        sale(&store, 3, 2).await;
        let carrier = MemoryCarrier::new(lanes, Arc::new(SystemClock::default()));
        Self { store, carrier, way: way.parse().unwrap() }
    }

    /// With so many workers on a store that may misbehave.
    fn instance(&self, workers: usize, settles: impl Store + 'static, wait_ms: u64) -> Instance {
        self.fenced(workers, settles, wait_ms, true)
    }

    fn fenced(
        &self,
        workers: usize,
        settles: impl Store + 'static,
        wait_ms: u64,
        fencing: bool,
    ) -> Instance {
        self.booked(workers, settles, wait_ms, (fencing, None))
    }

    fn booked(
        &self,
        workers: usize,
        settles: impl Store + 'static,
        wait_ms: u64,
        (fencing, book): (bool, Option<Arc<dyn QueueBook>>),
    ) -> Instance {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let worker = WorkerLimits { pause_ms: 1, pause_max_ms: 10, ..WorkerLimits::default() };
        let carrier: Arc<dyn Carrier> = Arc::new(self.carrier.clone());
        let travel = Travel {
            carried: vec![Carried { strategy: self.way, carrier, worker, workers, book }],
            reads: Arc::new(self.store.clone()),
            hints: Arc::new(NoHints),
            sender: SenderLimits { wait_ms, ..SenderLimits::default() },
            stop: stop.clone(),
        };
        let setup = RouterSetup {
            store: Arc::new(settles),
            locks: Vec::new(),
            clock: Arc::new(SystemClock::default()),
            taps: Vec::new(),
            limits: SettleLimits::default(),
            channel: ChannelLimits::default(),
            travel: Some(travel),
            tasks: tasks.clone(),
        };
        let mut map = StrategyMap::all(self.way);
        map.fencing = fencing;
        Instance { router: Arc::new(Router::start(&map, setup).unwrap()), stop, tasks }
    }
}

impl Instance {
    async fn submit(&self, command: Command) -> Reply {
        self.router.submit(command).await.unwrap()
    }

    async fn close(self) {
        self.stop.cancel();
        drop(self.router);
        self.tasks.close();
        self.tasks.wait().await;
    }
}

const LONG_MS: u64 = 60_000;

#[tokio::test]
async fn a_command_travels_and_its_answer_comes_back() {
    for lanes in [None, Some(4)] {
        let setting = Setting::with_lanes("job-queue", lanes).await;
        let one = setting.instance(2, setting.store.clone(), LONG_MS);
        assert!(answer(one.submit(charge(1)).await).is_ok());
        let refused = answer(one.submit(hold(2, &[77], 0)).await);
        assert!(matches!(refused, Err(Refusal::UnknownSeat(_))), "{refused:?}");
        let again = one.submit(charge(1)).await;
        assert!(matches!(again, Reply::Answered { replayed: true, .. }), "{again:?}");
        let other = Command { fingerprint: Fingerprint(99), ..charge(1) };
        assert_eq!(one.submit(other).await, Reply::KeyReused);
        assert_eq!((balance(&setting.store, 1).await, setting.carrier.open()), (1, 0));
        one.close().await;
    }
}

#[tokio::test]
async fn whoever_settles_it_the_answer_is_found_where_it_is_waited_for() {
    let setting = Setting::with_lanes("job-queue", None).await;
    let asks = setting.instance(0, setting.store.clone(), LONG_MS);
    let works = setting.instance(1, setting.store.clone(), LONG_MS);
    assert!(answer(asks.submit(charge(1)).await).is_ok());
    // Refusals that invite to ask again are found too, though not under the command's own name.
    assert!(answer(asks.submit(hold(2, &[], 2)).await).is_ok());
    let held = answer(asks.submit(hold(3, &[], 1)).await);
    assert!(matches!(held, Err(Refusal::AllHeld { .. })), "{held:?}");
    let swept = answer(asks.submit(sweep(ReservationId(2))).await);
    assert_eq!(swept, Err(Refusal::InvalidState), "it is not over");
    asks.close().await;
    works.close().await;
}

#[tokio::test]
async fn who_waited_long_enough_has_a_receipt_and_the_answer_comes_later() {
    let setting = Setting::with_lanes("job-queue", None).await;
    let asks = setting.instance(0, setting.store.clone(), 1);
    let Reply::Accepted(receipt) = asks.submit(charge(1)).await else { panic!("who settled it?") };
    assert_eq!(receipt.id, charge(1).id);
    let handed = asks.router.hand_over(charge(2)).await.unwrap();
    assert!(matches!(handed, Reply::Accepted(_)), "{handed:?}");
    assert_eq!((setting.carrier.open(), balance(&setting.store, 1).await), (2, 0));
    let works = setting.instance(1, setting.store.clone(), LONG_MS);
    while setting.carrier.open() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((balance(&setting.store, 1).await, balance(&setting.store, 2).await), (1, 1));
    let again = asks.router.hand_over(charge(2)).await.unwrap();
    assert!(matches!(again, Reply::Answered { replayed: true, .. }), "{again:?}");
    asks.close().await;
    works.close().await;
}

/// Looks until so many consumers are there.
async fn wait_for_consumers(carrier: &MemoryCarrier, wanted: u64) {
    while carrier.list().await.unwrap()[0].consumers != wanted {
        SystemClock::default().sleep_ms(5).await;
    }
}

#[tokio::test]
async fn nobody_takes_from_a_queue_that_is_paused_and_what_waits_is_settled_after_that() {
    let setting = Setting::with_lanes("job-queue", Some(2)).await;
    let (queue, book) = (setting.way.to_string(), Arc::new(MemoryQueueBook::default()));
    let asks = setting.instance(0, setting.store.clone(), 1);
    let booked = (true, Some(book.clone() as Arc<dyn QueueBook>));
    let works = setting.booked(1, setting.store.clone(), LONG_MS, booked);
    wait_for_consumers(&setting.carrier, 1).await;
    book.pause(&queue, true).await.unwrap();
    wait_for_consumers(&setting.carrier, 0).await;
    let Reply::Accepted(_) = asks.submit(charge(1)).await else { panic!("who settled it?") };
    assert_eq!((setting.carrier.open(), balance(&setting.store, 1).await), (1, 0));
    book.pause(&queue, false).await.unwrap();
    while setting.carrier.open() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(balance(&setting.store, 1).await, 1);
    asks.close().await;
    works.close().await;
    let clock = SystemClock::default();
    let told = book.read(&queue, clock.now()).await.unwrap();
    assert_eq!((told.tally, told.is_paused), (Tally { done: 1, retries: 0 }, false));
}

#[tokio::test]
async fn what_a_broker_does_not_count_the_book_tells() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let queues = Arc::new(MemoryCarrier::new(None, Arc::clone(&clock)));
    let book = Arc::new(MemoryQueueBook::default());
    let name = MemoryCarrier::NAME;
    let booked = BookedQueues { queues, book: book.clone(), clock: Arc::clone(&clock) };
    booked.pause(name, true).await.unwrap();
    book.add(name, Tally { done: 7, retries: 2 }, clock.now()).await.unwrap();
    let told = booked.list().await.unwrap().remove(0);
    assert_eq!((told.is_paused, told.retries), (true, Some(2)));
    assert_eq!((told.done, told.done_last_minute), (Some(0), Some(0)), "the broker's own count");
}

#[tokio::test]
async fn what_an_older_house_handed_over_otherwise_is_put_away_with_a_word() {
    let setting = Setting::with_lanes("job-queue", None).await;
    let close = Operate::CloseAccount(CloseAccount { buyer: BuyerId(1), payments: Vec::new() });
    let command = steps::operate(1, close);
    let mut body = Job { command, sent_at: Moment(0) }.encode().unwrap();
    // Its form before, which ended behind the buyer: nothing was said of payments.
    body[0] = 1;
    assert_eq!(body.pop(), Some(0));
    let job = Outgoing { body, lane: Lane(0), urgency: Urgency::Usual, delay_ms: 0 };
    assert_eq!(setting.carrier.publish(vec![job]).await, [Ok(())]);
    let works = setting.instance(1, setting.store.clone(), LONG_MS);
    assert!(answer(works.submit(charge(2)).await).is_ok(), "it stops nobody");
    works.close().await;
    let dead = setting.carrier.jobs(MemoryCarrier::NAME, JobState::Dead, 9).await.unwrap();
    let [dead] = &dead[..] else { panic!("{dead:?}") };
    let reason = dead.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("an older version wrote it"), "{reason}");
}

/// A worker is stopped behind its load; its broker takes it for dead, an operator throws away what
/// it left over, and another one settles what came since. Then the first one wakes up. What is in
/// the wallet in the end, where three charges were answered. (Had it come again, the answer that is
/// there already would have stopped the first one too.)
async fn woken_stale(fencing: bool) -> i64 {
    let setting = Setting::with_lanes("kafka", Some(1)).await;
    let (gate, opener) = Gate::before(&setting.store, |_| None);
    opener.send_replace(false);
    let stale = setting.fenced(1, gate.clone(), 1, fencing);
    let same = |number| steps::charge(number, BuyerId(1), 1);
    stale.submit(same(1)).await;
    while gate.tried().is_empty() {
        tokio::task::yield_now().await;
    }
    setting.carrier.forget_consumers();
    assert_eq!(setting.carrier.drain(MemoryCarrier::NAME).await, Ok(1));
    let next = setting.fenced(1, setting.store.clone(), LONG_MS, fencing);
    for number in 2..=4 {
        assert!(answer(next.submit(same(number)).await).is_ok());
    }
    opener.send_replace(true);
    // What it is told comes when it has tried to commit.
    stale.close().await;
    next.close().await;
    balance(&setting.store, 1).await
}

#[tokio::test]
async fn a_lane_that_moved_on_is_fenced() {
    assert_eq!(woken_stale(true).await, 3);
}

#[tokio::test]
async fn without_its_token_a_stale_lane_does_harm() {
    assert_eq!(woken_stale(false).await, 1, "what was answered since is lost");
}

#[tokio::test]
async fn stock_comes_by_its_show_or_room_and_money_by_its_wallet() {
    let (store, _) = store();
    sale(&store, 3, 2).await;
    let settled = crate::steps::settled;
    let behind = |id| Show { id, room: Some(RoomId(1)), ..steps::show(id) };
    let room = SaveRoom {
        id: RoomId(1),
        name: "one".into(),
        settings: admitone_app::import::check_settings(&serde_json::json!({}), steps::NOW).unwrap(),
        expected: None,
    };
    settled(&store, steps::operate(50, Operate::SaveRoom(room.clone()))).await.unwrap();
    for id in [ShowId(2), ShowId(3)] {
        let save = Operate::SaveShow(SaveShow { show: behind(id), expected: None });
        settled(&store, steps::operate(50 + id.0, save)).await.unwrap();
    }
    settled(&store, charge(7)).await.unwrap();
    settled(&store, hold(8, &[1], 0)).await.unwrap();
    settled(&store, steps::charge(9, BuyerId(8), 5)).await.unwrap();
    let by = |number, action| steps::by(number, BuyerId(8), action);
    let pay = by(10, Action::Pay(Pay { reservation: ReservationId(8), expected: None }));
    settled(&store, pay.clone()).await.unwrap();
    let reads: Arc<dyn Reads> = Arc::new(store);
    let lanes = Lanes { reads, count: 1_000 };
    let of = async |command: Command| lanes.of(&[command]).await.unwrap()[0];
    let show = of(hold(20, &[2], 0)).await;
    assert_eq!(of(pay).await, show);
    assert_eq!(of(by(21, Action::Release(Release { reservation: ReservationId(8) }))).await, show);
    assert_eq!(of(sweep(ReservationId(8))).await, show);
    let refund = Refund { payment: PaymentId(10), amount: None };
    assert_eq!(of(by(22, Action::Refund(refund))).await, show);
    let wallet = of(charge(8)).await;
    assert_ne!(wallet, show);
    assert_ne!(of(charge(9)).await, wallet);
    let in_room = |show| steps::hold(30, BuyerId(1), show, &[1], 0);
    assert_eq!(of(in_room(ShowId(2))).await, of(in_room(ShowId(3))).await);
    assert_eq!(of(in_room(ShowId(2))).await, of(steps::operate(60, Operate::SaveRoom(room))).await);
    let nobody = Command { actor: Actor::House, ..sweep(ReservationId(999)) };
    of(nobody).await;
}
