//! Whether anything is under way in a house still. What nobody heard the end of may come out of a queue
//! long after its load has ended, and a house that is read meanwhile is read at several moments at once.

use super::{Reservation, State};
use crate::Trouble;
use crate::site::Site;
use crate::target::Visit;
use crate::time::{Stopwatch, pause};
use std::net::SocketAddr;
use std::time::Duration;

/// Whether a house is waited for before it is read.
#[derive(Debug, Clone, Default)]
pub struct Rest {
    /// All its instances: each knows only its own workers and channels.
    pub(crate) addresses: Vec<SocketAddr>,
    /// So long it is waited for. Where everybody was answered nothing is under way, and it is not.
    pub(crate) patience: Duration,
}

/// A command that travels is good for half a minute; then it is refused, which takes its time too.
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// A payment in parts is in no queue between two of them: so often in a row they must be empty.
const EMPTY_LOOKS: u32 = 2;

impl Rest {
    /// Nobody is waited for: everybody was answered.
    pub(crate) fn unneeded() -> Self {
        Self::default()
    }

    /// Something may be under way.
    pub(crate) fn wanted(addresses: Vec<SocketAddr>) -> Self {
        Self { addresses, patience: PATIENCE }
    }

    pub(super) fn begin(&self) -> Waiting<'_> {
        Waiting { rest: self, since: Stopwatch::start() }
    }
}

/// Somebody waits.
pub(super) struct Waiting<'a> {
    rest: &'a Rest,
    since: Stopwatch,
}

impl Waiting<'_> {
    pub(super) fn is_over(&self) -> bool {
        self.since.seconds() >= self.rest.patience.as_secs_f64()
    }

    /// Waits until no queue has anything, or until patience is over; whether they were empty then.
    pub(super) async fn for_queues(&self, site: &Site) -> Result<bool, Trouble> {
        let mut empty = 0;
        while !self.is_over() {
            empty = if self.under_way(site).await? == 0 { empty + 1 } else { 0 };
            if empty >= EMPTY_LOOKS {
                return Ok(true);
            }
            pause(BETWEEN_LOOKS).await;
        }
        Ok(false)
    }

    /// Why what is read now is not sure to be of one moment.
    pub(super) async fn why_not(&self, site: &Site) -> Result<String, Trouble> {
        let (waited, jobs) = (self.since.seconds(), self.under_way(site).await?);
        Ok(format!(
            "the house had not come to rest {waited:.0} s after the load ({jobs} commands in its queues): \
             what was read of it is of several moments, and what is found may only look wrong"
        ))
    }

    /// How many commands wait, run or are delayed. What was put away is not under way.
    async fn under_way(&self, site: &Site) -> Result<u64, Trouble> {
        let mut all = 0;
        for address in &self.rest.addresses {
            let mut visit = Visit::begin(*address).await?;
            let said = visit.get(site.operator(), "/api/v1/operator/queues").await?;
            let queues = said["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let counts = queues.iter().flat_map(|queue| {
                ["waiting", "running", "delayed"].map(|state| queue[state].as_u64().unwrap_or(0))
            });
            all += counts.sum::<u64>();
        }
        Ok(all)
    }
}

/// Whether two readings show the same of everything that a command can move.
pub(super) fn is_same(before: &State, after: &State) -> bool {
    before.wallets == after.wallets
        && before.payments == after.payments
        && are_same(&before.reservations, &after.reservations)
}

/// Each says when it was read, which is never the same.
fn are_same(before: &[Reservation], after: &[Reservation]) -> bool {
    let is_as_before = |(one, other): (&Reservation, &Reservation)| {
        let seen_at = one.seen_at.clone();
        *one == Reservation { seen_at, ..other.clone() }
    };
    before.len() == after.len() && before.iter().zip(after).all(is_as_before)
}
