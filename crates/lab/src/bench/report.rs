//! What a benchmark found, for programs (serialized) and for people (a table).

use super::measure::spread;
use super::{Name, Settings};
use crate::audit::Finding;
use crate::figures::{Percentiles, Spread};
use crate::machine::Machine;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of which version.
    pub version: &'static str,
    /// How it was run.
    pub settings: Settings,
    /// Where.
    pub machine: Machine,
    /// What was measured beside a no-op route.
    pub scenarios: Vec<ScenarioReport>,
    /// How long starts took.
    pub starts: Vec<StartReport>,
    /// Whether the house closed well when it was asked to.
    pub ended_well: bool,
    /// Whether the store lay in memory, where syncing costs nothing.
    pub store_in_memory: bool,
}

/// One scenario over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioReport {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub about: &'static str,
    /// The closed loop: answers a second that the auditor lets stand.
    pub ceiling: Compared,
    /// 99 of 100 in the closed loop, in milliseconds: how long the line is at the ceiling. A stall
    /// hides in it.
    pub ceiling_p99_ms: Compared,
    /// The open loop.
    pub open: Open,
    /// How many requests were compared with what is there afterwards.
    pub checked: u64,
    /// What is wrong; empty is good.
    pub findings: Vec<Finding>,
    /// Every run.
    pub runs: Vec<RunReport>,
}

/// A figure beside that of the no-op route.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// The measured route.
    pub measured: Option<Spread>,
    /// The no-op route.
    pub noop: Option<Spread>,
    /// The first by the second, within each run.
    pub ratio: Option<Spread>,
}

/// The open loop over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct Open {
    /// Requests a second.
    pub rate: u32,
    /// The median latency, in milliseconds.
    pub p50_ms: Compared,
    /// 99 of 100, in milliseconds.
    pub p99_ms: Compared,
    /// How late the generator sent 99 of 100, in milliseconds.
    pub lateness_p99_ms: Option<Spread>,
    /// Requests that were not answered as wanted.
    pub failed: u64,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// As fast as answers come.
    pub closed: Pair,
    /// At a rate.
    pub open: Pair,
}

/// The measured route and the no-op route in one run.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    /// The measured route.
    pub measured: Load,
    /// The no-op route.
    pub noop: Load,
}

/// One load.
#[derive(Debug, Clone, Serialize)]
pub struct Load {
    /// Answers a second that the auditor lets stand.
    pub throughput: f64,
    /// From the intended time; in a closed loop that is when the answer before was there.
    pub latency: Percentiles,
    /// From the intended time until it was sent.
    pub lateness: Percentiles,
    /// Requests that were not answered as wanted.
    pub failed: u64,
    /// How often each outcome came.
    pub outcomes: BTreeMap<String, u64>,
    /// How many requests were compared with what is there afterwards.
    pub checked: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Processor time of the generator for each request, in microseconds.
    pub generator_cpu_us: Option<f64>,
    /// Processor time of the house for each request, in microseconds.
    pub house_cpu_us: Option<f64>,
}

/// How long starts took.
#[derive(Debug, Clone, Serialize)]
pub struct StartReport {
    /// Its name.
    pub name: Name,
    /// How many reservations the store had.
    pub reservations: u64,
    /// Seconds from the start of the process until it said that it is ready.
    pub ready_seconds: Option<Spread>,
    /// Of each run.
    pub runs: Vec<f64>,
    /// Whether the house closed well each time.
    pub ended_well: bool,
}

impl Report {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            settings,
            machine: Machine::here(),
            scenarios: Vec::new(),
            starts: Vec::new(),
            ended_well: true,
            store_in_memory: false,
        }
    }

    /// Whether no audit found anything, something was done at all, and the house closed well.
    pub fn is_sound(&self) -> bool {
        let acquitted = |scenario: &ScenarioReport| {
            scenario.findings.is_empty()
                && scenario.ceiling.measured.is_some_and(|spread| spread.min > 0.0)
        };
        self.ended_well
            && self.scenarios.iter().all(acquitted)
            && self.starts.iter().all(|start| start.ended_well)
    }
}

impl Pair {
    pub(super) fn new(measured: Load, noop: Load) -> Self {
        Self { measured, noop }
    }
}

impl Compared {
    fn of(
        runs: &[RunReport],
        figure: impl Fn(&RunReport, fn(&Pair) -> &Load) -> Option<f64>,
    ) -> Self {
        let measured = |run: &RunReport| figure(run, |pair| &pair.measured);
        let noop = |run: &RunReport| figure(run, |pair| &pair.noop);
        let ratio = |run: &RunReport| {
            let (one, other) = (measured(run)?, noop(run)?);
            (other > 0.0).then_some(one / other)
        };
        Self {
            measured: spread(runs, measured),
            noop: spread(runs, noop),
            ratio: spread(runs, ratio),
        }
    }
}

impl ScenarioReport {
    pub(super) fn new(name: Name, about: &'static str, rate: u32, runs: Vec<RunReport>) -> Self {
        let loads = || runs.iter().flat_map(|run| [&run.closed.measured, &run.open.measured]);
        let late = |run: &RunReport| run.open.measured.lateness.p99_ms;
        Self {
            name,
            about,
            ceiling: Compared::of(&runs, |run, which| Some(which(&run.closed).throughput)),
            ceiling_p99_ms: Compared::of(&runs, |run, which| which(&run.closed).latency.p99_ms),
            open: Open {
                rate,
                p50_ms: Compared::of(&runs, |run, which| which(&run.open).latency.p50_ms),
                p99_ms: Compared::of(&runs, |run, which| which(&run.open).latency.p99_ms),
                lateness_p99_ms: spread(&runs, late),
                failed: runs.iter().map(|run| run.open.measured.failed).sum(),
            },
            checked: loads().map(|load| load.checked).sum(),
            findings: loads().flat_map(|load| load.findings.clone()).collect(),
            runs,
        }
    }
}

/// The name as it is typed.
pub fn title(name: Name) -> String {
    let text = serde_json::to_value(name).ok();
    text.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// The report as people read it.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = write_table(&mut text, report);
    text
}

fn write_table(text: &mut String, report: &Report) -> std::fmt::Result {
    let Settings { runs, seconds, connections, .. } = &report.settings;
    writeln!(
        text,
        "{runs} runs of {seconds} s, {connections} connections; median (smallest to greatest)"
    )?;
    if !report.machine.optimised {
        writeln!(text, "This build is not optimised: its figures say nothing about speed.")?;
    }
    if report.store_in_memory {
        writeln!(text, "The store lay in memory: nothing here was durable. Use --out DIR.")?;
    }
    if !report.scenarios.is_empty() {
        let columns = ["", "measured", "no-op", "ratio"];
        row(text, columns.map(str::to_owned))?;
    }
    for scenario in &report.scenarios {
        let name = title(scenario.name);
        compared(text, &format!("{name}, answers/s"), &scenario.ceiling, 0)?;
        compared(text, &format!("{name}, p99 ms at the ceiling"), &scenario.ceiling_p99_ms, 2)?;
        let rate = scenario.open.rate;
        compared(text, &format!("{name}, p50 ms at {rate}/s"), &scenario.open.p50_ms, 2)?;
        compared(text, &format!("{name}, p99 ms at {rate}/s"), &scenario.open.p99_ms, 2)?;
    }
    for start in &report.starts {
        let what = format!("{}, seconds until ready", title(start.name));
        row(text, [what, spreads(start.ready_seconds, 3), String::new(), String::new()])?;
    }
    for scenario in &report.scenarios {
        costs(text, scenario)?;
    }
    verdict(text, report)
}

fn compared(text: &mut String, what: &str, figure: &Compared, digits: usize) -> std::fmt::Result {
    let cells = [
        what.to_owned(),
        spreads(figure.measured, digits),
        spreads(figure.noop, digits),
        spreads(figure.ratio, 2),
    ];
    row(text, cells)
}

fn row(text: &mut String, [what, one, two, three]: [String; 4]) -> std::fmt::Result {
    writeln!(text, "{what:<34} {one:>26} {two:>28} {three:>20}")
}

fn spreads(spread: Option<Spread>, digits: usize) -> String {
    match spread {
        Some(Spread { median, min, max }) => {
            format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
        }
        None => "failed".to_owned(),
    }
}

/// What a request cost whom, and what came back besides what was wanted.
fn costs(text: &mut String, scenario: &ScenarioReport) -> std::fmt::Result {
    let name = title(scenario.name);
    let median = |of: fn(&Load) -> Option<f64>, which: fn(&Pair) -> &Load| {
        let found = spread(&scenario.runs, |run| of(which(&run.closed)));
        found.map_or_else(|| "?".to_owned(), |spread| format!("{:.1}", spread.median))
    };
    writeln!(
        text,
        "{name}: processor µs a request in the closed loop: house {} (no-op {}), generator {} \
         (no-op {})",
        median(|load| load.house_cpu_us, |pair| &pair.measured),
        median(|load| load.house_cpu_us, |pair| &pair.noop),
        median(|load| load.generator_cpu_us, |pair| &pair.measured),
        median(|load| load.generator_cpu_us, |pair| &pair.noop),
    )?;
    let late = spreads(scenario.open.lateness_p99_ms, 2);
    writeln!(text, "{name}: 99 of 100 were sent at most so many ms late in the open loop: {late}")?;
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    let pairs = scenario.runs.iter().flat_map(|run| [&run.closed, &run.open]);
    for load in pairs.flat_map(|pair| [&pair.measured, &pair.noop]) {
        for (outcome, count) in load.outcomes.iter().filter(|(outcome, _)| *outcome != "done") {
            *others.entry(outcome).or_default() += count;
        }
    }
    for (outcome, count) in others {
        writeln!(text, "{name}: {count} requests ended as: {outcome}")?;
    }
    Ok(())
}

fn verdict(text: &mut String, report: &Report) -> std::fmt::Result {
    for scenario in &report.scenarios {
        let name = title(scenario.name);
        for finding in &scenario.findings {
            writeln!(text, "WRONG {name}: {finding}")?;
        }
        writeln!(
            text,
            "{name}: {} audited, {} findings",
            scenario.checked,
            scenario.findings.len()
        )?;
    }
    if !report.ended_well || report.starts.iter().any(|start| !start.ended_well) {
        writeln!(text, "WRONG the house did not close well; see its log")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(throughput: f64, findings: &[Finding]) -> Load {
        let none = Percentiles::default();
        Load {
            throughput,
            latency: none,
            lateness: none,
            failed: 0,
            outcomes: BTreeMap::from([("done".to_owned(), 3), ("409 SEAT_TAKEN".to_owned(), 2)]),
            checked: 5,
            findings: findings.to_vec(),
            generator_cpu_us: None,
            house_cpu_us: Some(7.0),
        }
    }

    fn report(throughputs: &[(f64, f64)], findings: &[Finding]) -> Report {
        let runs = throughputs.iter().map(|(measured, noop)| RunReport {
            closed: Pair::new(load(*measured, findings), load(*noop, &[])),
            open: Pair::new(load(*measured, &[]), load(*noop, &[])),
        });
        let settings = Settings {
            scenarios: vec![Name::Holds],
            runs: 1,
            seconds: 1.0,
            warm_up_seconds: 0.0,
            connections: 1,
            threads: 1,
            rate: None,
            first_ceiling: 1,
            seed: 1,
        };
        let mut report = Report::new(settings);
        report.scenarios.push(ScenarioReport::new(Name::Holds, "holds", 10, runs.collect()));
        report
    }

    #[test]
    fn ratios_are_those_within_a_run() {
        // The medians alone would say 300 by 400.
        let report = report(&[(100.0, 400.0), (300.0, 300.0), (400.0, 800.0)], &[]);
        let ratio = report.scenarios[0].ceiling.ratio;
        assert_eq!(ratio, Some(Spread { median: 0.5, min: 0.25, max: 1.0 }));
        assert!(report.is_sound());
    }

    #[test]
    fn one_finding_makes_a_report_unsound_and_stands_in_the_table() {
        let lost = Finding::Lost { request: 4, acknowledged: "res_9".to_owned() };
        let report = report(&[(1.0, 1.0)], &[lost]);
        assert!(!report.is_sound());
        let table = table(&report);
        assert!(table.contains("WRONG holds: lost: request 4 was told res_9"), "{table}");
        assert!(table.contains("holds: 8 requests ended as: 409 SEAT_TAKEN"), "{table}");
    }

    #[test]
    fn a_benchmark_in_which_nobody_succeeds_is_not_sound() {
        assert!(!report(&[(5.0, 9.0), (0.0, 9.0)], &[]).is_sound());
    }

    #[test]
    fn a_house_that_did_not_close_well_is_not_sound() {
        let report = Report { ended_well: false, ..report(&[(1.0, 1.0)], &[]) };
        assert!(!report.is_sound());
        assert!(table(&report).contains("WRONG the house"));
    }
}
