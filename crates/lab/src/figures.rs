//! Figures: read off a history, and put together over several runs.

use crate::history::{Event, History, Outcome};
use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize};

const SHORTEST_NS: u64 = 1_000;
const LONGEST_NS: u64 = 120_000_000_000;
/// Three digits.
const DIGITS: u8 = 3;

/// How long answers took. What failed counts as slower than everything that was answered: an
/// answer that never came is not a fast one.
#[derive(Debug, Clone)]
pub struct Latency {
    answered: Histogram<u64>,
    failed: u64,
}

/// Percentiles in milliseconds; none where so many failed that there is no answer there.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of the requests took at most so long.
    pub p50_ms: Option<f64>,
    /// 90 of 100.
    pub p90_ms: Option<f64>,
    /// 95 of 100.
    #[serde(default)]
    pub p95_ms: Option<f64>,
    /// 99 of 100.
    pub p99_ms: Option<f64>,
    /// 999 of 1,000.
    pub p999_ms: Option<f64>,
    /// The longest.
    pub max_ms: Option<f64>,
}

impl Latency {
    /// Of the requests that were due in the window, from the intended time.
    pub fn of(history: &History) -> Self {
        Self::from(history, |event| event.intended_ns)
    }

    /// How late the generator was: from the intended time until they were sent, whether for want
    /// of a free connection or of processor time.
    pub fn lateness_of(history: &History) -> Self {
        let mut late = Self::empty();
        let is_sent = |event: &&Event| event.outcome != Outcome::NotSent;
        let due = history.events.iter().filter(|event| history.window.has(event.intended_ns));
        for event in due.filter(is_sent) {
            late.add(event.sent_ns.saturating_sub(event.intended_ns));
        }
        late
    }

    fn from(history: &History, begin: impl Fn(&Event) -> u64) -> Self {
        let mut latency = Self::empty();
        for event in history.events.iter().filter(|event| history.window.has(event.intended_ns)) {
            if matches!(event.outcome, Outcome::Done { .. }) {
                latency.add(event.ended_ns.saturating_sub(begin(event)));
            } else {
                latency.failed += 1;
            }
        }
        latency
    }

    fn empty() -> Self {
        #[expect(clippy::expect_used, reason = "the bounds are constants that are in order")]
        let answered = Histogram::new_with_bounds(SHORTEST_NS, LONGEST_NS, DIGITS)
            .expect("the bounds of the histogram");
        Self { answered, failed: 0 }
    }

    fn add(&mut self, ns: u64) {
        self.answered.saturating_record(ns);
    }

    /// How many failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// How long so many of 1,000 took at most, in milliseconds.
    pub fn at_permille(&self, permille: u64) -> Option<f64> {
        let all = self.answered.len() + self.failed;
        let rank = (all * permille).div_ceil(1_000).max(1);
        if all == 0 || rank > self.answered.len() {
            return None;
        }
        let quantile = real(rank) / real(self.answered.len());
        Some(real(self.answered.value_at_quantile(quantile)) / 1e6)
    }

    /// What share of all took at most how many milliseconds, for a plot: from the fastest to the
    /// slowest that was answered.
    pub fn distribution(&self) -> Vec<(f64, f64)> {
        const STEPS: [u64; 19] = [
            0, 100, 200, 300, 400, 500, 600, 700, 800, 850, 900, 925, 950, 970, 980, 990, 995, 999,
            1_000,
        ];
        let at = |permille: &u64| Some((real(*permille) / 1_000.0, self.at_permille(*permille)?));
        STEPS.iter().filter_map(at).collect()
    }

    /// The mean of what was answered, in milliseconds.
    pub fn mean_ms(&self) -> Option<f64> {
        (!self.answered.is_empty()).then(|| self.answered.mean() / 1e6)
    }

    /// The longest that was answered, in milliseconds, whatever failed.
    pub fn longest_ms(&self) -> Option<f64> {
        (!self.answered.is_empty()).then(|| real(self.answered.max()) / 1e6)
    }

    /// The usual ones.
    pub fn percentiles(&self) -> Percentiles {
        Percentiles {
            p50_ms: self.at_permille(500),
            p90_ms: self.at_permille(900),
            p95_ms: self.at_permille(950),
            p99_ms: self.at_permille(990),
            p999_ms: self.at_permille(999),
            max_ms: self.at_permille(1_000),
        }
    }
}

/// Answers that counted, a second: those that came in the window and that the auditor lets stand.
pub fn throughput(history: &History, stands: impl Fn(&Event) -> bool) -> f64 {
    let counted = history.done().filter(|(event, _, _)| history.window.has(event.ended_ns));
    let count = counted.filter(|(event, _, _)| stands(event)).count();
    let seconds = history.window.seconds();
    if seconds > 0.0 { real(u64::try_from(count).unwrap_or(u64::MAX)) / seconds } else { 0.0 }
}

/// Median and range of several runs. Where a run has no figure because so much of it failed, what it
/// would have taken has no end: the greatest is infinite then, and the median too if that is so of
/// half of the runs. JSON has no such number: there it is null.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The one in the middle.
    #[serde(deserialize_with = "or_endless")]
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The greatest.
    #[serde(deserialize_with = "or_endless")]
    pub max: f64,
}

/// A number, or null, which was written of one without end.
fn or_endless<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
}

impl Spread {
    /// Of what was measured; nothing of nothing.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }

    /// Of how long something took in each run: one that has no figure took longer than all that have.
    /// Nothing if none has one.
    pub fn of_times(each: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let times = each.into_iter().map(|ms| ms.unwrap_or(f64::INFINITY));
        Self::of(times).filter(|spread| spread.min.is_finite())
    }
}

/// A whole number as a real one; above 2^53 not exactly.
#[expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]
pub fn real(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Window;

    fn history(events: impl IntoIterator<Item = (u64, u64, Outcome)>) -> History {
        let event = |(intended_ns, ended_ns, outcome)| Event {
            number: 0,
            intended_ns,
            sent_ns: intended_ns,
            ended_ns,
            outcome,
            ..Event::default()
        };
        let window = Window { from_ns: 1_000_000_000, to_ns: 2_000_000_000 };
        History { events: events.into_iter().map(event).collect(), window }
    }

    const DONE: Outcome = Outcome::Done { named: 0, value: 0 };

    #[test]
    fn the_warm_up_and_what_comes_late_do_not_count() {
        let history = history([
            (0, 900_000_000, DONE),
            (1_000_000_000, 1_002_000_000, DONE),
            (1_999_000_000, 2_001_000_000, DONE),
        ]);
        assert!((throughput(&history, |_| true) - 1.0).abs() < 1e-9);
        let latency = Latency::of(&history).percentiles();
        assert!((latency.max_ms.unwrap() - 2.0).abs() < 0.01, "{latency:?}");
    }

    #[test]
    fn what_failed_counts_as_slowest_of_all() {
        let done = (0..98).map(|_| (1_000_000_000, 1_001_000_000, DONE));
        let failed = [Outcome::Unknown, Outcome::NotSent]
            .map(|outcome| (1_000_000_000, 1_000_000_001, outcome));
        let latency = Latency::of(&history(done.chain(failed)));
        assert_eq!(latency.failed(), 2);
        assert!(latency.at_permille(980).is_some());
        assert_eq!(latency.at_permille(990), None, "two of a hundred failed");
    }

    #[test]
    fn what_the_auditor_does_not_let_stand_is_no_throughput() {
        let history = history([(1_000_000_000, 1_500_000_000, DONE)]);
        assert!(throughput(&history, |_| false).abs() < 1e-9);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        let spread = Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.5, min: 1.0, max: 4.0 });
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_run_without_a_time_is_slower_than_all_that_have_one() {
        let of = |each: &[Option<f64>]| Spread::of_times(each.iter().copied());
        let endless = f64::INFINITY;
        let one = Spread { median: 3.0, min: 2.0, max: endless };
        assert_eq!(of(&[Some(3.0), None, Some(2.0)]), Some(one));
        let most = Spread { median: endless, min: 2.0, max: endless };
        assert_eq!(of(&[None, None, Some(2.0)]), Some(most));
        assert_eq!((of(&[None, None]), of(&[])), (None, None));
        let written = serde_json::to_string(&one).unwrap();
        assert_eq!(written, r#"{"median":3.0,"min":2.0,"max":null}"#);
        assert_eq!(serde_json::from_str::<Spread>(&written).unwrap(), one);
    }
}
