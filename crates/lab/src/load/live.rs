//! How a load goes while it goes: counters that connections add to, and looks at them for people who
//! wait. What counts in the end is the history; these are near enough to watch.

use crate::figures::real;
use crate::history::{Event, Op, Outcome};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each power of two of microseconds is so many spans: a span is an eighth wide.
const SPANS: usize = 8;
/// The longest that is told apart is beyond an hour.
const ALL_SPANS: usize = 256;

/// Counts what is under way and what ended.
#[derive(Debug)]
pub struct Live {
    /// What is counted and timed; everything where nothing is named.
    measured: Option<Op>,
    sent: AtomicU64,
    answered: AtomicU64,
    done: AtomicU64,
    others: AtomicU64,
    took: [AtomicU64; ALL_SPANS],
    /// Touched by what did not end as wanted alone.
    reasons: Mutex<BTreeMap<String, u64>>,
}

impl Default for Live {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Self {
            measured: None,
            sent: zero(),
            answered: zero(),
            done: zero(),
            others: zero(),
            took: std::array::from_fn(|_| zero()),
            reasons: Mutex::default(),
        }
    }
}

/// All of it at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Requests that were sent.
    pub sent: u64,
    /// Requests that came to an end.
    pub answered: u64,
    /// What was answered as wanted, of what a load is measured by: where that is visits, their requests are
    /// none of them.
    pub done: u64,
    /// What of it ended otherwise.
    pub others: u64,
    /// How often each reason why it did, most often first.
    pub reasons: Vec<(String, u64)>,
    took: Vec<u64>,
}

impl Live {
    /// Counts what a load is measured by.
    pub fn of(measured: Op) -> Self {
        Self { measured: Some(measured), ..Self::default() }
    }

    /// A request is sent.
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Nobody waits for its answer any more.
    pub(crate) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// A request or a visit is over.
    pub(crate) fn ended(&self, event: &Event) {
        if self.measured.is_some_and(|measured| !event.asked.op.counts_as(measured)) {
            return;
        }
        if !event.outcome.is_done() {
            self.others.fetch_add(1, Ordering::Relaxed);
            self.count(&event.outcome);
            return;
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        let took = &self.took[span(event.ended_ns.saturating_sub(event.intended_ns))];
        took.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self, outcome: &Outcome) {
        let mut reasons = self.reasons();
        let known = match outcome {
            // Most refusals have a code: no name is made for those that are known.
            Outcome::Refused { code: Some(code), .. } => reasons.get_mut(&**code),
            other => reasons.get_mut(&other.name()),
        };
        if let Some(count) = known {
            *count += 1;
            return;
        }
        let name = match outcome {
            Outcome::Refused { code: Some(code), .. } => code.to_string(),
            other => other.name(),
        };
        reasons.insert(name, 1);
    }

    fn reasons(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is now.
    pub fn look(&self) -> Look {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counted = self.reasons().clone();
        let mut reasons: Vec<(String, u64)> = counted.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        // In this order: what is answered was sent.
        let answered = read(&self.answered);
        Look {
            sent: read(&self.sent).max(answered),
            answered,
            done: read(&self.done),
            others: read(&self.others),
            reasons,
            took: self.took.iter().map(read).collect(),
        }
    }
}

impl Look {
    /// How many are under way.
    pub fn under_way(&self) -> u64 {
        self.sent.saturating_sub(self.answered)
    }

    /// Since another look, how long so many of 1,000 took at most, in milliseconds.
    pub fn took_since(&self, earlier: &Self, permille: u64) -> Option<f64> {
        let before = |at: usize| earlier.took.get(at).copied().unwrap_or(0);
        let took = self.took.iter().enumerate();
        let took: Vec<u64> = took.map(|(at, count)| count.saturating_sub(before(at))).collect();
        let all: u64 = took.iter().sum();
        let rank = (all * permille).div_ceil(1_000).max(1);
        let mut seen = 0;
        let found = took.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(|at| real(end_of(at)) / 1e3)
    }
}

/// In which span a time is.
fn span(ns: u64) -> usize {
    let us = (ns / 1_000).max(1);
    let power = us.ilog2();
    // Below eight microseconds a span is a microsecond.
    let part = if power < 3 { us } else { (us >> (power - 3)) & 7 };
    let at = usize::try_from(u64::from(power) * 8 + part).unwrap_or(usize::MAX);
    at.min(ALL_SPANS - 1)
}

/// The end of a span, in microseconds.
fn end_of(at: usize) -> u64 {
    let (power, part) = (at / SPANS, u64::try_from(at % SPANS).unwrap_or(0));
    if power < 3 {
        return part.max(1);
    }
    (part + 9) << (power - 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Asked;

    fn event(ms: u64, outcome: Outcome) -> Event {
        let asked = Asked { op: Op::Hold, ..Asked::default() };
        Event { asked, ended_ns: ms * 1_000_000, outcome, ..Event::default() }
    }

    #[test]
    fn a_time_is_in_a_span_that_ends_an_eighth_later_at_most() {
        for us in [1, 7, 8, 9, 100, 1_234, 77_777, 15_000_000, 119_999_999] {
            let end = end_of(span(us * 1_000));
            assert!(end >= us && end <= us + us / 8 + 1, "{us} ends at {end}");
        }
    }

    #[test]
    fn what_is_shown_is_of_the_time_between_two_looks_and_of_what_is_measured() {
        let live = Live::of(Op::Hold);
        let done = Outcome::Done { named: 0, value: 0 };
        live.ended(&event(500, done.clone()));
        let before = live.look();
        for ms in [10, 10, 10, 80] {
            live.sent();
            live.answered();
            live.ended(&event(ms, done.clone()));
        }
        for outcome in [done, Outcome::Unknown] {
            live.ended(&Event { asked: Asked::default(), ..event(9_000, outcome) });
        }
        live.sent();
        let code = Some("SEAT_TAKEN".into());
        (0..2).for_each(|_| {
            live.ended(&event(1, Outcome::Refused { status: 409, code: code.clone() }));
        });
        live.ended(&event(1, Outcome::Unknown));
        let now = live.look();
        let near = |permille: u64, ms: f64| {
            let found = now.took_since(&before, permille).unwrap();
            assert!((ms..ms * 1.13).contains(&found), "{permille}: {found}");
        };
        near(500, 10.0);
        near(990, 80.0);
        assert_eq!((now.under_way(), now.done, now.others), (1, 5, 3));
        assert_eq!(now.reasons, [("SEAT_TAKEN".to_owned(), 2), ("unknown".to_owned(), 1)]);
        assert_eq!(now.took_since(&now, 500), None);
    }
}
