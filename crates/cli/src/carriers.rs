//! What carries the commands of strategies that travel, and the queues that operators see.

use crate::beside::Beside;
use crate::brokers::{self, Brokered};
use crate::config::Configuration;
use crate::exit::Failed;
use crate::shelf::Shelf;
use admitone_app::delivery::{BookedQueues, Carried, Travel};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::hints::{Hints, NoHints};
use admitone_app::ports::queue_book::QueueBook;
use admitone_app::ports::queues::{NamedQueue, Queues};
use admitone_app::ports::reads::Reads;
use admitone_app::strategy::{DeliveryKind, Strategy, StrategyMap};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Carriers of a map, and their queues.
#[derive(Default)]
pub(crate) struct Carriers {
    carried: Vec<Carried>,
    queues: Vec<NamedQueue>,
}

impl Carriers {
    /// Those that a map needs and this house has. What is missing the router says.
    pub(crate) async fn of(
        map: &StrategyMap,
        configuration: &Configuration,
        beside: Option<&Beside>,
        (shelf, clock): (&Shelf, &Arc<dyn Clock>),
    ) -> Result<Self, Failed> {
        let mut carriers = Self::default();
        for strategy in map.strategies() {
            if let (DeliveryKind::Jobs, Some(beside)) = (strategy.delivery, beside) {
                let jobs = Arc::new(beside.jobs(&strategy.to_string()));
                let found = Brokered { carrier: jobs.clone(), queues: jobs, consumers: 1 };
                carriers.add(strategy, configuration, found, None);
            } else if brokers::is_at_hand(strategy, configuration) {
                let house = shelf.name().await?;
                let found = brokers::carrier(strategy, configuration, &house, clock)?;
                let book = shelf.queue_book().map(|book| (book, Arc::clone(clock)));
                carriers.add(strategy, configuration, found, book);
            }
        }
        Ok(carriers)
    }

    /// With the book of its queue, where a broker neither pauses it nor counts.
    fn add(
        &mut self,
        strategy: Strategy,
        configuration: &Configuration,
        found: Brokered,
        booked: Option<(Arc<dyn QueueBook>, Arc<dyn Clock>)>,
    ) {
        let Brokered { carrier, queues, consumers } = found;
        let deliveries = configuration.deliveries;
        let (worker, workers) = (deliveries.jobs_worker(), deliveries.workers * consumers);
        let (book, queues): (_, Arc<dyn Queues>) = match booked {
            Some((book, clock)) => {
                (Some(Arc::clone(&book)), Arc::new(BookedQueues { queues, book, clock }))
            }
            None => (None, queues),
        };
        self.carried.push(Carried { strategy, carrier, worker, workers, book });
        self.queues.push((strategy.to_string(), queues));
    }

    /// The queues, by their names.
    pub(crate) fn queues(&self) -> Vec<NamedQueue> {
        self.queues.clone()
    }

    /// Both ends of the deliveries, if anything travels.
    pub(crate) fn travel(
        self,
        configuration: &Configuration,
        beside: Option<&Beside>,
        reads: &Arc<dyn Reads>,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Option<Travel> {
        if self.carried.is_empty() {
            return None;
        }
        let hints: Arc<dyn Hints> = match beside {
            Some(beside) => beside.hints(tasks, stop),
            None => Arc::new(NoHints),
        };
        let (reads, sender) = (Arc::clone(reads), configuration.deliveries.sender());
        Some(Travel { carried: self.carried, reads, hints, sender, stop: stop.clone() })
    }
}
