//! Runs beside each other: ratios to the first, with the spread of each, so that a difference within
//! the spread is not taken for an effect.

use super::Report;
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
    /// Whether the two ranges do not touch: else the difference may be chance.
    pub is_apart: bool,
}

/// Compares reports with the first of them, act by act.
pub fn compare(reports: &[Report]) -> Vec<Beside> {
    let Some((first, others)) = reports.split_first() else { return Vec::new() };
    let mut found = Vec::new();
    for (number, other) in (1..).zip(others) {
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
                found.push(beside(what, number, first, own));
            }
        }
    }
    found
}

fn beside(what: String, report: usize, first: Spread, own: Spread) -> Beside {
    let ratio = if first.median > 0.0 { own.median / first.median } else { f64::NAN };
    let is_apart = own.min > first.max || own.max < first.min;
    Beside { what, report, first, own, ratio, is_apart }
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
            "- {number}: {} under {}, {}, {} instances, {runs} runs; {verdict}",
            head.workload, head.strategy, head.store, head.instances
        );
    }
    out.push_str(
        "\n| what | report | first | own | ratio | |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in compare(reports) {
        let said = if row.is_apart { "" } else { "within the spread" };
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

    fn spread(min: f64, median: f64, max: f64) -> Spread {
        Spread { median, min, max }
    }

    #[test]
    fn a_difference_within_the_spread_is_said_to_be_one() {
        let near = beside("x".into(), 1, spread(90.0, 100.0, 110.0), spread(105.0, 115.0, 125.0));
        assert!(!near.is_apart && (near.ratio - 1.15).abs() < 1e-9);
        let far = beside("x".into(), 1, spread(90.0, 100.0, 110.0), spread(111.0, 115.0, 125.0));
        assert!(far.is_apart);
    }
}
