//! Runs beside each other: ratios to the first, with the spread of each, so that a difference within
//! the spread is not taken for an effect.

use super::Report;
use super::markdown::repeated;
use super::words::{number, spread};
use crate::figures::Spread;
use serde::Serialize;
use std::fmt::Write;

/// A figure of one report beside that of the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    /// Which act and figure.
    pub what: String,
    /// Of which report, by number.
    pub report: usize,
    /// The first report's.
    pub first: Spread,
    /// Its own.
    pub own: Spread,
    /// Its median by the first's.
    pub ratio: f64,
    /// Whether the two ranges do not touch: else the difference may be chance. One run has no range:
    /// with one on either side nothing is known to be apart.
    pub is_apart: bool,
    /// The fewer runs of the two.
    pub runs: usize,
}

/// Compares reports with the first of them, act by act.
pub fn compare(reports: &[Report]) -> Vec<Beside> {
    let Some((first, others)) = reports.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for (number, other) in (1..).zip(others) {
        let runs = first.runs.len().min(other.runs.len());
        for act in &first.acts {
            let Some(own) = other.acts.iter().find(|one| one.name == act.name) else { continue };
            let figures = [
                ("audited outcomes/s", act.throughput, own.throughput),
                ("p50 ms", act.p50_ms, own.p50_ms),
                ("p99 ms", act.p99_ms, own.p99_ms),
            ];
            for (figure, first, own) in figures {
                let (Some(first), Some(own)) = (first, own) else { continue };
                let what = format!("{}, {figure}", act.name);
                found.push(beside((what, number), runs, first, own));
            }
        }
    }
    found
}

fn beside((what, report): (String, usize), runs: usize, first: Spread, own: Spread) -> Beside {
    let ratio = if first.median > 0.0 { own.median / first.median } else { f64::NAN };
    let is_apart = runs > 1 && (own.min > first.max || own.max < first.min);
    Beside { what, report, first, own, ratio, is_apart, runs }
}

impl Beside {
    /// What the difference says.
    fn said(&self) -> &'static str {
        match (self.runs, self.is_apart) {
            (0 | 1, _) => "one run: not known",
            (_, true) => "",
            (_, false) => "within the spread",
        }
    }
}

/// The comparison as a Markdown table.
pub fn table(reports: &[Report]) -> String {
    let mut out = String::new();
    for (number, report) in (0..).zip(reports) {
        let head = &report.head;
        let runs = report.runs.len();
        let verdict = super::verdict(report);
        // Writing into a text does not fail.
        let _ = writeln!(
            out,
            "- {number}: {} under {}, {}, {} instances, {runs} runs; {verdict}\n{}",
            head.workload,
            head.strategy,
            head.store,
            head.instances,
            repeated(head)
        );
    }
    out.push_str(
        "\n| what | report | first | own | ratio | |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in compare(reports) {
        let said = row.said();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {said} |",
            row.what,
            row.report,
            spread(Some(row.first)),
            spread(Some(row.own)),
            number(row.ratio)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;
    use crate::reports::tests::second;

    const DONE: Outcome = Outcome::Done { named: 0, value: 0 };

    fn spread(min: f64, median: f64, max: f64) -> Spread {
        Spread { median, min, max }
    }

    #[test]
    fn a_difference_within_the_spread_is_said_to_be_one() {
        let (first, near) = (spread(90.0, 100.0, 110.0), spread(105.0, 115.0, 125.0));
        let near = beside(("x".into(), 1), 3, first, near);
        assert!(!near.is_apart && (near.ratio - 1.15).abs() < 1e-9);
        assert_eq!(near.said(), "within the spread");
        let far = beside(("x".into(), 1), 3, first, spread(111.0, 115.0, 125.0));
        assert!(far.is_apart && far.said().is_empty());
    }

    #[test]
    fn one_run_has_no_spread_and_says_nothing_of_a_difference() {
        let (first, own) = (spread(100.0, 100.0, 100.0), spread(115.0, 115.0, 115.0));
        let alone = beside(("x".into(), 1), 1, first, own);
        assert!(!alone.is_apart);
        assert_eq!(alone.said(), "one run: not known");
    }

    #[test]
    fn what_is_compared_says_how_it_was_made() {
        let mut records = [second(&DONE), second(&DONE)];
        for (record, seed) in records.iter_mut().zip([41, 42]) {
            record.head.seed = seed;
            record.head.command = format!("admitone lab run polls --seed {seed}");
            record.head.parameters = [("users".to_owned(), seed)].into();
            record.head.versions = [("build".to_owned(), format!("build {seed}"))].into();
        }
        let reports = records.map(|record| Report::of(&[record]).unwrap());
        let table = table(&reports);
        for seed in [41, 42] {
            for said in [
                format!("seed {seed}, 1 thread(s) send; users={seed}"),
                format!("  - build {seed}"),
                format!("  - `admitone lab run polls --seed {seed}`"),
            ] {
                assert!(table.contains(&said), "{said}: {table}");
            }
        }
        assert!(table.contains(" × ") && table.contains("| one run: not known |"), "{table}");
    }
}
