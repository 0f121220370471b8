//! What a cell came to: the figures of its acts, and the verdict over all of it.

use crate::audit::Finding;
use crate::figures::Spread;
use crate::reports::{ActFigures, Report};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// So much is said of a finding in a table.
const EXAMPLE: usize = 200;

/// What a cell came to. It is ranked by its last act.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Whether the audit found nothing.
    pub is_sound: bool,
    /// How often it was run.
    #[serde(default = "once")]
    pub runs: u32,
    /// How many commands were audited.
    pub commands: u64,
    /// What the audit gave up on: of that it says nothing.
    #[serde(default)]
    pub undecided: u64,
    /// How often each kind of finding came.
    pub findings: BTreeMap<String, u64>,
    /// One of each kind, as it was found.
    pub examples: Vec<String>,
    /// Its acts, in their order.
    pub acts: Vec<ActMeasured>,
    /// What failed, in all acts.
    pub failed: u64,
    /// Processor time of house and services for each outcome of the last act, in microseconds; in the
    /// middle of all runs.
    pub cpu_us: Option<f64>,
    /// What limits the last act, in the first run.
    pub limit: String,
    /// Whether all goals were reached.
    pub meets_goals: bool,
}

/// The figures of an act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActMeasured {
    /// Its name within the workload.
    pub name: String,
    /// Whether it comes at a rate, so that latency counts and not throughput.
    pub is_given: bool,
    /// Audited outcomes a second.
    pub throughput: Option<Spread>,
    /// The mean of what was answered as wanted, in milliseconds.
    pub mean_ms: Option<Spread>,
    /// The median, in milliseconds.
    pub p50_ms: Option<Spread>,
    /// 95 of 100, in milliseconds.
    pub p95_ms: Option<Spread>,
    /// 99 of 100, in milliseconds.
    pub p99_ms: Option<Spread>,
    /// The longest answer, in milliseconds.
    pub longest_ms: Option<Spread>,
    /// How many were due, over all runs.
    pub due: u64,
    /// How many were refused by the rules, as sold out is.
    pub refused: u64,
    /// What failed.
    pub failed: u64,
}

/// Kinds of findings that say nothing of whether bookings are kept right: a house that answers
/// nobody, ends badly or grows without end keeps them as right as it did before.
const OF_THE_HOUSE: [&str; 3] = ["nobody succeeded", "ended badly", "leak"];

impl Measured {
    /// Whether something was found of the kind that a control is there for.
    pub(super) fn is_found_out(&self) -> bool {
        let mut kinds = self.findings.keys();
        !self.is_sound && kinds.any(|kind| !OF_THE_HOUSE.contains(&&**kind))
    }

    /// Of a report.
    pub(super) fn of(report: &Report) -> Self {
        let mut findings: BTreeMap<String, u64> = BTreeMap::new();
        let mut examples = Vec::new();
        for finding in report.findings() {
            let count = findings.entry(Finding::kind(finding).to_owned()).or_default();
            *count += 1;
            if *count == 1 {
                examples.push(finding.to_string().chars().take(EXAMPLE).collect());
            }
        }
        let acts: Vec<ActMeasured> =
            (0..report.acts.len()).map(|at| ActMeasured::of(report, at)).collect();
        let last = report.runs.first().and_then(|run| run.acts.last());
        Self {
            is_sound: report.is_sound(),
            runs: u32::try_from(report.runs.len()).unwrap_or(u32::MAX),
            commands: report.commands(),
            undecided: report.undecided(),
            findings,
            examples,
            failed: acts.iter().map(|act| act.failed).sum(),
            acts,
            cpu_us: cpu_us(report),
            limit: last
                .map(|act| act.cost.limit(report.head.machine.processors))
                .into_iter()
                .chain(report.unrest().map(str::to_owned))
                .collect::<Vec<_>>()
                .join("; "),
            meets_goals: report.meets_its_goals(),
        }
    }

    /// The act that it is ranked by.
    pub fn last(&self) -> Option<&ActMeasured> {
        self.acts.last()
    }

    /// An act by its name.
    pub fn act(&self, name: &str) -> Option<&ActMeasured> {
        self.acts.iter().find(|act| act.name == name)
    }

    /// Which of two is better. At a given rate the one that failed less, then the faster one.
    pub(super) fn better(&self, other: &Self) -> Ordering {
        let figure = |one: &Self, of: fn(&ActMeasured) -> Option<Spread>, missing: f64| {
            one.last().and_then(of).map_or(missing, |spread| spread.median)
        };
        let fast = |one: &Self| figure(one, |act| act.p99_ms, f64::INFINITY);
        let much = |one: &Self| figure(one, |act| act.throughput, 0.0);
        if self.last().is_some_and(|act| act.is_given) {
            return self.failed.cmp(&other.failed).then(fast(self).total_cmp(&fast(other)));
        }
        much(other).total_cmp(&much(self))
    }
}

/// What a file says that was written before anybody wrote down how often.
fn once() -> u32 {
    1
}

fn cpu_us(report: &Report) -> Option<f64> {
    let last = report.runs.iter().filter_map(|run| run.acts.last());
    let each = last.filter_map(|act| {
        let used = act.cost.house_cpu? + act.cost.services_cpu.unwrap_or(0.0);
        (act.throughput > 0.0).then(|| used * 1e6 / act.throughput)
    });
    Spread::of(each).map(|spread| spread.median)
}

impl ActMeasured {
    fn of(report: &Report, at: usize) -> Self {
        let act = &report.acts[at];
        let runs = || report.runs.iter().filter_map(|run| run.acts.get(at));
        Self {
            name: act.name.clone(),
            is_given: act.is_open,
            throughput: act.throughput,
            mean_ms: Spread::of_times(runs().map(|act| act.mean_ms)),
            p50_ms: act.p50_ms,
            p95_ms: Spread::of_times(runs().map(|act| act.latency.p95_ms)),
            p99_ms: act.p99_ms,
            longest_ms: act.longest_ms,
            due: runs().map(|act| act.due).sum(),
            refused: runs().map(ActFigures::refused).sum(),
            failed: act.failed,
        }
    }
}
