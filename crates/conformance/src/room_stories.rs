//! Random stories of a room: who comes, shows himself, leaves; clocks that step back, stalls,
//! settings that change, resets. Batches of one to four commands. [`Comparison`] tells one to the
//! embedded room and to shared ones, and finds out where they differ.

mod comparison;

pub use comparison::{Comparison, Difference, Happened, Side};

use admitone_app::ports::clock::Clock;
use admitone_app::waiting_room::{
    Batch, Control, End, EndReason, Extension, Generation, Join, Mode, Place, Rate, Room,
    RoomSettings, Shape, Touch, UserKey,
};
use admitone_domain::Moment;
use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that can also be set back.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that stands at a moment.
    pub fn at(now_us: i64) -> Self {
        Self(AtomicI64::new(now_us))
    }

    /// What it shows.
    pub fn now_us(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Sets it forward or back.
    pub fn step_ms(&self, step_ms: i64) {
        self.0.fetch_add(step_ms * 1_000, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.now_us())
    }

    async fn sleep_ms(&self, _span_ms: u64) {}
}

/// Numbers that repeat with their seed.
pub struct Chance(pub u64);

impl Chance {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(u64::try_from(high - low).unwrap_or(1))).unwrap_or(0)
    }

    fn small(&mut self, bound: u64) -> u32 {
        u32::try_from(self.below(bound)).unwrap_or(0)
    }
}

/// A user's key.
pub fn user(n: u64) -> UserKey {
    UserKey((u128::from(n) * 0x1_0001_0001_0001_0001_0001 + 1).to_le_bytes())
}

/// A user joins.
pub fn join(n: u64) -> Batch {
    Batch { joins: vec![Join { user: user(n), renew: false }], ..Batch::default() }
}

/// A user shows the first token of a place.
pub fn touch(n: u64, place: Place) -> Batch {
    let touch = Touch { place, user: Some(user(n)), generation: Generation(0) };
    Batch { touches: vec![touch], ..Batch::default() }
}

/// How many commands a batch has.
pub fn size(batch: &Batch) -> u64 {
    let Batch { controls, extensions, ends, joins, touches } = batch;
    (controls.len() + extensions.len() + ends.len() + joins.len() + touches.len()) as u64
}

/// One inside at a time, no rate.
pub fn one_inside() -> RoomSettings {
    RoomSettings { active_max: Some(1), rate: None, ..RoomSettings::default() }
}

/// Any settings that make something happen.
pub fn settings(chance: &mut Chance) -> RoomSettings {
    let rate = match chance.below(4) {
        0 => Some(Rate { users: 1 + chance.small(3), interval_ms: 5_000, shape: Shape::Grid }),
        1 => {
            let shape = Shape::Smooth { burst: 1 + chance.small(3) };
            // A step that is no whole number of nanoseconds.
            Some(Rate { users: 1 + chance.small(3), interval_ms: 1_999, shape })
        }
        _ => None,
    };
    RoomSettings {
        active_max: (chance.below(5) > 0).then(|| 1 + chance.small(4)),
        rate,
        presence: chance.below(4) > 0,
        invite_per_s: (chance.below(3) > 0).then(|| 1 + chance.small(5)),
        deck_target: (chance.below(3) > 0).then(|| 1 + chance.small(3)),
        poll_floor_ms: 250 + chance.below(3_000),
        react_slack_ms: if chance.below(2) == 0 { 1_000 } else { 4_000 },
        pass_ttl_ms: 3_000 + chance.below(20_000),
        claim_ms: 3_000,
        grace_ms: (chance.below(4) > 0).then_some(40_000),
        extension_ms_max: 30_000,
        ..RoomSettings::default()
    }
}

/// What happens next.
pub struct Story {
    users: u64,
}

impl Story {
    /// Every other story has a crowd, the others few who come again and again.
    pub fn new(seed: u64) -> Self {
        Self { users: if seed.is_multiple_of(2) { 12 } else { 400 } }
    }

    /// What is asked next, and how late it is then. Nothing is asked that `room` would not notice.
    pub fn next(&mut self, chance: &mut Chance, clock: &TestClock, room: &Room) -> Batch {
        clock.step_ms(match chance.below(36) {
            0..8 => 0,
            8..24 => 250,
            24..34 => chance.between(1, 3_000),
            34 => 40_000,
            _ => chance.between(-60_000, 0),
        });
        let mut batch = Batch::default();
        for _ in 0..=chance.below(4) {
            self.add(&mut batch, chance, clock.now_us(), room);
        }
        batch
    }

    fn add(&self, batch: &mut Batch, chance: &mut Chance, now_us: i64, room: &Room) {
        let n = chance.below(self.users);
        match chance.below(200) {
            0..60 => {
                batch.joins.push(Join { user: user(n), renew: chance.below(10) == 0 });
            }
            60..150 => batch.touches.push(Self::touch(n, chance, room)),
            150..172 => batch.ends.push(end(n, chance)),
            172..184 => {
                let place = Place(place_of(n, room).map_or(n, |place| place.0));
                let until_us = now_us + chance.between(-1_000_000, 90_000_000);
                batch.extensions.push(Extension { place, until_us });
            }
            184..190 => batch.controls.push(change(chance, now_us)),
            190 if chance.below(8) == 0 => batch.controls.push(Control::Reset),
            _ => {}
        }
    }

    fn touch(n: u64, chance: &mut Chance, room: &Room) -> Touch {
        let place = place_of(n, room).unwrap_or(Place(chance.below(50)));
        let known = room.member(place).map_or(0, |(_, generation)| generation.0);
        let generation = Generation(if chance.below(12) == 0 { known + 1 } else { known });
        let stranger = chance.below(25) == 0;
        let user = (chance.below(6) > 0).then(|| user(if stranger { n + 1 } else { n }));
        Touch { place, user, generation }
    }
}

/// The user's place, if it is one of the last few hundred.
fn place_of(n: u64, room: &Room) -> Option<Place> {
    let issued = room.snapshot().issued;
    let is_theirs = |place: &Place| room.member(*place).is_some_and(|m| m.0 == user(n));
    (issued.saturating_sub(600) + 1..=issued).rev().map(Place).find(is_theirs)
}

fn end(n: u64, chance: &mut Chance) -> End {
    let reasons = [EndReason::Paid, EndReason::Left, EndReason::Expired, EndReason::Revoked];
    let place = (chance.below(4) == 0).then(|| Place(chance.below(60)));
    End { user: user(n), place, reason: reasons[usize::try_from(chance.below(4)).unwrap_or(0)] }
}

fn change(chance: &mut Chance, now_us: i64) -> Control {
    let mode = match chance.below(12) {
        0 => Mode::Paused,
        1 => Mode::Draining,
        2 => Mode::Closed,
        3 => Mode::Bypass { until_us: now_us + chance.between(1, 30_000_000) },
        _ => Mode::Open,
    };
    let message = if chance.below(3) == 0 { "Doors at seven" } else { "" }.to_owned();
    let mut settings = RoomSettings { mode, message, ..settings(chance) };
    if chance.below(10) == 0 {
        // Cannot be: refused, and nothing changes.
        settings.claim_ms = 0;
    }
    Control::Change(Box::new(settings))
}
