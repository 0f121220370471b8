//! Who is inside: the called and the claimed, with their deadlines. The number of slots in use is
//! the size of this set and never a counter of its own.

use super::place::{Place, UserKey};
use crate::ports::shared_room::SharedPass;
use hashbrown::{HashMap, HashSet};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One place inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Whose it is.
    pub user: UserKey,
    /// When it was called: what a pass lasts in all counts from here.
    pub called_us: i64,
    /// Until when it lasts.
    pub deadline_us: i64,
    /// Whether the user has shown up since the call.
    pub claimed: bool,
}

impl From<SharedPass> for Slot {
    fn from(pass: SharedPass) -> Self {
        let SharedPass { user, called_us, deadline_us, is_claimed: claimed, .. } = pass;
        Self { user, called_us, deadline_us, claimed }
    }
}

/// The places inside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots {
    inside: HashMap<Place, Slot>,
    users: HashSet<UserKey>,
    due: BTreeSet<(i64, Place)>,
    claimed: u64,
}

impl Slots {
    pub(crate) fn len(&self) -> u64 {
        self.inside.len() as u64
    }

    pub(crate) fn claimed(&self) -> u64 {
        self.claimed
    }

    pub(crate) fn get(&self, place: Place) -> Option<Slot> {
        self.inside.get(&place).copied()
    }

    pub(crate) fn holds(&self, user: UserKey) -> bool {
        self.users.contains(&user)
    }

    /// Puts a place inside, or changes it.
    pub(crate) fn put(&mut self, place: Place, slot: Slot) {
        self.remove(place);
        self.users.insert(slot.user);
        self.due.insert((slot.deadline_us, place));
        self.claimed += u64::from(slot.claimed);
        self.inside.insert(place, slot);
    }

    pub(crate) fn remove(&mut self, place: Place) -> Option<Slot> {
        let slot = self.inside.remove(&place)?;
        self.users.remove(&slot.user);
        self.due.remove(&(slot.deadline_us, place));
        self.claimed -= u64::from(slot.claimed);
        Some(slot)
    }

    /// The earliest deadline and whose it is.
    pub(crate) fn first_due(&self) -> Option<(i64, Place)> {
        self.due.first().copied()
    }

    /// In the order of their deadlines.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Place, Slot)> {
        self.due.iter().filter_map(|(_, place)| Some((*place, self.get(*place)?)))
    }
}
