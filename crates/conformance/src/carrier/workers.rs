//! What every delivery promises: workers over a carrier and an in-memory store. Each guard has a
//! twin in which it is off and the harm happens.

use super::unruly::{Acknowledged, Allergic, Busy, Reaction, Stuck, Told, Unruly};
use super::{Case, FreshCarrier, carrier_cases};
use crate::sale::{self, NOW, SHOW, balance, charge, hold, programme};
use admitone_app::clock::{HandClock, SystemClock};
use admitone_app::delivery::{Job, Leaf, Worker, WorkerLimits, journey};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::carrier::{Lane, Outgoing, Urgency};
use admitone_app::ports::hints::NoHints;
use admitone_app::ports::queues::JobState;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::id::BuyerId;
use admitone_domain::{Command, CommandId, Moment, Refusal, StoredAnswer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) const ALL: &[Case] = carrier_cases![
    nothing_is_acknowledged_before_it_is_durable: Always,
    acknowledged_too_early_a_command_is_lost: Always,
    who_dies_between_commit_and_acknowledgement_has_booked_once: Always,
    delivered_twice_is_decided_once: Always,
    what_comes_late_is_refused: Always,
    without_a_deadline_what_comes_late_is_booked: Always,
    poison_is_put_away_and_stops_nobody: Always,
    trouble_that_passes_drops_nothing: Always,
    each_command_of_a_batch_has_its_own_answer: Always,
];

pub(super) const ANN: BuyerId = BuyerId(1);
pub(super) const BOB: BuyerId = BuyerId(2);

/// A store in memory, with a sale of three seats and two standing tickets.
pub(super) struct House {
    pub(super) fresh: FreshCarrier,
    pub(super) store: MemoryStore,
    clock: Arc<HandClock>,
}

impl House {
    pub(super) async fn open(fresh: FreshCarrier) -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        let store = MemoryStore::new(clock.clone());
        let settler = sale::settler(Arc::new(store.clone()), Mode::Optimistic);
        for reply in settler.settle(programme(3, 2).collect()).await {
            sale::answer(reply).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        Self { fresh, store, clock }
    }

    pub(super) fn worker(&self) -> Worker {
        let limits = SettleLimits { keeps_journeys: true, ..SettleLimits::default() };
        let settler = sale::settler(Arc::new(self.store.clone()), Mode::Optimistic);
        // Pauses are those of the world.
        let settler = Settler { limits, clock: Arc::new(SystemClock::default()), ..settler };
        Worker {
            carrier: Arc::clone(&self.fresh.carrier),
            settler,
            queue: "tried".to_owned(),
            fencing: true,
            callers: Arc::default(),
            hints: Arc::new(NoHints),
            leaf: Leaf::unbooked(),
            limits: WorkerLimits {
                pause_ms: 10,
                pause_max_ms: 100,
                // All cases but those of strays send by one lane, to have an order.
                looks_again: false,
                ..WorkerLimits::default()
            },
        }
    }

    pub(super) async fn send(&self, commands: &[Command]) {
        self.send_by(Lane(0), commands).await;
    }

    pub(super) async fn send_by(&self, lane: Lane, commands: &[Command]) {
        let body = |command: &Command| Job { command: command.clone(), sent_at: NOW }.encode();
        let body = |command| body(command).unwrap_or_else(|error| panic!("{error}"));
        self.send_bytes(lane, commands.iter().map(body).collect()).await;
    }

    async fn send_bytes(&self, lane: Lane, bodies: Vec<Vec<u8>>) {
        let job = |body| Outgoing { body, lane, urgency: Urgency::Usual, delay_ms: 0 };
        for sent in self.fresh.carrier.publish(bodies.into_iter().map(job).collect()).await {
            sent.unwrap_or_else(|trouble| panic!("{trouble}"));
        }
    }

    pub(super) async fn answer(&self, name: CommandId) -> Arc<StoredAnswer> {
        until("an answer", || async { self.store.answer(name).await.ok().flatten() }).await
    }

    pub(super) async fn dead(&self, count: usize) -> Vec<String> {
        let (queues, name) = &self.fresh.queues;
        until("what was put away", || async {
            let lying = queues.jobs(name, JobState::Dead, 10).await.ok()?;
            let reasons: Vec<String> = lying.into_iter().filter_map(|job| job.reason).collect();
            (reasons.len() >= count).then_some(reasons)
        })
        .await
    }
}

#[expect(clippy::disallowed_methods, reason = "carriers go by the clock of the world")]
pub(super) async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    for _ in 0..6_000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come");
}

/// A worker that runs; dropped it dies, as if it was killed.
pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "a case waits for what it starts")]
    pub(super) fn start(worker: Worker) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(worker.run(stop.clone()));
        Self { stop, task }
    }

    pub(super) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub(super) async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// So long what was left over is waited for, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(50);
/// So long what is lost.
const IN_VAIN: Duration = Duration::from_secs(4);

/// Has a worker die in the middle of a batch; the balance that another one comes to. What it left over is waited for
/// that long.
async fn after_a_death(
    house: House,
    patience: Duration,
    dying: impl FnOnce(Worker) -> Worker,
) -> i64 {
    house.send(&[charge(1, ANN, 100)]).await;
    let begun = Arc::new(AtomicU32::new(0));
    let worker = dying(house.worker());
    let store = Arc::new(Stuck { begun: Arc::clone(&begun) });
    let dying = Worker { settler: Settler { store, ..worker.settler.clone() }, ..worker };
    let dying = Running::start(dying);
    until("a batch", || async { (begun.load(Ordering::SeqCst) > 0).then_some(()) }).await;
    dying.kill().await;
    let next = Running::start(house.worker());
    // Whoever comes behind is settled behind what was left over.
    house.send(&[charge(2, BOB, 1)]).await;
    house.answer(CommandId(2)).await;
    // Without lanes it may come somewhat later than what was sent since.
    wait_for_leftovers(&house, patience).await;
    next.end().await;
    balance(&house.store, ANN).await
}

async fn wait_for_leftovers(house: &House, patience: Duration) {
    let _ = tokio::time::timeout(patience, house.answer(CommandId(1))).await;
}

async fn nothing_is_acknowledged_before_it_is_durable(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    assert_eq!(after_a_death(house, PATIENCE, |worker| worker).await, 100);
}

async fn acknowledged_too_early_a_command_is_lost(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    let hasty = |worker: Worker| {
        let carrier = Arc::new(Unruly(worker.carrier.clone(), Acknowledged::TooEarly));
        Worker { carrier, ..worker }
    };
    assert_eq!(after_a_death(house, IN_VAIN, hasty).await, 0);
}

async fn who_dies_between_commit_and_acknowledgement_has_booked_once(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    let worker = house.worker();
    let carrier = Arc::new(Unruly(worker.carrier.clone(), Acknowledged::Never));
    let dying = Running::start(Worker { carrier, ..worker });
    house.send(&[charge(1, ANN, 100)]).await;
    house.answer(CommandId(1)).await;
    dying.kill().await;
    let told: Arc<Told> = Arc::default();
    let next = Running::start(Worker { hints: told.clone(), ..house.worker() });
    until("its repetition", || async { told.has(CommandId(1)).then_some(()) }).await;
    next.end().await;
    assert_eq!(balance(&house.store, ANN).await, 100);
}

async fn delivered_twice_is_decided_once(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    let running = Running::start(house.worker());
    house.send(&[charge(1, ANN, 100), charge(1, ANN, 100)]).await;
    house.answer(CommandId(1)).await;
    house.send(&[charge(1, ANN, 100), charge(2, ANN, 1)]).await;
    house.answer(CommandId(2)).await;
    assert_eq!(balance(&house.store, ANN).await, 101);
    // All are held: a refusal that invites to ask again, and by then there may be some.
    let wish = hold(12, BOB, SHOW, &[], 2);
    house.send(&[hold(11, ANN, SHOW, &[], 2)]).await;
    house.answer(CommandId(11)).await;
    house.send(std::slice::from_ref(&wish)).await;
    let refused = house.answer(journey(&wish)).await;
    assert!(matches!(refused.answer, Err(Refusal::AllHeld { .. })), "{refused:?}");
    house.clock.advance_ms(sale::HOLD_MS + 1);
    house.send(&[wish.clone(), charge(3, ANN, 1)]).await;
    house.answer(CommandId(3)).await;
    let booked = house.store.answer(wish.id).await;
    assert_eq!(booked, Ok(None), "its sender was told that it is refused");
    // Asked again it is another journey, and there is room.
    house.send(&[Command { fresh: 13, ..wish.clone() }]).await;
    assert!(house.answer(wish.id).await.answer.is_ok());
    running.end().await;
}

async fn what_comes_late_is_refused(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    let late = Command { deadline: Some(Moment(NOW.0 - 1)), ..hold(1, ANN, SHOW, &[1], 0) };
    house.send(std::slice::from_ref(&late)).await;
    let running = Running::start(house.worker());
    let refused = house.answer(journey(&late)).await;
    assert_eq!(refused.answer, Err(Refusal::DeadlinePassed));
    assert_eq!(house.store.answer(late.id).await, Ok(None), "nothing is booked");
    running.end().await;
}

async fn without_a_deadline_what_comes_late_is_booked(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    house.send(&[hold(1, ANN, SHOW, &[1], 0)]).await;
    house.clock.advance_ms(3_600_000);
    let running = Running::start(house.worker());
    assert!(house.answer(CommandId(1)).await.answer.is_ok());
    running.end().await;
}

async fn poison_is_put_away_and_stops_nobody(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    let poison = charge(7, ANN, 7);
    house.send_bytes(Lane(0), vec![b"no job".to_vec()]).await;
    house.send(&[poison.clone(), charge(1, ANN, 100)]).await;
    let worker = house.worker();
    let store = Arc::new(Allergic(house.store.clone(), poison.id, Reaction::Fails));
    let limits = WorkerLimits { attempts_max: 3, ..worker.limits };
    let settler = Settler { store, ..worker.settler.clone() };
    let running = Running::start(Worker { settler, limits, ..worker });
    house.answer(CommandId(1)).await;
    let reasons = house.dead(2).await;
    assert!(reasons.iter().any(|reason| reason.contains("cannot be read")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("allergic")), "{reasons:?}");
    assert_eq!(balance(&house.store, ANN).await, 100);
    running.end().await;
}

async fn trouble_that_passes_drops_nothing(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    house.send(&(1..=5).map(|number| charge(number, ANN, 1)).collect::<Vec<_>>()).await;
    let worker = house.worker();
    let times = worker.limits.attempts_max + 4;
    let lock = Arc::new(Busy { left: AtomicU32::new(times) });
    let settler = Settler { lock, ..worker.settler.clone() };
    let running = Running::start(Worker { settler, ..worker });
    for number in 1..=5 {
        house.answer(CommandId(number)).await;
    }
    assert_eq!(balance(&house.store, ANN).await, 5);
    running.end().await;
    let (queues, name) = &house.fresh.queues;
    let lying = queues.jobs(name, JobState::Dead, 10).await.map(|dead| dead.len());
    assert_eq!(lying, Ok(0), "none was put away");
}

async fn each_command_of_a_batch_has_its_own_answer(fresh: FreshCarrier) {
    let house = House::open(fresh).await;
    let batch = [
        hold(1, ANN, SHOW, &[1], 0),
        hold(2, BOB, SHOW, &[1], 0),
        charge(3, BOB, 5),
        hold(4, BOB, SHOW, &[2], 0),
    ];
    house.send(&batch).await;
    let running = Running::start(house.worker());
    for (number, is_outcome) in [(1, true), (2, false), (3, true), (4, true)] {
        let answer = house.answer(CommandId(number)).await;
        assert_eq!(answer.answer.is_ok(), is_outcome, "{answer:?}");
    }
    running.end().await;
}
