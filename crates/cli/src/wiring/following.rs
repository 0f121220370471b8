//! Following what other instances commit, and having them look at what is committed here.

use super::Purpose;
use crate::beside::Beside;
use crate::exit::Failed;
use crate::shelf::Shelf;
use admitone_app::follower::{Follower, Ringer, Start};
use admitone_app::ports::bell::{Bell, NoBell};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::tap::Tap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Follows what others commit, if they can and this house sells.
pub(super) async fn begin(shelf: &Shelf, purpose: Purpose) -> Result<Option<Start>, Failed> {
    match shelf.outbox().filter(|_| purpose == Purpose::Selling) {
        Some(outbox) => Ok(Some(Follower::begin(outbox).await?)),
        None => Ok(None),
    }
}

/// Who has others look at once, where anybody is there to look: Redis if there is one, else the
/// store if it can.
pub(super) async fn bell(
    shelf: &Shelf,
    purpose: Purpose,
    beside: Option<&Beside>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Option<Arc<dyn Bell>>, Failed> {
    let follows = purpose == Purpose::Selling && shelf.is_shared();
    if !follows && purpose != Purpose::Working {
        return Ok(None);
    }
    match beside {
        Some(beside) => Ok(Some(beside.bell(tasks, stop))),
        None => Ok(Some(shelf.bell(tasks, stop).await?.unwrap_or_else(|| Arc::new(NoBell)))),
    }
}

/// Tells those who follow commits of what others commit, where anybody does, and has others look at
/// what is committed here.
pub(super) fn follow(
    start: Option<Start>,
    bell: Option<Arc<dyn Bell>>,
    (reads, clock): (&Arc<dyn Reads>, &Arc<dyn Clock>),
    taps: &mut Vec<Arc<dyn Tap>>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) {
    let Some(bell) = bell else { return };
    if let Some(start) = start {
        let follower = start.follow(Arc::clone(reads), taps.clone(), Arc::clone(clock));
        tasks.spawn(follower.woken_by(Arc::clone(&bell)).run(stop.clone()));
    }
    let ringer = Arc::new(Ringer::new(bell, Arc::clone(clock)));
    tasks.spawn(Arc::clone(&ringer).run(stop.clone()));
    taps.push(ringer);
}
