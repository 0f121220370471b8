//! Who is inside, for everybody who has to ask without waiting: gated requests, on any thread.
//! The desk writes it after a change is durable and before anybody is told.

use super::place::{Generation, Place, UserKey};
use super::record::Record;
use super::room::Room;
use crate::ports::shared_room::{PassChanges, SharedPass};
use hashbrown::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

const SHARDS: u64 = 16;

/// The places inside.
#[derive(Debug)]
pub(crate) struct Passes {
    shards: Vec<RwLock<HashMap<Place, Inside>>>,
}

/// One place inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inside {
    pub(crate) user: UserKey,
    pub(crate) generation: Generation,
    pub(crate) deadline_us: i64,
    pub(crate) is_claimed: bool,
}

impl From<SharedPass> for Inside {
    fn from(pass: SharedPass) -> Self {
        let SharedPass { user, generation, deadline_us, is_claimed, .. } = pass;
        Self { user, generation, deadline_us, is_claimed }
    }
}

impl Passes {
    /// Nobody inside.
    pub(crate) fn empty() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect() }
    }

    /// The places inside a room.
    pub(crate) fn of(room: &Room) -> Self {
        let passes = Self::empty();
        room.inside().for_each(|place| passes.refresh(place, room));
        passes
    }

    pub(crate) fn get(&self, place: Place) -> Option<Inside> {
        self.shard(place)?.read().unwrap_or_else(PoisonError::into_inner).get(&place).copied()
    }

    /// Follows what was recorded. `room` is the room after it.
    pub(crate) fn follow(&self, records: &[Record], room: &Room) {
        for record in records {
            match record {
                Record::Admitted { place, .. }
                | Record::Claimed { place, .. }
                | Record::Extended { place, .. }
                | Record::Renewed { place }
                | Record::Lapsed { place }
                | Record::Ended { place, .. } => self.refresh(*place, room),
                Record::Reset => self.clear(),
                Record::Clock { .. }
                | Record::Frontier { .. }
                | Record::Joined { .. }
                | Record::Called { .. }
                | Record::Changed(_) => {}
            }
        }
    }

    /// Follows what a shared room told.
    pub(crate) fn take_over(&self, told: &PassChanges) {
        if told.is_whole {
            self.keep_only(&told.changed.iter().map(|(place, _)| *place).collect());
        }
        for (place, pass) in &told.changed {
            let Some(shard) = self.shard(*place) else { continue };
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            match pass {
                Some(pass) => shard.insert(*place, Inside::from(*pass)),
                None => shard.remove(place),
            };
        }
    }

    /// Not cleared and filled again: whoever is inside must not be turned away in between.
    fn keep_only(&self, places: &HashSet<Place>) {
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|place, _| places.contains(place));
        }
    }

    /// Writes what the room says of a place now, so that a record never undoes a later one.
    fn refresh(&self, place: Place, room: &Room) {
        let Some(shard) = self.shard(place) else { return };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        match (room.pass(place), room.member(place)) {
            (Some((deadline_us, is_claimed)), Some((user, generation))) => {
                shard.insert(place, Inside { user, generation, deadline_us, is_claimed });
            }
            (None, _) | (_, None) => {
                shard.remove(&place);
            }
        }
    }

    fn clear(&self) {
        for shard in &self.shards {
            shard.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    fn shard(&self, place: Place) -> Option<&RwLock<HashMap<Place, Inside>>> {
        self.shards.get(usize::try_from(place.0 % SHARDS).ok()?)
    }
}
