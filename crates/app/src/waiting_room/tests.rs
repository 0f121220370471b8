//! Tests of the whole room, each rule with a twin in which it is broken and harm happens.

mod auditor;
mod crowd;
mod exhaustive;
mod line;
mod promise;
mod random;

use super::*;

pub(super) const SECOND_US: i64 = 1_000_000;

pub(super) fn user(n: u64) -> UserKey {
    UserKey((u128::from(n) * 0x1_0001_0001_0001_0001_0001 + 1).to_le_bytes())
}

/// No rate, presence on, a floor of two seconds: the smallest interesting room.
pub(super) fn settings(active_max: u32) -> RoomSettings {
    RoomSettings { active_max: Some(active_max), rate: None, ..RoomSettings::default() }
}

pub(super) fn room(settings: RoomSettings) -> Room {
    Room::new(1, settings, 0).unwrap()
}

pub(super) fn join(n: u64) -> Batch {
    Batch { joins: vec![Join { user: user(n), renew: false }], ..Batch::default() }
}

pub(super) fn touch(n: u64, place: Place) -> Batch {
    let touch = Touch { place, user: Some(user(n)), generation: Generation(0) };
    Batch { touches: vec![touch], ..Batch::default() }
}

pub(super) fn end(n: u64) -> Batch {
    let end = End { user: user(n), place: None, reason: EndReason::Left };
    Batch { ends: vec![end], ..Batch::default() }
}
