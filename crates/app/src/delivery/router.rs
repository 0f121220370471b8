//! Router: each command goes the way that the map says for its operation.
//!
//! Every strategy of the map has a delivery of its own, so a batch never mixes strategies. What a
//! strategy needs and the house has not is said when the router is made, never passed over.

use super::travel::{Begun, Travel};
use super::{Channel, ChannelLimits, Direct};
use crate::Trouble;
use crate::lock::{MutexLock, Orderly, SimpleLock, SpinLock, Unfenced};
use crate::payments::WALLET_LEASE_MS;
use crate::ports::clock::Clock;
use crate::ports::delivery::{Delivery, Reply};
use crate::ports::lock::{Lock, NoLock};
use crate::ports::queues::NamedQueue;
use crate::ports::store::{Mode, Store};
use crate::ports::tap::Tap;
use crate::settle::{SettleLimits, Settler};
use crate::strategy::{DeliveryKind, LockKind, Operation, Strategy, StrategyMap};
use admitone_domain::Command;
use async_trait::async_trait;
use futures_util::future::select_all;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Brings each command its own way.
pub struct Router {
    /// In the order of the operations.
    routes: Vec<Route>,
    /// The same, each once.
    ways: Vec<Arc<dyn Delivery>>,
    /// The channels among them, as operators see them.
    channels: Vec<NamedQueue>,
}

struct Route {
    delivery: Arc<dyn Delivery>,
    /// Whether what writes stock and wallet is taken apart: this way brings the part that comes first.
    parts: bool,
}

/// What a router is made of.
pub struct RouterSetup {
    /// Where everything is settled.
    pub store: Arc<dyn Store>,
    /// Locks outside the process, where there are any: one for each kind.
    pub locks: Vec<(LockKind, Arc<dyn Lock>)>,
    /// Waits.
    pub clock: Arc<dyn Clock>,
    /// Who follows what is committed.
    pub taps: Vec<Arc<dyn Tap>>,
    /// What bounds a batch. The scope of a lock is the strategy's.
    pub limits: SettleLimits,
    /// What bounds a channel.
    pub channel: ChannelLimits,
    /// What carries commands that travel, if anything does.
    pub travel: Option<Travel>,
    /// Where writers run.
    pub tasks: TaskTracker,
}

/// A strategy needs what the house has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAvailable {
    /// No such delivery.
    #[error(
        "the strategy `{strategy}` needs the delivery `{}`, which needs a broker that is not \
         configured (`jobs` needs --redis, `rabbitmq` --rabbitmq, `kafka` and `kafka-batch` \
         --kafka): `direct` and `channel` need none", kind.name()
    )]
    Delivery {
        /// Who needs it.
        strategy: Strategy,
        /// What it needs.
        kind: DeliveryKind,
    },
    /// No such lock.
    #[error(
        "the strategy `{strategy}` needs the lock `{}`, which needs a Redis that is not \
         configured: `none`, `mutex`, `spin` and `simple` need none", kind.name()
    )]
    Lock {
        /// Who needs it.
        strategy: Strategy,
        /// What it needs.
        kind: LockKind,
    },
    /// The store has no such mode.
    #[error(
        "the strategy `{strategy}` needs the transaction mode `{}`, and this store offers {}",
        strategy.mode, listed(offered)
    )]
    Mode {
        /// Who needs it.
        strategy: Strategy,
        /// What the store has instead.
        offered: &'static [Mode],
    },
}

fn listed(modes: &[Mode]) -> String {
    let names: Vec<String> = modes.iter().map(|mode| format!("`{mode}`")).collect();
    names.join(", ")
}

impl Router {
    /// A delivery for every strategy of the map. Those with the same kind of lock share it.
    pub fn start(map: &StrategyMap, mut setup: RouterSetup) -> Result<Self, NotAvailable> {
        let mut ways: Vec<(Strategy, Arc<dyn Delivery>)> = Vec::new();
        let travel = setup.travel.take();
        let begun = travel.map(|it| it.begin(Arc::clone(&setup.clock), setup.tasks.clone()));
        let mut routes = Vec::with_capacity(Operation::ALL.len());
        let mut channels = Vec::new();
        for operation in Operation::ALL {
            let strategy = map.strategy(operation);
            let known = ways.iter().find(|(known, _)| *known == strategy);
            let delivery = match known {
                Some((_, delivery)) => Arc::clone(delivery),
                None => setup.way(strategy, map.fencing, begun.as_ref(), &mut channels)?,
            };
            if known.is_none() {
                ways.push((strategy, Arc::clone(&delivery)));
            }
            routes.push(Route { delivery, parts: map.parts(operation) });
        }
        let ways = ways.into_iter().map(|(_, delivery)| delivery).collect();
        Ok(Self { routes, ways, channels })
    }

    /// The channels of this process, each by the strategy whose commands come by it.
    pub fn channels(&self) -> Vec<NamedQueue> {
        self.channels.clone()
    }
}

impl Router {
    /// The way of a command, and the command as it goes that way.
    fn way(&self, command: Command) -> (&dyn Delivery, Command) {
        let Route { delivery, parts } = &self.routes[Operation::of(&command.action).index()];
        if !parts {
            return (&**delivery, command);
        }
        let action = command.action.apart(WALLET_LEASE_MS);
        (&**delivery, Command { action, ..command })
    }
}

#[async_trait]
impl Delivery for Router {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let (way, command) = self.way(command);
        way.submit(command).await
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        let (way, command) = self.way(command);
        way.hand_over(command).await
    }

    /// Every way must be good: an operation whose way is not could not be sold.
    async fn check(&self) -> Result<(), Trouble> {
        for way in &self.ways {
            way.check().await?;
        }
        Ok(())
    }

    async fn ended(&self) {
        select_all(self.ways.iter().map(|way| way.ended())).await;
    }

    fn waiting(&self) -> usize {
        self.ways.iter().map(|way| way.waiting()).sum()
    }
}

impl RouterSetup {
    fn way(
        &mut self,
        strategy: Strategy,
        fencing: bool,
        travel: Option<&Begun>,
        channels: &mut Vec<NamedQueue>,
    ) -> Result<Arc<dyn Delivery>, NotAvailable> {
        let offered = self.store.modes();
        if !offered.contains(&strategy.mode) {
            return Err(NotAvailable::Mode { strategy, offered });
        }
        let lock = self.lock(strategy)?;
        let settler = Settler {
            store: Arc::clone(&self.store),
            lock: if fencing { lock } else { Arc::new(Unfenced(lock)) },
            mode: strategy.mode,
            clock: Arc::clone(&self.clock),
            taps: self.taps.clone(),
            limits: SettleLimits { lock_scope: strategy.scope, ..self.limits },
        };
        match strategy.delivery {
            DeliveryKind::Direct => Ok(Arc::new(Direct::new(Arc::new(settler)))),
            DeliveryKind::Channel => {
                let channel = Channel::start(Arc::new(settler), self.channel, &self.tasks);
                let name = strategy.to_string();
                channels.push((name.clone(), Arc::new(channel.queue(name))));
                Ok(Arc::new(channel))
            }
            kind @ (DeliveryKind::Jobs
            | DeliveryKind::RabbitMq
            | DeliveryKind::Kafka
            | DeliveryKind::KafkaBatch) => {
                let carried = travel.and_then(|travel| travel.way(strategy, &settler, fencing));
                carried.ok_or(NotAvailable::Delivery { strategy, kind })
            }
        }
    }

    /// The lock of a kind; made once, so that all who name it exclude each other. Turns exclude nobody: each
    /// strategy has its own, and meets those of another one at the save.
    fn lock(&mut self, strategy: Strategy) -> Result<Arc<dyn Lock>, NotAvailable> {
        let kind = strategy.lock;
        if has_turns(strategy) {
            return Ok(Arc::new(Orderly::new(Arc::clone(&self.clock))));
        }
        if let Some((_, lock)) = self.locks.iter().find(|(known, _)| *known == kind) {
            return Ok(Arc::clone(lock));
        }
        let clock = Arc::clone(&self.clock);
        let lock: Arc<dyn Lock> = match kind {
            LockKind::None => Arc::new(NoLock),
            LockKind::Mutex => Arc::new(MutexLock::new(clock)),
            LockKind::Spin => Arc::new(SpinLock::new(clock)),
            LockKind::Simple => Arc::new(SimpleLock::new(clock)),
            LockKind::PubSub | LockKind::Redlock => {
                return Err(NotAvailable::Lock { strategy, kind });
            }
        };
        self.locks.push((kind, Arc::clone(&lock)));
        Ok(lock)
    }
}

/// Whether those who meet take turns: where each settles its own command, nothing keeps them apart before, and
/// whoever was second waits at the row or finds out at the save. Where batches gather, those in one batch do not meet.
fn has_turns(strategy: Strategy) -> bool {
    strategy.delivery == DeliveryKind::Direct
        && strategy.lock == LockKind::None
        && strategy.mode != Mode::Plain
}
