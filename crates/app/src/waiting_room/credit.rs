//! The rate, exactly: may one more be admitted now? Two shapes, both a few numbers whatever the
//! rate: a grid counts its cell, smooth keeps the time at which the next one is due (GCRA). It
//! knows nothing of the number of users inside.

use super::settings::{Rate, Shape};
use serde::{Deserialize, Serialize};

/// What has been spent of the rate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credit {
    /// Where the cells of the grid count from, in µs; `None` until something was admitted.
    origin_us: Option<i64>,
    /// The last cell that was used, and how often.
    cell: i64,
    used: u32,
    /// When the next admission is due at an even pace, in ns: a rate of 700,000 per second still
    /// has a step of more than one.
    due_ns: i64,
}

impl Credit {
    /// The earliest moment, `now` or later, at which one more may be admitted.
    pub(crate) fn next_us(&self, rate: Option<Rate>, now_us: i64) -> i64 {
        let Some(rate) = rate else { return now_us };
        match rate.shape {
            Shape::Grid => {
                let Some(origin_us) = self.origin_us else { return now_us };
                let cell = cell_at(origin_us, rate, now_us);
                if cell > self.cell || self.used < rate.users {
                    now_us
                } else {
                    origin_us.saturating_add((self.cell + 1).saturating_mul(length_us(rate)))
                }
            }
            Shape::Smooth { burst } => {
                let base_ns = self.base_ns(rate, burst, now_us);
                now_us.max(base_ns.div_euclid(1_000) + i64::from(base_ns.rem_euclid(1_000) > 0))
            }
        }
    }

    /// Counts one admission at `now`.
    pub(crate) fn spend(&mut self, rate: Option<Rate>, now_us: i64) {
        let Some(rate) = rate else { return };
        match rate.shape {
            Shape::Grid => {
                let cell = cell_at(*self.origin_us.get_or_insert(now_us), rate, now_us);
                if cell > self.cell {
                    (self.cell, self.used) = (cell, 0);
                }
                self.used += 1;
            }
            Shape::Smooth { burst } => {
                self.due_ns = self.base_ns(rate, burst, now_us) + step_ns(rate);
            }
        }
    }

    /// Follows a change of the rate. Another number keeps what was spent in this cell; another
    /// interval begins a new grid. A slow rate's long step is cut to the new one's.
    pub(crate) fn change(&mut self, from: Option<Rate>, to: Option<Rate>, now_us: i64) {
        let Some(to) = to else { return };
        let grid = |rate: Rate| (rate.shape == Shape::Grid).then_some(rate.interval_ms);
        if from.and_then(grid) != grid(to) {
            (self.origin_us, self.cell, self.used) = (Some(now_us), 0, 0);
        }
        self.due_ns = self.due_ns.min(now_us.saturating_mul(1_000).saturating_add(step_ns(to)));
    }

    /// Unused credit is banked up to the burst, never more.
    fn base_ns(&self, rate: Rate, burst: u32, now_us: i64) -> i64 {
        let banked_ns = i64::from(burst.saturating_sub(1)).saturating_mul(step_ns(rate));
        self.due_ns.max(now_us.saturating_mul(1_000).saturating_sub(banked_ns))
    }
}

fn cell_at(origin_us: i64, rate: Rate, now_us: i64) -> i64 {
    now_us.saturating_sub(origin_us).div_euclid(length_us(rate))
}

fn length_us(rate: Rate) -> i64 {
    super::settings::micros(rate.interval_ms)
}

/// Rounded up: a nanosecond too slow keeps the bound, a nanosecond too fast breaks it.
fn step_ns(rate: Rate) -> i64 {
    let users = i64::from(rate.users.max(1));
    let length_ns = length_us(rate).saturating_mul(1_000);
    length_ns.div_euclid(users) + i64::from(length_ns.rem_euclid(users) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(credit: &mut Credit, rate: Rate, times_us: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut entered = Vec::new();
        for now_us in times_us {
            while credit.next_us(Some(rate), now_us) <= now_us && entered.len() < 10_000 {
                credit.spend(Some(rate), now_us);
                entered.push(now_us);
            }
        }
        entered
    }

    #[test]
    fn a_grid_admits_exactly_its_number_in_each_cell() {
        let rate = Rate { users: 7, interval_ms: 1_000, shape: Shape::Grid };
        let entered = admitted(&mut Credit::default(), rate, (0..3_000).map(|ms| ms * 1_000));
        for cell in 0..3 {
            let inside = entered.iter().filter(|us| **us / 1_000_000 == cell).count();
            assert_eq!(inside, 7);
        }
    }

    #[test]
    fn every_window_of_a_smooth_rate_is_within_its_bound() {
        let rate = Rate { users: 3, interval_ms: 1_000, shape: Shape::Smooth { burst: 2 } };
        let entered = admitted(&mut Credit::default(), rate, (0..9_000).map(|ms| ms * 1_000));
        assert!(entered.len() >= 27, "the rate is reached: {}", entered.len());
        for (first, start) in entered.iter().enumerate() {
            for (last, end) in entered.iter().enumerate().skip(first) {
                let bound = 2 + (end - start) * 3 / 1_000_000;
                assert!(i64::try_from(last - first + 1).unwrap() <= bound);
            }
        }
    }

    #[test]
    fn credit_is_not_banked_beyond_the_burst_while_nobody_waits() {
        let rate = Rate { users: 10, interval_ms: 1_000, shape: Shape::Smooth { burst: 5 } };
        let entered = admitted(&mut Credit::default(), rate, std::iter::once(3_600_000_000));
        assert_eq!(entered.len(), 5);
    }

    #[test]
    fn a_slow_rate_that_is_raised_does_not_keep_its_long_step() {
        let slow = Rate { users: 1, interval_ms: 3_600_000, shape: Shape::Smooth { burst: 1 } };
        let fast = Rate { users: 10, interval_ms: 1_000, shape: Shape::Smooth { burst: 5 } };
        let mut credit = Credit::default();
        credit.spend(Some(slow), 0);
        assert_eq!(credit.next_us(Some(slow), 1), 3_600_000_000);
        credit.change(Some(slow), Some(fast), 1);
        assert!(credit.next_us(Some(fast), 1) <= 100_001);
    }
}
