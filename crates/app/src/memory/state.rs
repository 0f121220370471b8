//! What the in-memory store keeps.

use crate::ports::notes::{Kind, Note};
use crate::ports::webhooks::{Attempt, Endpoint};
use admitone_domain::id::ReservationId;
use admitone_domain::reservation::{Reservation, ReservationState};
use admitone_domain::wallet::Entry;
use admitone_domain::{
    Change, CommandMap, Delta, Event, Key, KeyMap, Loaded, Moment, Money, Row, StoredAnswer,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Everything, as it is committed.
#[derive(Default)]
pub(super) struct State {
    pub(super) rows: KeyMap<Loaded>,
    pub(super) answers: CommandMap<Arc<StoredAnswer>>,
    pub(super) entries: Vec<Entry>,
    pub(super) events: Vec<Event>,
    pub(super) fences: HashMap<String, u64>,
    pub(super) sequences: HashMap<&'static str, u64>,
    pub(super) roads: HashMap<String, Road>,
    pub(super) endpoints: BTreeMap<u64, Endpoint>,
    /// Attempts with their numbers.
    pub(super) attempts: Vec<(u64, Attempt)>,
    pub(super) notes: BTreeMap<(Kind, String), Note>,
}

/// How far a road is, and who is at work on it.
pub(super) struct Road {
    pub(super) begin: u64,
    /// Each with the end of its lease.
    pub(super) relays: HashMap<u128, Moment>,
    pub(super) lanes: Vec<RoadLane>,
}

/// A lane of a road.
#[derive(Clone, Default)]
pub(super) struct RoadLane {
    pub(super) holder: Option<u128>,
    pub(super) token: u64,
    pub(super) progress: Vec<u8>,
}

impl State {
    pub(super) fn version(&self, key: Key) -> u64 {
        self.rows.get(&key).map_or(0, |loaded| loaded.version)
    }

    /// Holds that are over, the longest first.
    pub(super) fn due(&self, now: Moment, of: impl Fn(&Reservation) -> bool) -> Vec<ReservationId> {
        let mut due: Vec<_> = self
            .rows
            .values()
            .filter_map(|loaded| match &*loaded.row {
                Row::Reservation(held) if is_over(held, now) && of(held) => Some(held),
                _ => None,
            })
            .map(|held| (held.held_until, held.id))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// Writes a change as a whole, whatever is there.
    pub(super) fn overwrite(&mut self, change: &Change) {
        let version = self.version(change.key()) + 1;
        self.rows.insert(change.key(), Loaded { version, row: change.row.clone() });
    }

    /// Applies a change's delta to what is there now.
    pub(super) fn apply(&mut self, change: &Change) {
        let key = change.key();
        let Some(loaded) = self.rows.get_mut(&key) else {
            return self.overwrite(change);
        };
        match (change.delta, Arc::make_mut(&mut loaded.row)) {
            (Delta::Stock { held, sold }, Row::TicketType(stock)) => {
                stock.held = moved(stock.held, held);
                stock.sold = moved(stock.sold, sold);
            }
            (Delta::Balance(sum), Row::Wallet(wallet)) => {
                wallet.balance = Money(wallet.balance.0.saturating_add(sum));
            }
            (Delta::Quota(sum), Row::Quota { taken, .. }) => *taken = moved(*taken, sum),
            (_, row) => row.clone_from(&change.row),
        }
        loaded.version += 1;
    }
}

fn is_over(reservation: &Reservation, now: Moment) -> bool {
    reservation.state() == ReservationState::Held && reservation.held_until <= now
}

/// The caller has checked the guard: the sum fits.
fn moved(count: u32, by: i64) -> u32 {
    u32::try_from(i64::from(count) + by).unwrap_or(if by < 0 { 0 } else { u32::MAX })
}
