//! The published result: a small file of what a matrix came to, and the pages that are made of it and
//! of nothing else, so that a check can hold the pages against the file.

mod beside;
#[cfg(test)]
mod tests;

use super::advice::{advice, percent};
use super::standing::{columns, median, row, standings};
use super::words::figures_are;
use super::{Matrix, Measured, Row, Table, builds};
use crate::Trouble;
use crate::figures::Spread;
use crate::record::Head;
use crate::reports::{maybe, number_of, spread, undecided, versions};
use crate::workloads::named;
use serde_json::Value;
use std::fmt::Write;

/// So many digits are kept of a figure.
const DIGITS: i32 = 4;

/// The file: a row a line, figures with as many digits as they are worth.
///
/// # Errors
/// Figures that are no JSON.
pub fn summary(matrix: &Matrix) -> Result<String, Trouble> {
    let unwritten = |error| Trouble::Impossible(format!("the summary: {error}"));
    let mut whole = serde_json::to_value(matrix).map_err(unwritten)?;
    round(&mut whole);
    let tables = whole["tables"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let tables = tables.into_iter().map(|mut table| {
        let rows = table["rows"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
        let text = table.to_string();
        text.replacen("\"rows\":[]", &format!("\"rows\":[\n{}\n]", rows.join(",\n")), 1)
    });
    let tables: Vec<String> = tables.collect();
    let text = whole.to_string();
    Ok(text.replacen("\"tables\":[]", &format!("\"tables\":[\n{}\n]", tables.join(",\n")), 1)
        + "\n")
}

/// Leaves figures as many digits as they are worth.
fn round(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(round),
        Value::Object(all) => all.values_mut().for_each(round),
        Value::Number(one) if one.is_f64() => {
            let figure = one.as_f64().unwrap_or(0.0);
            let digits = usize::try_from(DIGITS - 1).unwrap_or(3);
            let rounded = format!("{figure:.digits$e}").parse::<f64>().unwrap_or(figure);
            *value = rounded.into();
        }
        _ => {}
    }
}

/// The page of figures: of which machine, how it is repeated, and a table for each workload and each
/// number of instances, with what the reference systems published beside it.
pub fn result_page(matrix: &Matrix) -> String {
    let mut out = String::from(
        "# The strategies, measured\n\nMade by `admitone lab publish` from [matrix.json](matrix.json), which a check holds this page \
         against. How it is measured and audited: [the laboratory](../laboratory.md). What follows from it: \
         [which strategy should I choose?](choose.md)\n\n",
    );
    // Writing into a text does not fail.
    let _ = setting(&mut out, matrix);
    for table in &matrix.tables {
        let _ = workload(&mut out, matrix, table);
    }
    out
}

fn setting(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    writeln!(out, "## The machine, and how to repeat it\n")?;
    if let Some(head) = matrix.tables.iter().find_map(|table| table.head.as_ref()) {
        machine(out, head)?;
    }
    for line in builds::lines(matrix) {
        writeln!(out, "- {line}")?;
    }
    writeln!(out, "\n```\n{}\n```\n", matrix.command)?;
    writeln!(
        out,
        "*Audited outcomes* are answers that the auditor lets stand. *Refused* are refusals by the rules, as sold out is; *failed* \
         is everything else that was not answered as wanted. Each cell has an empty store without the constraints that catch an \
         oversell, so that what a strategy lets through is seen. Where requests are sent as fast as they are answered, latency says \
         how long the line is; where they come at a rate, it says how long people wait. A line stands where so many failed that nobody knows how \
         long it took. *n wrong, fewer than x each* is by the rule \
         of three what at most may be wrong unseen, and *undecided* is what the audit gave up on. {}\n\nBeside each workload stands what \
         the small public booking systems published after which it is made, called R0 to R4. {}\n",
        figures_are(matrix),
        beside::always(matrix)
    )
}

fn machine(out: &mut String, head: &Head) -> std::fmt::Result {
    let machine = &head.machine;
    let memory = machine
        .memory_mib
        .map_or_else(String::new, |mib| format!(", {} GiB of memory", mib.div_ceil(1_024)));
    writeln!(
        out,
        "- {} × {}{memory}; Linux {}",
        machine.processors,
        machine.processor.as_deref().unwrap_or("an unknown processor"),
        machine.kernel.as_deref().unwrap_or("unknown"),
    )?;
    writeln!(out, "- {}", versions(&head.versions))?;
    writeln!(out, "- seed {}, {} thread(s) send; store {}", head.seed, head.threads, head.store)?;
    for limit in &head.limits {
        writeln!(out, "- {limit}")?;
    }
    Ok(())
}

fn workload(out: &mut String, matrix: &Matrix, table: &Table) -> std::fmt::Result {
    writeln!(out, "## `{}`\n\n{} {}\n", table.workload, table.about, table.origin)?;
    if let Some(head) = &table.head {
        let parameters = head.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let parameters: Vec<String> = parameters.collect();
        writeln!(out, "With {}.{}\n", parameters.join(", "), usual(head))?;
    }
    for instances in columns(matrix) {
        let rows = table.rows.iter().filter(|row| row.cell.instances == instances);
        let rows: Vec<&Row> = rows.collect();
        if rows.is_empty() {
            continue;
        }
        let many = if instances == 1 { "One instance" } else { "Instances" };
        let count = if instances == 1 { String::new() } else { format!(": {instances}") };
        writeln!(out, "### {many}{count} (`{}`)\n", table.workload)?;
        figures(out, &rows)?;
    }
    others(out, table)?;
    let published = beside::beside(matrix, table);
    if !published.is_empty() {
        writeln!(out, "### Beside it\n\n{published}")?;
    }
    Ok(())
}

/// What the workload has by itself, of the parameters that it was run with otherwise.
fn usual(head: &Head) -> String {
    let known = named(&head.workload).map(|recipe| recipe.about().parameters);
    let others = known.unwrap_or_default().iter().filter_map(|one| {
        let here = head.parameters.get(one.name)?;
        (*here != one.usual).then(|| format!("{}={}", one.name, one.usual))
    });
    let others: Vec<String> = others.collect();
    if others.is_empty() {
        return String::new();
    }
    format!(" The workload's own are {}.", others.join(", "))
}

/// The table of the act that is ranked by.
fn figures(out: &mut String, rows: &[&Row]) -> std::fmt::Result {
    writeln!(
        out,
        "| | strategy | audited outcomes/s | p50 ms | p99 ms | longest ms | refused | failed | audit | \
         limited by |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    let mut rank = 0;
    for row in rows {
        let strategy = strategy(row);
        let Some(result) = &row.result else {
            let why = row.why_not.as_deref().unwrap_or_default();
            writeln!(out, "| | {strategy} | — | — | — | — | — | — | not run | {} |", line(why))?;
            continue;
        };
        let place = match row.ranked() {
            Some(_) => {
                rank += 1;
                rank.to_string()
            }
            None => String::new(),
        };
        let act = result.last();
        let [throughput, p50, p99, longest] = act
            .map_or([None; 4], |act| [act.throughput, act.p50_ms, act.p99_ms, act.longest_ms])
            .map(spread);
        writeln!(
            out,
            "| {place} | {strategy} | {throughput} | {p50} | {p99} | {longest} | {} | {} | {} | {} |",
            number_of(act.map_or(0, |act| act.refused)),
            number_of(act.map_or(0, |act| act.failed)),
            audited(row, result),
            line(&result.limit)
        )?;
    }
    writeln!(out)
}

fn strategy(row: &Row) -> String {
    let embedded = if row.cell.is_embedded { ", embedded" } else { "" };
    format!("`{}`{embedded}", row.cell.strategy)
}

/// A text that stays in its cell.
fn line(text: &str) -> String {
    text.replace(['\n', '|'], " ")
}

fn audited(row: &Row, result: &Measured) -> String {
    let undecided = undecided(result.undecided);
    match (&row.cell.harm, result.is_sound) {
        (None, true) => result.nothing_found(),
        (Some(_), true) => format!("not found out in {}{undecided}", number_of(result.commands)),
        (_, false) => {
            let kinds = result.findings.iter();
            let kinds = kinds.map(|(kind, count)| format!("{} {kind}", number_of(*count)));
            format!("**wrong**: {}{undecided}", kinds.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The acts that are not ranked by, if there are any.
fn others(out: &mut String, table: &Table) -> std::fmt::Result {
    let results = || table.rows.iter().filter_map(|row| Some((row, row.result.as_ref()?)));
    let Some((_, first)) = results().next() else { return Ok(()) };
    let others = &first.acts[..first.acts.len().saturating_sub(1)];
    if others.is_empty() {
        return Ok(());
    }
    let names = others.iter().map(|act| format!("{}, outcomes/s", act.name));
    let more = others.iter().map(|act| format!("{}, mean ms", act.name));
    let names: Vec<String> = names.chain(more).collect();
    let ruled = " --- |".repeat(names.len());
    writeln!(out, "### The acts before (`{}`)\n", table.workload)?;
    writeln!(out, "| strategy | instances | {} |\n| --- | --- |{ruled}", names.join(" | "))?;
    for (row, result) in results() {
        let figure = |of: fn(&super::ActMeasured) -> Option<Spread>| {
            others.iter().map(move |act| maybe(median(result.act(&act.name).and_then(of))))
        };
        let all = figure(|act| act.throughput).chain(figure(|act| act.mean_ms));
        let all: Vec<String> = all.collect();
        writeln!(out, "| {} | {} | {} |", strategy(row), row.cell.instances, all.join(" | "))?;
    }
    writeln!(out)
}

/// The page "Which strategy should I choose?".
pub fn choose_page(matrix: &Matrix) -> String {
    let mut out = String::from(
        "# Which strategy should I choose?\n\nMade by `admitone lab publish` from [matrix.json](matrix.json) by rules that are code \
         (`crates/lab/src/matrix/advice.rs`); the figures are [here](README.md). They are of one machine: run the matrix on yours. A \
         strategy is only advised where the audit found nothing in every workload that the rule looks at.\n\n",
    );
    // Writing into a text does not fail.
    let _ = writeln!(out, "{}{}\n", figures_are(matrix), builds::told(matrix));
    let _ = advised(&mut out, matrix);
    for instances in columns(matrix).into_iter().rev() {
        let _ = stand(&mut out, matrix, instances);
    }
    let _ = avoided(&mut out, matrix);
    out
}

fn advised(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    writeln!(out, "| when | R0 chose | choose | because |\n| --- | --- | --- | --- |")?;
    for one in advice(matrix) {
        writeln!(out, "| {} | {} | {} | {} |", one.when, one.elsewhere, one.strategy, one.because)?;
    }
    let most = columns(matrix).last().copied().unwrap_or(1);
    writeln!(
        out,
        "\nThe figures are those with {most} instance(s), but for the embedded store, which has one. What counts of a workload is the \
         rate of audited outcomes within the time that counts, also where visits come at a rate: what is answered when no more come \
         is not kept up with. Over all workloads it is the geometric mean of what a strategy did of the best in each. In one workload \
         in which visits come at a rate, that strategy is the best in which least failed, and of those the one in which 99 of 100 \
         took least.\n"
    )
}

fn stand(out: &mut String, matrix: &Matrix, instances: usize) -> std::fmt::Result {
    let names: Vec<String> =
        matrix.tables.iter().map(|table| format!("`{}`", table.workload)).collect();
    writeln!(out, "## How they stand with {instances} instance(s)\n")?;
    writeln!(
        out,
        "| strategy | needs | over all | {} |\n| --- | --- | --- |{}",
        names.join(" | "),
        " --- |".repeat(names.len())
    )?;
    for one in standings(matrix, instances) {
        let share = |share: &Option<f64>| share.map_or_else(|| "—".to_owned(), percent);
        let shares: Vec<String> = one.shares.iter().map(share).collect();
        writeln!(
            out,
            "| `{}`{} | {} | {} | {} |",
            one.strategy,
            if one.is_embedded { ", embedded" } else { "" },
            if one.is_embedded { "nothing" } else { one.needs().words() },
            share(&one.overall),
            shares.join(" | ")
        )?;
    }
    writeln!(
        out,
        "\nIn percent of the audited outcomes a second of the best on the shared store, within the time that counts. A line stands where \
         it was not run or has no rank.\n"
    )
}

/// What was found wrong, or is known to be.
fn avoided(out: &mut String, matrix: &Matrix) -> std::fmt::Result {
    writeln!(out, "## What not to take\n\n| strategy | instances | why |\n| --- | --- | --- |")?;
    for instances in columns(matrix) {
        for one in standings(matrix, instances) {
            let found = |table: &Table| {
                let row = row(table, &one.strategy, (instances, one.is_embedded))?;
                let result = row.result.as_ref().filter(|result| !result.is_sound)?;
                Some(format!("`{}`: {}", table.workload, audited(row, result)))
            };
            let mut cells = matrix.tables.iter().filter_map(|table| {
                row(table, &one.strategy, (instances, one.is_embedded)).map(|row| &row.cell)
            });
            let harm = cells.find_map(|cell| cell.harm.clone());
            let whys: Vec<String> =
                harm.into_iter().chain(matrix.tables.iter().filter_map(found)).collect();
            if !whys.is_empty() {
                writeln!(out, "| `{}` | {instances} | {} |", one.strategy, whys.join("; "))?;
            }
        }
    }
    writeln!(out)
}
