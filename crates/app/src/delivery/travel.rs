//! Both ends of deliveries that travel: for each such strategy a sender, and as many workers as
//! this process shall have.

use super::callers::{Callers, Lookout};
use super::leaf::Leaf;
use super::sender::{Sender, SenderLimits, SenderSetup};
use super::worker::{Worker, WorkerLimits};
use crate::ports::carrier::Carrier;
use crate::ports::clock::Clock;
use crate::ports::delivery::Delivery;
use crate::ports::hints::Hints;
use crate::ports::queue_book::QueueBook;
use crate::ports::reads::Reads;
use crate::settle::{SettleLimits, Settler};
use crate::strategy::Strategy;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What carries the commands of one strategy, and who settles them here.
#[derive(Clone)]
pub struct Carried {
    /// Which strategy.
    pub strategy: Strategy,
    /// What carries.
    pub carrier: Arc<dyn Carrier>,
    /// What bounds a worker.
    pub worker: WorkerLimits,
    /// How many workers this process has; none where others settle.
    pub workers: usize,
    /// The book of its queue, where its carrier neither pauses it nor counts.
    pub book: Option<Arc<dyn QueueBook>>,
}

/// What deliveries that travel need.
pub struct Travel {
    /// One for each strategy that travels.
    pub carried: Vec<Carried>,
    /// Where answers and rows are read.
    pub reads: Arc<dyn Reads>,
    /// Tells of answers, and hears of them.
    pub hints: Arc<dyn Hints>,
    /// What bounds senders.
    pub sender: SenderLimits,
    /// Ends workers.
    pub stop: CancellationToken,
}

/// Travel that has begun: somebody looks for answers.
pub(super) struct Begun {
    travel: Travel,
    callers: Arc<Callers>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
}

impl Travel {
    pub(super) fn begin(self, clock: Arc<dyn Clock>, tasks: TaskTracker) -> Begun {
        let callers: Arc<Callers> = Arc::default();
        let lookout = Lookout {
            callers: Arc::clone(&callers),
            reads: Arc::clone(&self.reads),
            hints: Arc::clone(&self.hints),
            clock: Arc::clone(&clock),
        };
        tasks.spawn(lookout.run(self.stop.clone()));
        Begun { travel: self, callers, clock, tasks }
    }
}

/// Lanes are looked at again where nothing else protects what is written beside them.
fn worker_limits(strategy: Strategy, limits: WorkerLimits) -> WorkerLimits {
    WorkerLimits { looks_again: limits.looks_again && strategy.crosses_lanes(), ..limits }
}

impl Begun {
    /// Starts the ends of a strategy, if something carries it.
    pub(super) fn way(
        &self,
        strategy: Strategy,
        settler: &Settler,
        fencing: bool,
    ) -> Option<Arc<dyn Delivery>> {
        let Self { travel, callers, clock, tasks } = self;
        let carried = travel.carried.iter().find(|carried| carried.strategy == strategy)?;
        let limits = SettleLimits { keeps_journeys: true, ..settler.limits };
        let worker = Worker {
            carrier: Arc::clone(&carried.carrier),
            settler: Settler { limits, ..settler.clone() },
            queue: strategy.to_string(),
            fencing,
            callers: Arc::clone(callers),
            hints: Arc::clone(&travel.hints),
            leaf: self.leaf(carried),
            limits: worker_limits(strategy, carried.worker),
        };
        for _ in 0..carried.workers {
            tasks.spawn(worker.clone().run(travel.stop.clone()));
        }
        let setup = SenderSetup {
            carrier: Arc::clone(&carried.carrier),
            reads: Arc::clone(&travel.reads),
            callers: Arc::clone(callers),
            clock: Arc::clone(clock),
            limits: travel.sender,
        };
        Some(Arc::new(Sender::start(setup, tasks)))
    }

    /// What the workers of a strategy share, kept as long as they work.
    fn leaf(&self, carried: &Carried) -> Arc<Leaf> {
        let Some(book) = carried.book.clone().filter(|_| carried.workers > 0) else {
            return Leaf::unbooked();
        };
        let (leaf, queue) = (Leaf::booked(book), carried.strategy.to_string());
        let (clock, stop) = (Arc::clone(&self.clock), self.travel.stop.clone());
        self.tasks.spawn(Arc::clone(&leaf).keep(queue, clock, stop));
        leaf
    }
}
