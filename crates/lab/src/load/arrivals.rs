//! When requests are due, whatever the house does.

use crate::chance::Chance;
use std::time::Duration;

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// At equal distances.
    Constant,
    /// Independent of each other, as people come.
    Poisson,
    /// Independent of each other, ever more of them: from so many a second, over so many
    /// milliseconds, to the rate.
    Ramp {
        /// A second, at the beginning.
        from: u32,
        /// Until the rate is reached.
        over_ms: u32,
    },
}

/// The moments of a load, one after the other.
#[derive(Debug)]
pub(super) struct Schedule {
    rate: u32,
    arrivals: Arrivals,
    taken: u64,
    next_ns: u64,
    chance: Chance,
}

impl Schedule {
    pub(super) fn new(rate: u32, arrivals: Arrivals, seed: u64) -> Self {
        let mut new = Self { rate, arrivals, taken: 0, next_ns: 0, chance: Chance::new(seed) };
        new.next_ns = new.after(0);
        new
    }

    /// When the next request is due.
    pub(super) fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// Goes on to the one after it.
    pub(super) fn advance(&mut self) {
        self.taken += 1;
        self.next_ns = self.after(self.next_ns);
    }

    fn after(&mut self, ns: u64) -> u64 {
        match self.arrivals {
            // Counted from the beginning, so that nothing is lost by rounding.
            Arrivals::Constant => {
                let ns = u128::from(self.taken) * 1_000_000_000 / u128::from(self.rate);
                u64::try_from(ns).unwrap_or(u64::MAX)
            }
            Arrivals::Poisson => self.behind_a_gap(ns, f64::from(self.rate)),
            Arrivals::Ramp { from, over_ms } => {
                let whole = f64::from(over_ms.max(1)) * 1e6;
                let done = (crate::figures::real(ns) / whole).min(1.0);
                let (from, to) = (f64::from(from.max(1)), f64::from(self.rate));
                self.behind_a_gap(ns, from + (to - from) * done)
            }
        }
    }
}

impl Schedule {
    fn behind_a_gap(&mut self, ns: u64, rate: f64) -> u64 {
        let gap = -self.chance.fraction().ln() / rate;
        ns.saturating_add(crate::time::nanos(Duration::from_secs_f64(gap)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(arrivals: Arrivals, count: usize) -> Vec<u64> {
        let mut schedule = Schedule::new(1_000, arrivals, 7);
        std::iter::repeat_with(|| {
            schedule.advance();
            schedule.next_ns()
        })
        .take(count)
        .collect()
    }

    #[test]
    fn constant_arrivals_are_a_millisecond_apart_at_a_thousand_a_second() {
        assert_eq!(moments(Arrivals::Constant, 3), [1_000_000, 2_000_000, 3_000_000]);
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_vary_as_much_as_their_mean() {
        let moments = moments(Arrivals::Poisson, 20_000);
        let gaps: Vec<f64> = moments
            .windows(2)
            .map(|pair| Duration::from_nanos(pair[1] - pair[0]).as_secs_f64())
            .collect();
        let count = f64::from(u32::try_from(gaps.len()).unwrap());
        let mean = gaps.iter().sum::<f64>() / count;
        let deviation = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count;
        assert!((0.000_97..0.001_03).contains(&mean), "{mean}");
        assert!((0.000_95..0.001_05).contains(&deviation.sqrt()), "{}", deviation.sqrt());
    }

    #[test]
    fn a_ramp_ends_at_the_rate() {
        let moments = moments(Arrivals::Ramp { from: 100, over_ms: 1_000 }, 3_000);
        let within = |from: u64, to: u64| {
            moments.iter().filter(|ns| (from..to).contains(&(**ns / 1_000_000))).count()
        };
        // The middle of a ramp from 100 to 1,000 a second.
        assert!((45..85).contains(&within(0, 300)), "{}", within(0, 300));
        assert!((900..1_100).contains(&within(1_000, 2_000)), "{}", within(1_000, 2_000));
    }
}
