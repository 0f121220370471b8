//! The room's counters at one moment. From them and a token alone, a far poll is answered: how
//! many are ahead, how long it will take, when to ask again. No store, no lock, no room.

use super::estimate::Stretch;
use super::place::Place;
use super::settings::Mode;

/// The counters of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which room.
    pub room: u32,
    /// Which life of it; tokens of another one are void.
    pub epoch: u16,
    /// What it does.
    pub mode: Mode,
    /// Its clock, in µs since 1970.
    pub clock_us: i64,
    /// The last place that was given.
    pub issued: u64,
    /// Places up to here are invited to the deck.
    pub deck_to: u64,
    /// Places up to here may be admitted.
    pub ripe_to: u64,
    /// How many are on the deck.
    pub deck: u64,
    /// How many have a place and are not inside.
    pub waiting: u64,
    /// How many are called but have not shown up yet.
    pub called: u64,
    /// How many are inside.
    pub claimed: u64,
    /// At most so many called and inside.
    pub active_max: Option<u32>,
    /// Admissions to be expected, thousandths of a user per second.
    pub rate_milli: Option<u64>,
    /// How many of a thousand invited are there.
    pub show_permille: Option<u32>,
    /// The speed that polls are promised by, thousandths of a place per second.
    pub invite_milli: u64,
    /// Nobody is asked to poll sooner, in ms.
    pub poll_floor_ms: u64,
    /// Nobody is asked to poll later, in ms.
    pub poll_ceiling_ms: u64,
    /// By how much its forecasts are stretched; `None` while that is being calculated.
    pub stretch: Option<Stretch>,
}

/// How long it will take: six of ten times between these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eta {
    /// Sooner than this one time in five, in ms.
    pub low_ms: u64,
    /// Later than this one time in five, in ms.
    pub high_ms: u64,
}

impl Snapshot {
    /// Whether a place is invited, so that its poll must reach the room.
    pub fn is_invited(&self, place: Place) -> bool {
        place.0 <= self.deck_to
    }

    /// Present users before a place that is not invited yet. Without a measured share, everybody
    /// counts as present.
    pub fn ahead(&self, place: Place) -> u64 {
        let between = place.0.saturating_sub(self.deck_to.saturating_add(1));
        let share = u64::from(self.show_permille.unwrap_or(1_000));
        self.deck + between.saturating_mul(share) / 1_000
    }

    /// When so many users ahead will be through. `None`: still calculating, or nobody is let in.
    pub fn eta(&self, ahead: u64) -> Option<Eta> {
        let (low_ms, high_ms) = self.stretch?.apply(self.forecast_ms(ahead)?);
        matches!(self.mode, Mode::Open | Mode::Draining).then_some(Eta { low_ms, high_ms })
    }

    /// When a place is asked to poll next, in ms. `chance` is a random number; it makes the time
    /// up to 30 percent shorter and never longer, because the time is a promise of the room.
    pub fn next_poll_ms(&self, place: Place, chance: u32) -> u64 {
        let distance = place.0.saturating_sub(self.deck_to);
        let due_ms = distance.saturating_mul(1_000_000) / self.invite_milli.max(1);
        let due_ms = due_ms.clamp(self.poll_floor_ms, self.poll_ceiling_ms.max(self.poll_floor_ms));
        due_ms - ((due_ms.saturating_mul(3) / 10).saturating_mul(u64::from(chance)) >> 32)
    }

    /// The bare forecast, not stretched yet.
    pub(crate) fn forecast_ms(&self, ahead: u64) -> Option<u64> {
        let rate_milli = self.rate_milli.filter(|rate| *rate > 0)?;
        Some((ahead + 1).saturating_mul(1_000_000) / rate_milli)
    }
}
