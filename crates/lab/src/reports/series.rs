//! Figures over time: what happened in each slice of a run.

use crate::figures::real;
use crate::history::{Event, Outcome};
use crate::record::{Played, Record};
use crate::sampler::Sample;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most so many slices.
const SLICES: u64 = 120;
/// None is shorter.
const SHORTEST_NS: u64 = 250_000_000;

/// What happened in a slice of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When it begins, in seconds since the run began.
    pub at_s: f64,
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
    let end_ns = record.seen.acts.last().map_or(0, |act| act.ended_ns);
    let length = (end_ns / SLICES).max(SHORTEST_NS);
    let count = usize::try_from(end_ns.div_ceil(length)).unwrap_or(0);
    let mut slices: Vec<Slice> = Vec::new();
    slices.resize_with(count, Slice::default);
    let at = |ns: u64| usize::try_from(ns / length).unwrap_or(usize::MAX);
    for event in &record.history.events {
        let counts = |act: &Played| counts(act, event);
        if !record.seen.acts.iter().any(counts) {
            continue;
        }
        if let Some(slice) = slices.get_mut(at(event.ended_ns)) {
            slice.add(event);
        }
        if let (Some(slice), true) = (slices.get_mut(at(event.intended_ns)), is_timed(event)) {
            slice.took.push(event.ended_ns.saturating_sub(event.intended_ns));
        }
    }
    let points = (0_u64..).zip(slices).map(|(number, slice)| {
        let begin = number * length;
        slice.point(begin, length, &record.seen.samples)
    });
    points.collect()
}

/// Whether an event is of what an act counts.
fn counts(act: &Played, event: &Event) -> bool {
    event.ended_ns <= act.ended_ns && event.asked.op.counts_as(act.measured)
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
        Point {
            at_s: real(begin) / 1e9,
            done: real(self.done) * each,
            refused: self.refused.iter().map(|(name, n)| (name.clone(), real(*n) * each)).collect(),
            failed: real(self.failed) * each,
            p50_ms: at_percent(50),
            p95_ms: at_percent(95),
            p99_ms: at_percent(99),
            generator_cpu: usage.rate(|sample| sample.generator_s),
            house_cpu: usage.rate(|sample| sample.house_s),
            services_cpu: usage.rate(|sample| sample.services_s),
            lock_wait_ms: usage.mean("admitone_lock_wait_seconds").map(|s| s * 1e3),
            lock_hold_ms: usage.mean("admitone_lock_hold_seconds").map(|s| s * 1e3),
            batch: usage.mean("admitone_batch_commands"),
            conflicts: usage.rate(|sample| figure(sample, "admitone_conflicts_total")),
        }
    }
}

fn figure(sample: &Sample, name: &str) -> f64 {
    sample.figures.get(name).copied().unwrap_or(0.0)
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

    /// How much more of something in a second; a process that was started anew begins anew.
    pub(super) fn rate(&self, of: impl Fn(&Sample) -> f64) -> Option<f64> {
        let (first, last) = self.ends?;
        let span = real(last.at_ns - first.at_ns) / 1e9;
        Some((of(last) - of(first)).max(0.0) / span)
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
