//! A process of the house: a sender, a worker and the steps of payments, over a carrier whose every call
//! is a boundary. Where its fuse ends it is dead: nothing of it goes on, and nothing is said goodbye to.

use super::world::{Line, World};
use crate::sale;
use admitone_app::board::Boards;
use admitone_app::box_office::BoxOffice;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::{
    Callers, Leaf, Sender, SenderLimits, SenderSetup, Worker, WorkerLimits,
};
use admitone_app::ids::Ids;
use admitone_app::payments::{Errands, PaymentLimits, Payments};
use admitone_app::ports::carrier::{
    Abilities, Carrier, Consumer, Dead, Heard, Outgoing, Return, Tag,
};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::hints::NoHints;
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::reads::{Asking, Reads};
use admitone_app::ports::store::Mode;
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Command;
use async_trait::async_trait;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Burns down with each boundary that a process crosses; at its end the process is dead.
#[derive(Debug)]
pub(super) struct Fuse {
    left: AtomicU32,
    blown: Notify,
}

impl Fuse {
    pub(super) fn of(boundaries: u32) -> Arc<Self> {
        Arc::new(Self { left: AtomicU32::new(boundaries), blown: Notify::new() })
    }

    pub(super) fn endless() -> Arc<Self> {
        Self::of(u32::MAX)
    }

    /// Goes on, or never returns.
    pub(super) async fn cross(&self) {
        let less = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_err() {
            self.blown.notify_one();
            pending::<()>().await;
        }
    }
}

/// Which jobs a carrier has confirmed, as they were handed over.
pub(super) type Sent = Arc<Mutex<Vec<Vec<u8>>>>;

/// A carrier as a process has it that may die at each call.
struct Fused {
    inner: Arc<dyn Carrier>,
    fuse: Arc<Fuse>,
    sent: Sent,
}

struct FusedConsumer {
    inner: Box<dyn Consumer>,
    fuse: Arc<Fuse>,
}

#[async_trait]
impl Carrier for Fused {
    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        self.fuse.cross().await;
        let bodies: Vec<Vec<u8>> = jobs.iter().map(|job| job.body.clone()).collect();
        let results = self.inner.publish(jobs).await;
        let kept = bodies.into_iter().zip(&results).filter(|(_, result)| result.is_ok());
        let kept = kept.map(|(body, _)| body);
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
        self.fuse.cross().await;
        results
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        let (inner, fuse) = (self.inner.consumer().await?, Arc::clone(&self.fuse));
        Ok(Box::new(FusedConsumer { inner, fuse }))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.inner.check().await
    }
}

#[async_trait]
impl Consumer for FusedConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        let heard = self.inner.next(jobs_max).await?;
        if matches!(&heard, Heard::Jobs(jobs) if !jobs.is_empty()) {
            self.fuse.cross().await;
        }
        Ok(heard)
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        self.fuse.cross().await;
        let told = self.inner.acknowledge(tags).await;
        self.fuse.cross().await;
        told
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        self.inner.give_back(jobs).await
    }

    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        self.inner.put_away(jobs).await
    }

    async fn leave(self: Box<Self>) {
        self.inner.leave().await;
    }
}

/// What lives and dies together.
pub(super) struct Process {
    pub(super) payments: Payments,
    delivery: Arc<dyn Delivery>,
    fuse: Arc<Fuse>,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

/// Waits for a durable answer as long as a broker may need to notice that a consumer is dead.
const PATIENT: SenderLimits = SenderLimits {
    wait_ms: 90_000,
    deadline_ms: 90_000,
    depth_max: 100,
    batch_max: 10,
    batches_max: 3,
};

impl Process {
    #[expect(clippy::disallowed_methods, reason = "a case ends what it starts")]
    pub(super) fn start(world: &World, fuse: &Arc<Fuse>) -> Self {
        let carrier = Arc::new(Fused {
            inner: Arc::clone(&world.fresh.carrier),
            fuse: Arc::clone(fuse),
            sent: Arc::clone(&world.sent),
        });
        let (callers, errands): (Arc<Callers>, Arc<Errands>) = (Arc::default(), Arc::default());
        let reads: Arc<dyn Reads> = Arc::new(world.store.clone());
        let setup = SenderSetup {
            carrier: carrier.clone(),
            reads: Arc::clone(&reads),
            callers: Arc::clone(&callers),
            clock: Arc::new(SystemClock::default()),
            limits: PATIENT,
        };
        // What it has begun when the fuse ends waits at a boundary for ever.
        let delivery: Arc<dyn Delivery> = Arc::new(Sender::start(setup, &TaskTracker::new()));
        let worker = worker(world, carrier, (callers, Arc::clone(&errands)));
        let stop = CancellationToken::new();
        let office = BoxOffice {
            delivery: Arc::clone(&delivery),
            boards: Arc::new(Boards::new(Arc::clone(&reads), 1)),
            reads,
            ids: Arc::new(Ids::new(Arc::new(world.store.clone()))),
            clock: world.clock.clone(),
        };
        let line = Line { ledger: Arc::clone(&world.ledger), fuse: Arc::clone(fuse) };
        let limits = PaymentLimits::default();
        let payments = Payments::new(office, Some(Arc::new(line)), limits, errands);
        let worker = tokio::spawn(worker.run(stop.clone()));
        Self { payments, delivery, fuse: Arc::clone(fuse), stop, worker }
    }

    /// Whatever it is answered: who asks again may be refused by then.
    pub(super) async fn submit(&self, command: Command) {
        let reply = patiently(|| self.delivery.submit(command.clone())).await;
        assert!(matches!(reply, Reply::Answered { .. }), "{reply:?}");
    }

    /// Brings what happened after an event of this number, each once; the number of the last.
    pub(super) async fn deliver(&self, world: &World, after: u64) -> u64 {
        let mut seen = after;
        loop {
            let news = world.store.news(seen, &[], 10_000).await;
            let news = news.unwrap_or_else(|trouble| panic!("{trouble}"));
            if news.events.is_empty() {
                return seen;
            }
            for (number, event) in news.events {
                seen = number;
                patiently(|| self.payments.on(&event)).await;
            }
        }
    }

    /// Takes up what is due as time passes, until nothing is open any more.
    pub(super) async fn bring_to_an_end(&self, world: &World) {
        const ROUNDS_MAX: u32 = 40;
        let mut seen = 0;
        for _ in 0..ROUNDS_MAX {
            seen = self.deliver(world, seen).await;
            let open = world.store.open_payments(Asking::Anybody, None, 100).await;
            let open = open.unwrap_or_else(|trouble| panic!("{trouble}"));
            if open.is_empty() {
                return;
            }
            world.clock.advance_ms(30_000);
            let now = world.clock.now();
            for payment in open.into_iter().filter(|one| one.ask_at().is_some_and(|at| at <= now)) {
                patiently(|| self.payments.take_up(payment.clone())).await;
            }
        }
    }

    /// Lives through something, or dies on the way; whether it lived.
    pub(super) async fn live(&self, through: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = self.fuse.blown.notified() => false,
            () = through => true,
        }
    }

    /// Is not there any more, from one moment to the next.
    pub(super) async fn die(self) {
        self.fuse.left.store(0, Ordering::SeqCst);
        self.worker.abort();
        let _ = self.worker.await;
    }

    /// Ends what it has begun and takes leave.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.worker.await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// A broker that has just been asked for a queue may say that it is busy: whoever asks asks again.
async fn patiently<T, F: Future<Output = Result<T, Trouble>>>(ask: impl Fn() -> F) -> T {
    const TRIES_MAX: u32 = 100;
    for _ in 0..TRIES_MAX {
        match ask().await {
            Ok(done) => return done,
            Err(trouble) => assert_eq!(trouble.kind, TroubleKind::Busy, "{trouble}"),
        }
        SystemClock::default().sleep_ms(100).await;
    }
    panic!("it is busy for ever")
}

fn worker(
    world: &World,
    carrier: Arc<dyn Carrier>,
    (callers, errands): (Arc<Callers>, Arc<Errands>),
) -> Worker {
    let limits = SettleLimits { keeps_journeys: true, ..SettleLimits::default() };
    let settler = sale::settler(Arc::new(world.store.clone()), Mode::Optimistic);
    // Pauses are those of the world.
    let clock = Arc::new(SystemClock::default());
    let settler = Settler { limits, clock, taps: vec![errands], ..settler };
    Worker {
        carrier,
        settler,
        queue: "saga".to_owned(),
        fencing: true,
        callers,
        hints: Arc::new(NoHints),
        leaf: Leaf::unbooked(),
        limits: WorkerLimits { pause_ms: 10, pause_max_ms: 100, ..WorkerLimits::default() },
    }
}
