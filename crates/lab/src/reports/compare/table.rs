//! A comparison as Markdown: what is compared, in what that differs, and a line for each figure.

use super::{Beside, Compared, compare};
use crate::figures::Spread;
use crate::reports::Report;
use crate::reports::markdown::repeated;
use crate::reports::words::{instances, maybe, spread};
use std::fmt::{Result, Write};

/// The comparison as a Markdown table.
pub fn table(reports: &[Report]) -> String {
    let mut out = String::new();
    let comparison = compare(reports);
    // Writing into a text does not fail.
    for (number, one) in comparison.reports.iter().enumerate() {
        let _ = compared(&mut out, number, one);
    }
    for (number, one) in comparison.reports.iter().enumerate() {
        let _ = apart(&mut out, number, one);
    }
    out.push_str(
        "\n| what | report | first | own | ratio | |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &comparison.rows {
        let _ = line(&mut out, row);
    }
    out
}

fn compared(out: &mut String, number: usize, one: &Compared) -> Result {
    let head = &one.head;
    writeln!(
        out,
        "- {number}: {} under {}, {}, {}, {} run(s); {}\n{}",
        head.workload,
        head.strategy,
        head.store,
        instances(head.instances),
        one.seeds.len(),
        one.verdict,
        repeated(head)
    )?;
    for missed in &one.missed {
        writeln!(out, "  - NOT REACHED {missed}")?;
    }
    for why in &one.reserves {
        writeln!(out, "  - {why}")?;
    }
    Ok(())
}

fn apart(out: &mut String, number: usize, one: &Compared) -> Result {
    if one.differs.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{number} differs from 0 in: {}.", one.differs.join("; "))?;
    if !one.is_same_load {
        writeln!(out, "**It is of another load: figures may differ for that reason alone.**")?;
    }
    Ok(())
}

fn line(out: &mut String, row: &Beside) -> Result {
    let (first, own) = (shown(row.first), shown(row.own));
    let (what, ratio, said) = (&row.what, maybe(row.ratio), row.said());
    writeln!(out, "| {what} | {} | {first} | {own} | {ratio} | {said} |", row.report)
}

/// A spread; of what is counted, whole numbers.
fn shown(of: Option<Spread>) -> String {
    let text = spread(of);
    let is_whole = |spread: Spread| {
        [spread.median, spread.min, spread.max].iter().all(|one| one.fract().abs() < f64::EPSILON)
    };
    if of.is_some_and(is_whole) { text.replace(".00", "").replace(".0", "") } else { text }
}
