//! What carries the commands of strategies that travel, and the queues that operators see.

use crate::beside::Beside;
use crate::config::Configuration;
use admitone_app::delivery::{Carried, Travel};
use admitone_app::ports::hints::{Hints, NoHints};
use admitone_app::ports::queues::{NamedQueues, Queues};
use admitone_app::ports::reads::Reads;
use admitone_app::strategy::{DeliveryKind, Strategy, StrategyMap};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Carriers of a map, and their queues.
#[derive(Default)]
pub(crate) struct Carriers {
    carried: Vec<Carried>,
    queues: Vec<(String, Arc<dyn Queues>)>,
}

impl Carriers {
    /// Those that a map needs and this house has. What is missing the router says.
    pub(crate) fn of(
        map: &StrategyMap,
        configuration: &Configuration,
        beside: Option<&Beside>,
    ) -> Self {
        let mut carriers = Self::default();
        for strategy in map.strategies() {
            if let (DeliveryKind::Jobs, Some(beside)) = (strategy.delivery, beside) {
                carriers.add_jobs(strategy, configuration, beside);
            }
        }
        carriers
    }

    fn add_jobs(&mut self, strategy: Strategy, configuration: &Configuration, beside: &Beside) {
        let jobs = Arc::new(beside.jobs(&strategy.to_string()));
        let (worker, workers) =
            (configuration.deliveries.jobs_worker(), configuration.deliveries.workers);
        self.carried.push(Carried { strategy, carrier: jobs.clone(), worker, workers });
        self.queues.push((strategy.to_string(), jobs));
    }

    /// The queues, by their names.
    pub(crate) fn queues(&self) -> Arc<NamedQueues> {
        Arc::new(NamedQueues(self.queues.clone()))
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
