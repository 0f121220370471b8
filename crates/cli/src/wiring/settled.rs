//! Where commands are settled: the store, as one of those who share it, observed if that is wanted.

#[cfg(feature = "sabotage")]
use crate::sabotage::delivery as spoilt_delivery;
#[cfg(feature = "sabotage")]
use crate::sabotage::store as spoilt_store;

use crate::config::Configuration;
use crate::exit::Failed;
use crate::shelf::Shelf;
use admitone_app::delivery::{ChannelLimits, Direct, Router, RouterSetup};
use admitone_app::membership::{MemberStore, Membership};
use admitone_app::observed::{Observations, ObservedStore};
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::queues::NamedQueue;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::pulse::{Measured, Pulse};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::slow::SlowStore;
use admitone_app::strategy::StrategyMap;
use std::sync::Arc;

/// The store for whoever settles in it, observed if that is wanted.
pub(super) fn settled_in(
    shelf: &Shelf,
    membership: Option<&Arc<Membership>>,
    configuration: &Configuration,
) -> (Arc<dyn Store>, Option<Arc<Observations>>) {
    let store: Arc<dyn Store> = match membership {
        Some(membership) => {
            let membership = Arc::clone(membership);
            Arc::new(MemberStore { store: shelf.store(), membership })
        }
        None => shelf.store(),
    };
    let store = slowed(spoilt_store(store), configuration.slow_ms);
    if !configuration.observe {
        return (store, None);
    }
    let observations = Arc::new(Observations::default());
    let store = ObservedStore { store, observations: Arc::clone(&observations) };
    (Arc::new(store), Some(observations))
}

/// The same as a slow database would be, if that is wanted.
fn slowed(store: Arc<dyn Store>, by_ms: u64) -> Arc<dyn Store> {
    if by_ms == 0 { store } else { Arc::new(SlowStore { store, by_ms }) }
}

/// Where commands go.
pub(super) struct Deliveries {
    /// The house's own.
    pub(super) desk: Arc<dyn Delivery>,
    /// Everybody's.
    pub(super) delivery: Arc<dyn Delivery>,
    /// Watches how long those take.
    pub(super) pulse: Arc<Pulse>,
    /// The channels of this process among them.
    pub(super) channels: Vec<NamedQueue>,
}

impl Deliveries {
    pub(super) fn start(map: &StrategyMap, setup: RouterSetup) -> Result<Self, Failed> {
        let desk = desk(&setup);
        let pulse = Arc::new(Pulse::new(Arc::clone(&setup.clock)));
        let router = Router::start(map, setup)?;
        let channels = router.channels();
        let delivery = spoilt_delivery(Arc::new(router));
        let delivery = Arc::new(Measured { delivery, pulse: Arc::clone(&pulse) });
        Ok(Self { desk, delivery, pulse, channels })
    }
}

/// Settles what the house needs before anybody settles what travels: operators, one at a time.
fn desk(setup: &RouterSetup) -> Arc<dyn Delivery> {
    let offered = setup.store.modes();
    let settler = Settler {
        store: Arc::clone(&setup.store),
        lock: Arc::new(NoLock),
        // Where there is no choice transactions exclude each other anyway.
        mode: if offered.contains(&Mode::Pessimistic) { Mode::Pessimistic } else { offered[0] },
        clock: Arc::clone(&setup.clock),
        taps: setup.taps.clone(),
        limits: setup.limits,
    };
    Arc::new(Direct::new(Arc::new(settler)))
}

pub(super) fn settle_limits(configuration: &Configuration) -> SettleLimits {
    SettleLimits { lock_wait_ms: configuration.strategy.lock_wait_ms, ..SettleLimits::default() }
}

pub(super) fn channel_limits(configuration: &Configuration, shelf: &Shelf) -> ChannelLimits {
    let Configuration { queue_depth_max: depth_max, batch_max, .. } = *configuration;
    ChannelLimits { depth_max, batch_max, own_thread: matches!(shelf, Shelf::Sqlite(..)) }
}

/// Without the feature `sabotage` nothing is spoilt.
#[cfg(not(feature = "sabotage"))]
fn spoilt_store(store: Arc<dyn Store>) -> Arc<dyn Store> {
    store
}

#[cfg(not(feature = "sabotage"))]
fn spoilt_delivery(delivery: Arc<dyn Delivery>) -> Arc<dyn Delivery> {
    delivery
}
