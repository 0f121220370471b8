//! Joining those who share the store.

use super::{Purpose, chance};
use crate::config::Configuration;
use crate::exit::{Failed, failed};
use crate::shelf::{Guards, Shelf};
use admitone_app::Trouble;
use admitone_app::membership::{LEASE_MS, Membership, Who};
use admitone_app::ports::clock::Clock;
use admitone_app::strategy::StrategyMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Where a house has its waiting rooms.
fn rooms_in(configuration: &Configuration) -> &'static str {
    if configuration.redis.addresses().is_empty() { "the store" } else { "Redis" }
}

/// Who joins for a purpose; whoever only looks does not.
pub(super) fn who(
    purpose: Purpose,
    configuration: &Configuration,
    guards: Guards,
) -> Option<Who<'static>> {
    let task = Who { id: chance(), rooms: None, lease_ms: LEASE_MS, allows_unsafe: false };
    match purpose {
        Purpose::Selling => {
            let allows_unsafe = guards == Guards::LeftOut;
            Some(Who { rooms: Some(rooms_in(configuration)), allows_unsafe, ..task })
        }
        Purpose::Working => {
            let allows_unsafe = guards == Guards::LeftOut;
            Some(Who { allows_unsafe, ..task })
        }
        Purpose::Task => Some(task),
        Purpose::Looking => None,
    }
}

/// Joins those who share the store, if anybody can, and stays one of them.
pub(super) async fn join(
    shelf: &Shelf,
    map: &StrategyMap,
    clock: &Arc<dyn Clock>,
    who: Option<Who<'_>>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Option<Arc<Membership>>, Failed> {
    let (Some(instances), Some(who)) = (shelf.instances(), who) else { return Ok(None) };
    let joined = Membership::join(instances, Arc::clone(clock), map, who).await;
    let refused = |trouble: Trouble| failed("joining the instances of this store")(trouble.detail);
    let membership = Arc::new(joined.map_err(refused)?);
    tasks.spawn(Arc::clone(&membership).run(stop.clone()));
    Ok(Some(membership))
}
