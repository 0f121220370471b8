//! What is written down of an act when it was played.

use crate::history::{Event, Outcome, Window};
use crate::load::{Arrivals, Pace};
use crate::record::Played;
use crate::workloads::{Act, Figure, Goal};

impl Act {
    /// How it is sent.
    pub(super) fn pace_in_words(&self) -> String {
        match self.pace {
            Pace::Closed => format!("closed loop of {}", self.users),
            Pace::Thinking { think } => format!("{} users who think for {think:?}", self.users),
            Pace::Open { rate, arrivals } => match arrivals {
                Arrivals::Constant => format!("open loop, {rate} a second at equal distances"),
                Arrivals::Poisson => format!("open loop, {rate} a second as people come"),
                Arrivals::Ramp { from, over_ms } => {
                    format!("open loop, from {from} to {rate} a second in {over_ms} ms")
                }
            },
        }
    }

    /// What bounds how much of it is under way, where that is not how it is sent.
    pub(super) fn limit(&self) -> Option<String> {
        let Pace::Open { rate, .. } = self.pace else { return None };
        Some(format!(
            "{}: at most {} under way, and {rate} more wait; what comes beyond has failed",
            self.name, self.users
        ))
    }

    pub(super) fn played(&self, window: Window, ended_ns: u64) -> Played {
        Played {
            name: self.name.clone(),
            pace: self.pace_in_words(),
            is_open: matches!(self.pace, Pace::Open { .. }),
            users: self.users,
            window,
            ended_ns,
            measured: self.measured,
            goals: self.goals.iter().map(Goal::named).collect(),
        }
    }

    /// Where everything is sold, what is divided by time ends with the last who got something: refusals
    /// are fast and sell nothing.
    pub(super) fn until_sold_out(&self, window: Window, events: &[Event]) -> Window {
        let mine = || events.iter().filter(|event| event.asked.op.counts_as(self.measured));
        let last = mine().filter(|event| event.outcome.is_done()).map(|event| event.ended_ns).max();
        let Some(last) = last else { return window };
        let is_none_left = |outcome: &Outcome| match outcome {
            Outcome::Refused { code: Some(code), .. } => matches!(&**code, "SOLD_OUT" | "ALL_HELD"),
            _ => false,
        };
        let mut behind = mine().filter(|event| event.ended_ns > last);
        let is_sold_out = behind.any(|event| is_none_left(&event.outcome));
        let end = last + 1;
        if is_sold_out && end > window.from_ns { Window { to_ns: end, ..window } } else { window }
    }

    /// Whether anybody succeeded of those who were due while it counted.
    pub(super) fn has_success(&self, window: Window, events: &[Event]) -> bool {
        events.iter().any(|event| {
            event.asked.op.counts_as(self.measured)
                && event.outcome.is_done()
                && window.has(event.intended_ns)
        })
    }

    /// When each that counts was due, of those that were sent.
    pub(super) fn due<'a>(&self, events: &'a [Event]) -> impl Iterator<Item = u64> + use<'a> {
        let measured = self.measured;
        events
            .iter()
            .filter(move |event| event.asked.op.counts_as(measured))
            .filter(|event| event.outcome != Outcome::NotSent)
            .map(|event| event.intended_ns)
    }

    /// That it was ended early, in words.
    pub(super) fn cut(&self, window: Window) -> String {
        let (name, span) = (&self.name, self.span.as_secs_f64());
        let counts = window.seconds();
        format!("somebody ended it in {name}: {counts:.1} of {span:.1} s count, and nothing behind")
    }
}

impl Goal {
    fn named(&self) -> (String, f64) {
        let name = match self.figure {
            Figure::Throughput => "throughput",
            Figure::P95Ms => "p95_ms",
            Figure::P99Ms => "p99_ms",
            Figure::LongestMs => "longest_ms",
            Figure::Failed => "failed",
            Figure::Success => "success",
        };
        (name.to_owned(), self.bound)
    }
}
