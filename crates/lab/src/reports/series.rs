//! Figures over time: what happened in each slice of an act. Where an act ends its last slice does: acts may be
//! shorter than a slice would be, and what one did is no rate of the next.

use crate::figures::real;
use crate::history::{Event, Outcome};
use crate::record::{Played, Record};
use crate::sampler::Sample;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most so many slices.
const SLICES: u64 = 120;
/// None is shorter, unless its act is.
const SHORTEST_NS: u64 = 250_000_000;

/// What happened in a slice of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When it begins, in seconds since the run began.
    pub at_s: f64,
    /// How long it is, in seconds: so often as that is what was done, failed and refused in it.
    #[serde(default)]
    pub lasts_s: f64,
    /// The act that it is of. A report of an earlier version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// Outcomes a second.
    pub done: f64,
    /// Refusals a second by their code.
    pub refused: BTreeMap<String, f64>,
    /// Failures a second.
    pub failed: f64,
    /// The median of what was due then, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95 of 100.
    pub p95_ms: Option<f64>,
    /// 99 of 100.
    pub p99_ms: Option<f64>,
    /// Processors that the generator used.
    pub generator_cpu: Option<f64>,
    /// That the house used.
    pub house_cpu: Option<f64>,
    /// That its services used.
    pub services_cpu: Option<f64>,
    /// How long a batch waited for its lock, in milliseconds.
    pub lock_wait_ms: Option<f64>,
    /// How long it held it, in milliseconds.
    #[serde(default)]
    pub lock_hold_ms: Option<f64>,
    /// How many commands a batch had.
    pub batch: Option<f64>,
    /// Attempts that met a conflict, a second.
    pub conflicts: Option<f64>,
}

#[derive(Default)]
struct Slice {
    done: u64,
    refused: BTreeMap<String, u64>,
    failed: u64,
    took: Vec<u64>,
}

/// The slices of a run.
pub(super) fn of(record: &Record) -> Vec<Point> {
    let acts = &record.seen.acts;
    let end_ns = acts.last().map_or(0, |act| act.ended_ns);
    let length = (end_ns / SLICES).max(SHORTEST_NS);
    let mut begun = vec![u64::MAX; acts.len()];
    for event in &record.history.events {
        if let Some(begun) = begun.get_mut(act_of(event)) {
            *begun = event.intended_ns.min(*begun);
        }
    }
    let sliced = |(act, begun): (&Played, u64)| Sliced::new((begun, act.ended_ns), length);
    let mut sliced: Vec<Sliced> = acts.iter().zip(begun).map(sliced).collect();
    for event in &record.history.events {
        let at = act_of(event);
        let counts = |act: &Played| event.asked.op.counts_as(act.measured);
        if let (Some(sliced), true) = (sliced.get_mut(at), acts.get(at).is_some_and(counts)) {
            sliced.add(event);
        }
    }
    let samples = &record.seen.samples;
    let points = |(act, sliced): (&Played, Sliced)| sliced.points(act, samples);
    acts.iter().zip(sliced).flat_map(points).collect()
}

/// Which act an event is of.
fn act_of(event: &Event) -> usize {
    usize::try_from(event.act()).unwrap_or(usize::MAX)
}

/// An act from its first request until it was over, in slices of the same length.
struct Sliced {
    begin_ns: u64,
    length: u64,
    slices: Vec<Slice>,
}

impl Sliced {
    /// None where nothing was sent.
    fn new((begin_ns, end_ns): (u64, u64), about: u64) -> Self {
        let whole = end_ns.saturating_sub(begin_ns);
        let count = if begin_ns == u64::MAX { 0 } else { (whole / about).max(1) };
        let mut slices = Vec::new();
        slices.resize_with(usize::try_from(count).unwrap_or(0), Slice::default);
        Self { begin_ns, length: whole.div_ceil(count.max(1)).max(1), slices }
    }

    fn at(&mut self, ns: u64) -> Option<&mut Slice> {
        let at = ns.saturating_sub(self.begin_ns) / self.length;
        let last = self.slices.len().checked_sub(1)?;
        self.slices.get_mut(usize::try_from(at).unwrap_or(last).min(last))
    }

    fn add(&mut self, event: &Event) {
        if let Some(slice) = self.at(event.ended_ns) {
            slice.add(event);
        }
        if let (Some(slice), true) = (self.at(event.intended_ns), is_timed(event)) {
            slice.took.push(event.ended_ns.saturating_sub(event.intended_ns));
        }
    }

    fn points(self, act: &Played, samples: &[Sample]) -> Vec<Point> {
        let Self { begin_ns, length, slices } = self;
        let point = |(number, slice): (u64, Slice)| {
            let begin = begin_ns + number * length;
            Point { act: Some(act.name.clone()), ..slice.point(begin, length, samples) }
        };
        (0..).zip(slices).map(point).collect()
    }
}

fn is_timed(event: &Event) -> bool {
    event.outcome.is_done()
}

impl Slice {
    fn add(&mut self, event: &Event) {
        match &event.outcome {
            Outcome::Done { .. } => self.done += 1,
            Outcome::Refused { code, status } => {
                let name = code.as_deref().map_or_else(|| status.to_string(), str::to_owned);
                *self.refused.entry(name).or_default() += 1;
            }
            Outcome::Wrong | Outcome::Unknown | Outcome::NotSent => self.failed += 1,
        }
    }

    fn point(mut self, begin: u64, length: u64, samples: &[Sample]) -> Point {
        self.took.sort_unstable();
        let each = 1e9 / real(length);
        let at_percent = |percent: usize| {
            let rank = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
            self.took.get(rank).map(|ns| real(*ns) / 1e6)
        };
        let usage = Usage::between(samples, begin, begin + length);
        let seen = Seen::of(samples);
        Point {
            at_s: real(begin) / 1e9,
            lasts_s: real(length) / 1e9,
            act: None,
            done: real(self.done) * each,
            refused: self.refused.iter().map(|(name, n)| (name.clone(), real(*n) * each)).collect(),
            failed: real(self.failed) * each,
            p50_ms: at_percent(50),
            p95_ms: at_percent(95),
            p99_ms: at_percent(99),
            generator_cpu: usage.rate(|sample| sample.generator_s),
            house_cpu: usage.rate(|sample| sample.house_s).filter(|_| seen.house),
            services_cpu: usage.rate(|sample| sample.services_s).filter(|_| seen.services),
            lock_wait_ms: usage.mean("admitone_lock_wait_seconds").map(|s| s * 1e3),
            lock_hold_ms: usage.mean("admitone_lock_hold_seconds").map(|s| s * 1e3),
            batch: usage.mean("admitone_batch_commands"),
            conflicts: usage.counter("admitone_conflicts_total").filter(|_| seen.figures),
        }
    }
}

fn figure(sample: &Sample, name: &str) -> f64 {
    sample.figures.get(name).copied().unwrap_or(0.0)
}

/// What of a house and its services can be seen at all: whose processors are elsewhere has not used none.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) house: bool,
    pub(super) services: bool,
    pub(super) figures: bool,
}

impl Seen {
    pub(super) fn of(samples: &[Sample]) -> Self {
        Self {
            house: samples.iter().any(|sample| sample.house_s > 0.0),
            services: samples.iter().any(|sample| sample.services_s > 0.0),
            figures: samples.iter().any(|sample| !sample.figures.is_empty()),
        }
    }
}

/// What was used between two looks.
pub(super) struct Usage<'a> {
    ends: Option<(&'a Sample, &'a Sample)>,
}

impl<'a> Usage<'a> {
    /// The last look before, and the first behind.
    pub(super) fn between(samples: &'a [Sample], from_ns: u64, to_ns: u64) -> Self {
        let first = samples.iter().rev().find(|sample| sample.at_ns <= from_ns);
        let first = first.or(samples.first());
        let last = samples.iter().find(|sample| sample.at_ns >= to_ns).or(samples.last());
        let ends = first.zip(last).filter(|(first, last)| last.at_ns > first.at_ns);
        Self { ends }
    }

    /// The same, of two looks that are not much further apart: of what was used between others nobody knows how
    /// much was used in so short a time, and how much before and behind.
    pub(super) fn closely_between(samples: &'a [Sample], from_ns: u64, to_ns: u64) -> Self {
        let Self { ends } = Self::between(samples, from_ns, to_ns);
        let span = to_ns.saturating_sub(from_ns);
        let is_close =
            |(first, last): &(&Sample, &Sample)| last.at_ns - first.at_ns <= span + span / 2;
        Self { ends: ends.filter(is_close) }
    }

    /// How much more of something in a second; a process that was started anew begins anew.
    pub(super) fn rate(&self, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        let (first, last) = self.ends?;
        let span = real(last.at_ns - first.at_ns) / 1e9;
        Some((of(last) - of(first)).max(0.0) / span)
    }

    /// How much more a counter says in a second.
    pub(super) fn counter(&self, name: &str) -> Option<f64> {
        self.rate(|sample| figure(sample, name))
    }

    /// The mean of a histogram.
    pub(super) fn mean(&self, name: &str) -> Option<f64> {
        let grown = |end: &str| {
            let (first, last) = self.ends?;
            let name = format!("{name}_{end}");
            Some((figure(last, &name) - figure(first, &name)).max(0.0))
        };
        let (sum, count) = (grown("sum")?, grown("count")?);
        (count > 0.0).then(|| sum / count)
    }

    /// How much more a counter says.
    pub(super) fn counted(&self, name: &str) -> Option<f64> {
        let (first, last) = self.ends?;
        Some((figure(last, name) - figure(first, name)).max(0.0))
    }
}

#[cfg(test)]
mod tests;
