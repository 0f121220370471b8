//! How fast people leave, which is how fast a full room admits: a moving average over steps of
//! five seconds.

use serde::{Deserialize, Serialize};

const STEP_US: i64 = 5_000_000;
const STEP_S: u64 = 5;
const WEIGHT: u64 = 8;
const STEPS_ENOUGH: u32 = 3;
const DEPARTED_ENOUGH: u64 = 20;
const STEPS_SKIPPED_MAX: i64 = 64;

/// The average of departures.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Departures {
    step: Option<i64>,
    in_step: u64,
    steps: u32,
    departed: u64,
    mean_milli: u64,
}

impl Departures {
    /// Somebody's slot became free.
    pub(crate) fn note(&mut self) {
        self.in_step += 1;
        self.departed += 1;
    }

    /// Closes the steps that are over.
    pub(crate) fn roll(&mut self, now_us: i64) {
        let step = now_us.div_euclid(STEP_US);
        let last = *self.step.get_or_insert(step);
        for _ in 0..(step - last).clamp(0, STEPS_SKIPPED_MAX) {
            let rate_milli = std::mem::take(&mut self.in_step) * 1_000 / STEP_S;
            self.steps = self.steps.saturating_add(1);
            // The first steps weigh as in a plain mean, so that the zero it starts from is gone.
            let weight = WEIGHT.min(u64::from(self.steps));
            self.mean_milli = (self.mean_milli * (weight - 1) + rate_milli) / weight;
        }
        self.step = Some(step.max(last));
    }

    /// Thousandths of a user per second; `None` until there is enough to go by.
    pub(crate) fn rate_milli(&self) -> Option<u64> {
        let is_enough = self.steps >= STEPS_ENOUGH && self.departed >= DEPARTED_ENOUGH;
        is_enough.then_some(self.mean_milli)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_follows_the_departures() {
        let mut departures = Departures::default();
        departures.roll(0);
        for ms in (0..120_000).step_by(100) {
            departures.note();
            departures.roll(ms * 1_000);
        }
        assert!((9_000..=11_000).contains(&departures.rate_milli().unwrap()));
        departures.roll(400_000_000);
        assert!(departures.rate_milli().unwrap() < 100);
    }

    #[test]
    fn nothing_is_claimed_before_there_is_enough_to_go_by() {
        let mut departures = Departures::default();
        (0..19).for_each(|_| departures.note());
        departures.roll(0);
        departures.roll(60_000_000);
        assert_eq!(departures.rate_milli(), None);
    }
}
