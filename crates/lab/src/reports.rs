//! Reports: what one or several runs of a workload came to, as numbers, and those numbers as HTML,
//! Markdown, CSV, JSON, k6's summary, line protocol and Prometheus' text. All of them are made of one [`Report`].

mod about;
pub mod compare;
mod csv;
mod goals;
mod html;
mod influx;
mod k6;
mod leaks;
mod limits;
mod markdown;
mod prometheus;
mod series;
mod svg;
#[cfg(test)]
pub(crate) mod tests;
mod words;

pub use csv::csv;
pub use goals::GoalReport;
pub(crate) use html::begin as begin_page;
pub use html::page;
pub use influx::lines as influx_lines;
pub use k6::summary as k6_summary;
pub use limits::Cost;
pub use markdown::{markdown, verdict};
pub use prometheus::prometheus;
pub use series::Point;
pub(crate) use svg::escaped;
pub(crate) use words::{bound, maybe, number, number_of, spread, undecided, versions};

use crate::audit::serial::VERSIONS_UNDECIDED;
use crate::audit::{Audited, Finding, SEATS_UNDECIDED, WALLETS_UNDECIDED, audit};
use crate::faults::Happened;
use crate::figures::{Latency, Percentiles, Spread, real, throughput};
use crate::history::{Event, History, Outcome, Window};
use crate::record::{Head, Played, Record};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// What an audit may give up on, by the names under which it says how often.
const UNDECIDED: [&str; 3] = [WALLETS_UNDECIDED, SEATS_UNDECIDED, VERSIONS_UNDECIDED];

/// What some runs of one workload came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// What was run where.
    pub head: Head,
    /// The acts over all runs.
    pub acts: Vec<ActReport>,
    /// Every run.
    pub runs: Vec<RunReport>,
}

/// An act over all runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActReport {
    /// Its name.
    pub name: String,
    /// How it was sent.
    pub pace: String,
    /// Whether its latency says something.
    pub is_open: bool,
    /// Audited outcomes a second.
    pub throughput: Option<Spread>,
    /// The median, in milliseconds.
    pub p50_ms: Option<Spread>,
    /// 99 of 100, in milliseconds.
    pub p99_ms: Option<Spread>,
    /// The longest answer, in milliseconds.
    pub longest_ms: Option<Spread>,
    /// What was not answered as wanted, and was no refusal that the rules know.
    pub failed: u64,
    /// Goals, and whether they were reached in every run.
    pub goals: Vec<GoalReport>,
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    /// Its seed.
    pub seed: u64,
    /// Its acts.
    pub acts: Vec<ActFigures>,
    /// What was compared, and how often.
    pub checked: BTreeMap<String, u64>,
    /// Commands that were audited.
    pub commands: u64,
    /// What is wrong; empty is good.
    pub findings: Vec<Finding>,
    /// Why some of that may only look wrong: what was read was not at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrest: Option<String>,
    /// What is missing because somebody ended it early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
    /// Over time.
    pub series: Vec<Point>,
    /// Faults that happened.
    pub faults: Vec<Happened>,
}

/// The figures of an act in one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActFigures {
    /// Its name.
    pub name: String,
    /// When it counted, in seconds since the run began.
    pub from_s: f64,
    /// Until when: where everything was sold, no longer. It is what is divided by time and timed.
    pub to_s: f64,
    /// Until when what was due is counted as due, with what came of it, where that is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_to_s: Option<f64>,
    /// How many were due until then, whatever came of them.
    pub due: u64,
    /// Audited outcomes a second.
    pub throughput: f64,
    /// How long they took, from when they were due.
    pub latency: Percentiles,
    /// The mean of what was answered, in milliseconds.
    pub mean_ms: Option<f64>,
    /// The longest answer, in milliseconds.
    pub longest_ms: Option<f64>,
    /// How late the generator sent.
    pub lateness: Percentiles,
    /// How often each outcome came, of all that were due.
    pub outcomes: BTreeMap<String, u64>,
    /// How often each kind of request was answered as wanted, and how long 99 of 100 took.
    pub requests: BTreeMap<String, (u64, Option<f64>)>,
    /// Which share took at most how many milliseconds.
    pub distribution: Vec<(f64, f64)>,
    /// Of how many that is a share: all but refusals by the rules.
    #[serde(default)]
    pub timed: u64,
    /// What it cost.
    pub cost: Cost,
    /// Goals that have a figure.
    pub goals: BTreeMap<String, (f64, Option<f64>)>,
}

impl ActFigures {
    /// What it cost, in the order of the tables for people.
    pub(crate) fn costs(&self) -> [Option<f64>; 9] {
        let cost = &self.cost;
        [
            cost.house_cpu,
            cost.services_cpu,
            cost.generator_cpu,
            cost.batch,
            cost.commits,
            cost.lock_wait_ms,
            cost.lock_hold_ms,
            cost.conflicts,
            self.lateness.p99_ms,
        ]
    }
}

impl Report {
    /// Judges runs of one workload. Nothing of no runs.
    pub fn of(records: &[Record]) -> Option<Self> {
        let head = records.first()?.head.clone();
        let runs: Vec<RunReport> = records.iter().map(RunReport::of).collect();
        let acts = records.first()?.seen.acts.iter().enumerate();
        let acts = acts.map(|(at, played)| ActReport::of(played, at, &runs)).collect();
        Some(Self { head, acts, runs })
    }

    /// All findings of all runs.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.runs.iter().flat_map(|run| &run.findings)
    }

    /// Where a house was not at rest when it was read, of each such run.
    pub(crate) fn unrest(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().filter_map(|run| run.unrest.as_deref())
    }

    /// What is missing of each run that somebody ended early.
    pub fn cuts(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().filter_map(|run| run.cut.as_deref())
    }

    /// How many commands were audited.
    pub fn commands(&self) -> u64 {
        self.runs.iter().map(|run| run.commands).sum()
    }

    /// How many wallets and seats the audits gave up on: nothing is known of the order of their answers.
    pub fn undecided(&self) -> u64 {
        self.runs.iter().map(RunReport::undecided).sum()
    }

    /// Whether no audit found anything.
    pub fn is_sound(&self) -> bool {
        self.findings().next().is_none()
    }

    /// Whether every goal was reached.
    pub fn meets_its_goals(&self) -> bool {
        self.acts.iter().flat_map(|act| &act.goals).all(|goal| goal.is_met)
    }
}

impl RunReport {
    fn of(record: &Record) -> Self {
        let Audited { checked: commands, counts, mut findings } =
            audit(&record.history, &record.state);
        let convicted: HashSet<u64> = findings.iter().flat_map(Finding::requests).collect();
        let figures =
            |(at, played): (usize, &Played)| ActFigures::of(record, (at, played), &convicted);
        let acts: Vec<ActFigures> = record.seen.acts.iter().enumerate().map(figures).collect();
        // What was due before it counted and is done while it counts is a success too.
        let is_vain =
            |act: &&ActFigures| !act.outcomes.contains_key("done") && act.throughput <= 0.0;
        for act in acts.iter().filter(is_vain) {
            findings.push(Finding::NobodySucceeded { act: act.name.clone() });
        }
        if record.seen.ended_well == Some(false) {
            findings.push(Finding::EndedBadly);
        }
        if record.head.workload == "soak" {
            findings.extend(leaks::leaks(record));
        }
        let checked = counts.into_iter().map(|(what, many)| (what.to_owned(), many)).collect();
        Self {
            seed: record.head.seed,
            acts,
            checked,
            commands,
            findings,
            unrest: record.state.unrest.clone(),
            cut: record.seen.cut.clone(),
            series: series::of(record),
            faults: record.seen.faults.clone(),
        }
    }

    /// How many wallets and seats its audit gave up on, and of how many versions nobody knows who wrote them.
    fn undecided(&self) -> u64 {
        UNDECIDED.iter().filter_map(|name| self.checked.get(*name)).sum()
    }
}

impl ActFigures {
    fn of(record: &Record, (at, played): (usize, &Played), convicted: &HashSet<u64>) -> Self {
        let counted = record.history.of(played.measured, played.window);
        let timed = without_refusals(&counted);
        let latency = Latency::of(&timed);
        let (from_s, to_s) = (seconds(played.window.from_ns), seconds(played.window.to_ns));
        let whole = of_act(&record.history, at, played);
        let sent = record.seen.sent(at, played);
        let all = record.history.of(played.measured, sent);
        let mut figures = Self {
            name: played.name.clone(),
            from_s,
            to_s,
            due_to_s: Some(seconds(sent.to_ns)).filter(|due_to_s| *due_to_s > to_s),
            due: u64::try_from(all.events.len()).unwrap_or(u64::MAX),
            throughput: throughput(&whole, |event| !convicted.contains(&event.number)),
            latency: latency.percentiles(),
            mean_ms: latency.mean_ms(),
            longest_ms: latency.longest_ms(),
            lateness: Latency::lateness_of(&counted).percentiles(),
            outcomes: all.outcomes(),
            requests: requests(&record.history, sent),
            distribution: latency.distribution(),
            timed: u64::try_from(timed.events.len()).unwrap_or(u64::MAX),
            cost: Cost::of(&record.seen.samples, played),
            goals: BTreeMap::new(),
        };
        let goals = played.goals.iter();
        figures.goals =
            goals.map(|(name, bound)| (name.clone(), (*bound, figures.figure(name)))).collect();
        figures
    }

    /// How long that was due that is counted as due, in seconds.
    pub(crate) fn due_s(&self) -> f64 {
        self.due_to_s.unwrap_or(self.to_s) - self.from_s
    }

    /// What was not answered as wanted and was no refusal that the rules know.
    pub fn failed(&self) -> u64 {
        self.count(|name| name != "done" && !is_refusal(name))
    }

    /// What the rules refused, as what is sold out.
    pub fn refused(&self) -> u64 {
        self.count(is_refusal)
    }

    fn count(&self, is_meant: impl Fn(&str) -> bool) -> u64 {
        let meant = self.outcomes.iter().filter(|(name, _)| is_meant(name));
        meant.map(|(_, count)| count).sum()
    }
}

/// Whether an outcome is a refusal that the rules know.
fn is_refusal(outcome: &str) -> bool {
    outcome.starts_with("409") || outcome.starts_with("410")
}

/// A refusal by the rules, such as sold out, is an answer: it is neither fast nor slow, it is
/// counted beside. What failed stays, and is slower than everything that was answered.
fn without_refusals(history: &History) -> History {
    let is_answer = |outcome: &Outcome| match outcome {
        Outcome::Refused { status, .. } => !matches!(status, 409 | 410),
        _ => true,
    };
    let kept = history.events.iter().filter(|event| is_answer(&event.outcome));
    History { events: kept.cloned().collect(), window: history.window }
}

/// What of a history an act sent and counts. In a closed loop what is answered within the time counts, whenever it was
/// due. Where it was due at a moment of its own that has to be within the time too: what a warm-up left behind would
/// make it more than was sent.
fn of_act(history: &History, at: usize, played: &Played) -> History {
    let act = u64::try_from(at).unwrap_or(0);
    let counts = |event: &&Event| {
        let is_due = !played.is_open || played.window.has(event.intended_ns);
        is_due && event.act() == act && event.asked.op.counts_as(played.measured)
    };
    let events = history.events.iter().filter(counts).cloned().collect();
    History { events, window: played.window }
}

fn requests(history: &History, sent: Window) -> BTreeMap<String, (u64, Option<f64>)> {
    let mut kinds: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let due = history.events.iter().filter(|event| sent.has(event.intended_ns));
    for event in due.filter(|event| event.outcome.is_done()) {
        let took = event.ended_ns.saturating_sub(event.intended_ns);
        kinds.entry(words::op(event.asked.op)).or_default().push(took);
    }
    let figures = kinds.into_iter().map(|(kind, mut took)| {
        took.sort_unstable();
        let rank = (took.len() * 99).div_ceil(100).saturating_sub(1);
        let p99 = took.get(rank).map(|ns| real(*ns) / 1e6);
        (kind, (u64::try_from(took.len()).unwrap_or(u64::MAX), p99))
    });
    figures.collect()
}

impl ActReport {
    fn of(played: &Played, at: usize, runs: &[RunReport]) -> Self {
        let mine = || runs.iter().filter_map(|run| run.acts.get(at));
        Self {
            name: played.name.clone(),
            pace: played.pace.clone(),
            is_open: played.is_open,
            throughput: Spread::of(mine().map(|act| act.throughput)),
            p50_ms: Spread::of_times(mine().map(|act| act.latency.p50_ms)),
            p99_ms: Spread::of_times(mine().map(|act| act.latency.p99_ms)),
            longest_ms: Spread::of_times(mine().map(|act| act.longest_ms)),
            failed: mine().map(ActFigures::failed).sum(),
            goals: goals::judged(played, &mine().collect::<Vec<_>>()),
        }
    }
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(ns: u64) -> f64 {
    real(ns) / 1e9
}
