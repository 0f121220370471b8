//! Runs beside each other: ratios to the first, with the spread of each, so that a difference within
//! the spread is not taken for an effect. What was worse is shown as what was better is: what failed,
//! what was refused, goals, findings, and where one of two has no figure.

mod apart;
mod table;
#[cfg(test)]
mod tests;

pub use table::table;

use super::{ActReport, Report, RunReport};
use crate::figures::{Spread, real};
use crate::record::Head;
use serde::Serialize;

/// Reports beside the first of them.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// What is compared, in the order in which it was given.
    pub reports: Vec<Compared>,
    /// Every figure of every report but the first beside the first's.
    pub rows: Vec<Beside>,
}

/// One of the reports: what was run where, and what its audit came to.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// What was run where.
    pub head: Head,
    /// The seed of each run.
    pub seeds: Vec<u64>,
    /// What the audit came to, in a line.
    pub verdict: String,
    /// Whether it found nothing.
    pub is_sound: bool,
    /// How many commands were audited.
    pub commands: u64,
    /// What the audit gave up on.
    pub undecided: u64,
    /// Goals that were not reached.
    pub missed: Vec<String>,
    /// Why some of it may only look wrong, and what is missing.
    pub reserves: Vec<String>,
    /// In what it differs from the first, but for what was measured.
    pub differs: Vec<String>,
    /// Whether the same load was sent as in the first.
    pub is_same_load: bool,
}

/// A figure of one report beside that of the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// Which act and figure.
    pub what: String,
    /// Of which report, by number.
    pub report: usize,
    /// The first report's; none where so much failed that it has none.
    pub first: Option<Spread>,
    /// Its own.
    pub own: Option<Spread>,
    /// Its median by the first's, where both have one.
    pub ratio: Option<f64>,
    /// Whether the two ranges do not touch: else the difference may be chance. One run has no range:
    /// with one on either side nothing is known to be apart.
    pub is_apart: bool,
    /// The fewer runs of the two.
    pub runs: usize,
}

/// Compares reports with the first of them, act by act.
pub fn compare(reports: &[Report]) -> Comparison {
    let Some((first, others)) = reports.split_first() else {
        return Comparison { reports: Vec::new(), rows: Vec::new() };
    };
    let rows = (1..).zip(others).flat_map(|(number, other)| rows(first, (number, other)));
    Comparison {
        rows: rows.collect(),
        reports: reports.iter().map(|report| Compared::of(first, report)).collect(),
    }
}

impl Compared {
    fn of(first: &Report, report: &Report) -> Self {
        let apart = apart::apart(first, report);
        let goals =
            report.acts.iter().flat_map(|act| act.goals.iter().map(move |goal| (act, goal)));
        let missed = goals.filter(|(_, goal)| !goal.is_met).map(|(act, goal)| {
            let (worst, bound) = (super::maybe(goal.worst), super::number(goal.bound));
            format!("{}: {} {worst}, bound {bound}", act.name, goal.figure)
        });
        Self {
            head: report.head.clone(),
            seeds: report.runs.iter().map(|run| run.seed).collect(),
            verdict: super::verdict(report),
            is_sound: report.is_sound(),
            commands: report.commands(),
            undecided: report.undecided(),
            missed: missed.collect(),
            reserves: report.unrest().chain(report.cuts()).map(str::to_owned).collect(),
            differs: apart.differs,
            is_same_load: apart.is_same_load,
        }
    }
}

fn rows(first: &Report, (number, other): (usize, &Report)) -> Vec<Beside> {
    let runs = first.runs.len().min(other.runs.len());
    let mut found = Vec::new();
    let mut add = |what: String, both: [Option<Spread>; 2]| {
        found.push(beside((what, number), runs, both));
    };
    for act in &first.acts {
        let Some(own) = other.acts.iter().find(|one| one.name == act.name) else { continue };
        let mine = figures(first, act).into_iter().zip(figures(other, own));
        for ((figure, one), (_, other)) in mine {
            add(format!("{}, {figure}", act.name), [one, other]);
        }
    }
    let both = [first, other];
    let found_in = |run: &RunReport| u64::try_from(run.findings.len()).unwrap_or(u64::MAX);
    add("findings".to_owned(), both.map(|report| of_runs(report, found_in)));
    add("undecided".to_owned(), both.map(|report| of_runs(report, RunReport::undecided)));
    found
}

/// The figures of an act: those over all runs, and how often something came in each of them.
fn figures(report: &Report, act: &ActReport) -> [(&'static str, Option<Spread>); 7] {
    let counts = |of: fn(&super::ActFigures) -> u64| {
        let acts = report.runs.iter().flat_map(|run| &run.acts).filter(|one| one.name == act.name);
        Spread::of(acts.map(|act| real(of(act))))
    };
    [
        ("audited outcomes/s", act.throughput),
        ("p50 ms", act.p50_ms),
        ("p99 ms", act.p99_ms),
        ("longest ms", act.longest_ms),
        ("failed", counts(super::ActFigures::failed)),
        ("refused", counts(super::ActFigures::refused)),
        ("goals missed", counts(super::ActFigures::missed)),
    ]
}

fn of_runs(report: &Report, of: fn(&RunReport) -> u64) -> Option<Spread> {
    Spread::of(report.runs.iter().map(|run| real(of(run))))
}

fn beside(
    (what, report): (String, usize),
    runs: usize,
    [first, own]: [Option<Spread>; 2],
) -> Beside {
    let both = first.zip(own);
    let ended = both.filter(|both| [both.0, both.1].iter().all(|one| one.median.is_finite()));
    let ratio =
        ended.map(|(first, own)| own.median / first.median).filter(|ratio| ratio.is_finite());
    let is_apart =
        runs > 1 && both.is_some_and(|(first, own)| own.min > first.max || own.max < first.min);
    Beside { what, report, first, own, ratio, is_apart, runs }
}

impl Beside {
    /// What the difference says.
    fn said(&self) -> &'static str {
        match (self.first, self.own, self.runs) {
            (None, None, _) => "neither has one",
            (None, ..) => "the first has none",
            (_, None, _) => "it has none",
            (.., 0 | 1) => "one run: not known",
            _ if self.is_apart => "",
            _ => "within the spread",
        }
    }
}
