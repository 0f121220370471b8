//! What an operator can set, with units, defaults and ceilings. It decides nothing.

use admitone_domain::Moment;
use serde::{Deserialize, Serialize};

/// The longest bypass.
const BYPASS_MS_MAX: u64 = 3_600_000;

/// The settings of a room. All can be changed while it runs; lowering a limit puts nobody out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSettings {
    /// At most so many users inside at a time, called ones included. Default 1,000; `None` is no
    /// limit.
    pub active_max: Option<u32>,
    /// How fast users are admitted. Default 20 per second, smooth; `None` is no limit.
    pub rate: Option<Rate>,
    /// How long a claimed pass lasts, in ms. Default 600,000 (10 minutes).
    pub pass_ttl_ms: u64,
    /// How long a called user has to show up, in ms. Default 30,000.
    pub claim_ms: u64,
    /// Nobody is asked to poll sooner than this, in ms. Default 2,000.
    pub poll_floor_ms: u64,
    /// Nobody is asked to poll later than this, in ms. Default 60,000.
    pub poll_ceiling_ms: u64,
    /// What is added to the floor before somebody counts as silent, in ms: age of the published
    /// view, time of a request, error of a clock. Default 1,000.
    pub react_slack_ms: u64,
    /// Places invited to the deck per second. Default `None`: five times the admission rate.
    pub invite_per_s: Option<u32>,
    /// How many present users are kept ready on the deck. Default `None`: eight seconds of
    /// admissions, 16 at least.
    pub deck_target: Option<u32>,
    /// Whether only users who have just shown themselves are called. Default true; false is the
    /// plain line: the next place in order, present or not.
    pub presence: bool,
    /// How long a place is kept after it was passed, in ms. Default 600,000; `None` is for ever.
    pub grace_ms: Option<u64>,
    /// A hold extends a pass to at most so long from now, and all holds together to at most so
    /// long after the pass's own time, in ms. Default 1,800,000.
    pub extension_ms_max: u64,
    /// What the room does at all. Default [`Mode::Open`].
    pub mode: Mode,
    /// Shown to everybody in line. Default empty.
    pub message: String,
}

/// How fast users are admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// So many users …
    pub users: u32,
    /// … in so many milliseconds.
    pub interval_ms: u64,
    /// What exactly that means.
    pub shape: Shape,
}

/// The two exact meanings of "N per interval".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Time is cut into cells; at most N in each. What a cell leaves over is lost. The cells count
    /// from the moment the interval was set.
    Grid,
    /// Evenly: in any window of length L at most `burst` + L·N/interval.
    Smooth {
        /// How many may enter at once after a pause. It has to cover half a second of the rate,
        /// because the room ticks four times a second.
        burst: u32,
    },
}

/// What the room does, by what a visitor sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Gives places and admits.
    Open,
    /// Gives places, admits nobody for now.
    Paused,
    /// Gives no new places, admits those who have one.
    Draining,
    /// Gives no places and admits nobody; who is inside stays until the pass ends.
    Closed,
    /// Everybody passes, in line or not, until a moment; then open again. At most an hour ahead.
    Bypass {
        /// Microseconds since 1970.
        until_us: i64,
    },
}

/// A setting that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {wanted}")]
pub struct SettingsProblem {
    /// The field of [`RoomSettings`].
    pub field: &'static str,
    /// What it may be.
    pub wanted: &'static str,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            active_max: Some(1_000),
            rate: Some(Rate { users: 20, interval_ms: 1_000, shape: Shape::Smooth { burst: 10 } }),
            pass_ttl_ms: 600_000,
            claim_ms: 30_000,
            poll_floor_ms: 2_000,
            poll_ceiling_ms: 60_000,
            react_slack_ms: 1_000,
            invite_per_s: None,
            deck_target: None,
            presence: true,
            grace_ms: Some(600_000),
            extension_ms_max: 1_800_000,
            mode: Mode::Open,
            message: String::new(),
        }
    }
}

impl RoomSettings {
    /// Checks every setting against its floor and its ceiling.
    ///
    /// # Errors
    /// The first field that cannot be, and what it may be.
    pub fn validate(&self) -> Result<(), SettingsProblem> {
        let day_ms = 86_400_000;
        check(
            self.active_max.is_none_or(|n| (1..=1_000_000).contains(&n)),
            "active_max",
            "1 to 1,000,000",
        )?;
        if let Some(rate) = self.rate {
            rate.validate()?;
        }
        check((1_000..=day_ms).contains(&self.pass_ttl_ms), "pass_ttl_ms", "1 s to 24 h")?;
        check((1_000..=600_000).contains(&self.claim_ms), "claim_ms", "1 s to 10 min")?;
        check((250..=60_000).contains(&self.poll_floor_ms), "poll_floor_ms", "250 ms to 60 s")?;
        check(
            (self.poll_floor_ms..=600_000).contains(&self.poll_ceiling_ms),
            "poll_ceiling_ms",
            "poll_floor_ms to 10 min",
        )?;
        check((250..=60_000).contains(&self.react_slack_ms), "react_slack_ms", "250 ms to 60 s")?;
        check(
            self.invite_per_s.is_none_or(|v| (1..=1_000_000).contains(&v)),
            "invite_per_s",
            "1 to 1,000,000",
        )?;
        check(
            self.deck_target.is_none_or(|n| (1..=100_000).contains(&n)),
            "deck_target",
            "1 to 100,000",
        )?;
        check(
            self.grace_ms.is_none_or(|ms| (1_000..=7 * day_ms).contains(&ms)),
            "grace_ms",
            "1 s to 7 days",
        )?;
        check(self.extension_ms_max <= day_ms, "extension_ms_max", "at most 24 h")?;
        check(self.message.len() <= 1_000, "message", "at most 1,000 bytes")
    }

    /// Checks that a bypass ends soon enough: nobody shall forget it.
    ///
    /// # Errors
    /// It lasts longer than an hour from now.
    pub fn check_bypass(&self, now: Moment) -> Result<(), SettingsProblem> {
        let is_short = match self.mode {
            Mode::Bypass { until_us } => until_us <= now.plus_ms(BYPASS_MS_MAX).0,
            Mode::Open | Mode::Paused | Mode::Draining | Mode::Closed => true,
        };
        check(is_short, "mode.bypass.until_us", "at most an hour from now")
    }

    /// How long a silent user counts as present, in microseconds.
    pub(crate) fn react_us(&self) -> i64 {
        micros(self.poll_floor_ms + self.react_slack_ms)
    }

    /// The poll ceiling that holds: without presence nobody is asked to poll so late that a claim
    /// could lapse unseen.
    pub fn poll_ceiling_ms(&self) -> u64 {
        if self.presence {
            self.poll_ceiling_ms
        } else {
            self.poll_ceiling_ms.min(self.claim_ms / 2).max(1)
        }
    }
}

impl Rate {
    /// Thousandths of a user per second.
    pub(crate) fn per_s_milli(self) -> u64 {
        u64::from(self.users) * 1_000_000 / self.interval_ms
    }

    fn validate(self) -> Result<(), SettingsProblem> {
        check((1..=1_000_000).contains(&self.users), "rate.users", "1 to 1,000,000")?;
        check(
            (100..=86_400_000).contains(&self.interval_ms),
            "rate.interval_ms",
            "100 ms to 24 h",
        )?;
        let half_second = (u64::from(self.users) * 500).div_ceil(self.interval_ms);
        match self.shape {
            Shape::Grid => Ok(()),
            Shape::Smooth { burst } => check(
                (half_second..=1_000_000).contains(&u64::from(burst)) && burst > 0,
                "rate.shape.smooth.burst",
                "at least half a second of the rate, at most 1,000,000",
            ),
        }
    }
}

/// Milliseconds as microseconds; settings are bounded far below the edge.
pub(crate) fn micros(span_ms: u64) -> i64 {
    i64::try_from(span_ms.saturating_mul(1_000)).unwrap_or(i64::MAX)
}

fn check(holds: bool, field: &'static str, wanted: &'static str) -> Result<(), SettingsProblem> {
    if holds { Ok(()) } else { Err(SettingsProblem { field, wanted }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut RoomSettings)) -> Option<&'static str> {
        let mut settings = RoomSettings::default();
        change(&mut settings);
        settings.validate().err().map(|problem| problem.field)
    }

    #[test]
    fn the_defaults_are_valid_and_each_setting_has_a_ceiling() {
        assert_eq!(problem(|_| {}), None);
        assert_eq!(problem(|s| s.active_max = Some(0)), Some("active_max"));
        assert_eq!(problem(|s| s.claim_ms = 1 << 40), Some("claim_ms"));
        assert_eq!(problem(|s| s.poll_ceiling_ms = 1_999), Some("poll_ceiling_ms"));
        assert_eq!(problem(|s| s.extension_ms_max = 1 << 40), Some("extension_ms_max"));
        assert_eq!(problem(|s| s.message = "x".repeat(1_001)), Some("message"));
    }

    #[test]
    fn a_bypass_lasts_an_hour_at_most() {
        let now = Moment(1_000);
        let lasting = |span_ms| RoomSettings {
            mode: Mode::Bypass { until_us: now.plus_ms(span_ms).0 },
            ..RoomSettings::default()
        };
        assert!(lasting(3_600_000).check_bypass(now).is_ok());
        let refused = lasting(3_600_001).check_bypass(now).unwrap_err();
        assert_eq!(refused.field, "mode.bypass.until_us");
        assert!(RoomSettings::default().check_bypass(now).is_ok());
    }

    #[test]
    fn a_burst_that_cannot_carry_the_rate_is_refused() {
        let smooth = |burst| Rate { users: 20, interval_ms: 1_000, shape: Shape::Smooth { burst } };
        let field = Some("rate.shape.smooth.burst");
        assert_eq!(problem(|s| s.rate = Some(smooth(9))), field);
        assert_eq!(problem(|s| s.rate = Some(smooth(10))), None);
    }
}
