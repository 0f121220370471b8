//! Where commands are settled: the store, as one of those who share it, observed if that is wanted.

#[cfg(feature = "sabotage")]
pub(super) use crate::sabotage::delivery as spoilt_delivery;
#[cfg(feature = "sabotage")]
use crate::sabotage::store as spoilt_store;

use crate::config::Configuration;
use crate::shelf::Shelf;
use admitone_app::membership::{MemberStore, Membership};
use admitone_app::observed::{Observations, ObservedStore};
#[cfg(not(feature = "sabotage"))]
use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::store::Store;
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
    let store = spoilt_store(store);
    if !configuration.observe {
        return (store, None);
    }
    let observations = Arc::new(Observations::default());
    let store = ObservedStore { store, observations: Arc::clone(&observations) };
    (Arc::new(store), Some(observations))
}

/// Without the feature `sabotage` nothing is spoilt.
#[cfg(not(feature = "sabotage"))]
fn spoilt_store(store: Arc<dyn Store>) -> Arc<dyn Store> {
    store
}

#[cfg(not(feature = "sabotage"))]
pub(super) fn spoilt_delivery(delivery: Arc<dyn Delivery>) -> Arc<dyn Delivery> {
    delivery
}
