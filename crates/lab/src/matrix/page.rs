//! The matrix as Markdown and as a page.

use super::words::figures_are;
use super::{Matrix, Measured, Row, Table, builds};
use crate::figures::Spread;
use crate::reports::undecided;
use crate::reports::{begin_page, escaped, spread};
use std::fmt::Write;

/// The tables.
pub fn markdown(matrix: &Matrix) -> String {
    let mut out = String::new();
    for table in &matrix.tables {
        // Writing into a text does not fail.
        let _ = write_table(&mut out, table);
    }
    for line in builds::lines(matrix) {
        let _ = writeln!(out, "- {line}");
    }
    let _ = writeln!(out, "\n{}\n\n    {}", figures_are(matrix), matrix.command);
    out
}

fn write_table(out: &mut String, table: &Table) -> std::fmt::Result {
    writeln!(out, "## {}\n\n{} {}\n", table.workload, table.about, table.origin)?;
    writeln!(
        out,
        "| rank | strategy | instances | audited outcomes/s | p50 ms | p99 ms | longest ms | refused \
         | failed | verdict | limited by |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    for (rank, row) in (1..).zip(&table.rows) {
        let (strategy, instances) = named(row);
        let Some(result) = &row.result else {
            writeln!(
                out,
                "| — | `{strategy}` | {instances} | — | — | — | — | — | — | not run: {} | |",
                line(row.why_not.as_deref().unwrap_or_default())
            )?;
            continue;
        };
        let [throughput, p50, p99, longest] = figures(result).map(spread);
        let rank = if row.ranked().is_some() { rank.to_string() } else { "—".to_owned() };
        writeln!(
            out,
            "| {rank} | `{strategy}` | {instances} | {throughput} | {p50} | {p99} | {longest} | {} | {} \
             | {} | {} |",
            result.last().map_or(0, |act| act.refused),
            result.failed,
            verdict(row, result),
            result.limit
        )?;
    }
    writeln!(out, "\n{}\n", control(table))?;
    if !table.choices.is_empty() {
        writeln!(out, "| when | choose | because |\n| --- | --- | --- |")?;
        for choice in &table.choices {
            writeln!(out, "| {} | `{}` | {} |", choice.when, choice.strategy, choice.because)?;
        }
        writeln!(out)?;
    }
    if let Some(head) = &table.head {
        let parameters: Vec<String> =
            head.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let versions: Vec<&str> = head.versions.values().map(String::as_str).collect();
        writeln!(
            out,
            "Seed {}, {}; {}; {} × {}; {}; {}.\n",
            head.seed,
            parameters.join(" "),
            head.store,
            head.machine.processors,
            head.machine.processor.as_deref().unwrap_or("unknown processor"),
            versions.join("; "),
            head.limits.join("; ")
        )?;
    }
    Ok(())
}

/// The strategy of a row, and with how many instances on what.
fn named(row: &Row) -> (&str, String) {
    let embedded = if row.cell.is_embedded { ", embedded" } else { "" };
    (&row.cell.strategy, format!("{}{embedded}", row.cell.instances))
}

/// Throughput, median, 99 of 100 and the longest of the act that is ranked by.
fn figures(result: &Measured) -> [Option<Spread>; 4] {
    result.last().map_or([None; 4], |act| [act.throughput, act.p50_ms, act.p99_ms, act.longest_ms])
}

/// A text that stays in its cell.
fn line(text: &str) -> String {
    text.replace(['\n', '|'], " ")
}

fn verdict(row: &Row, result: &Measured) -> String {
    let short = if result.meets_goals { "" } else { ", short of a goal" };
    let undecided = undecided(result.undecided);
    match (&row.cell.harm, result.is_sound) {
        (None, true) => format!("{}{short}", result.nothing_found()),
        (Some(harm), true) => {
            format!("**not found out** in {}: {}{undecided}", result.commands, line(harm))
        }
        (_, false) => {
            let parts = result.findings.iter().map(|(kind, count)| format!("{count} {kind}"));
            format!("**UNSOUND**: {}{undecided}", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn control(table: &Table) -> String {
    let said = match table.control() {
        Some(true) => "The control `unsafe` was found out.",
        _ if !table.is_contended => {
            "Nobody here wants what another wants, so the control `unsafe` cannot be found out by \
             this workload: it says how fast a strategy is, and not whether it is right."
        }
        Some(false) => {
            "**The control was not found out: this run is too short to say that the others are \
             right.**"
        }
        None => {
            return format!(
                "**No control: {}. That nothing was found in the others does not say that they \
                 are right.**",
                line(&table.without_control())
            );
        }
    };
    said.to_owned()
}

/// One page with all tables.
pub fn page(matrix: &Matrix) -> String {
    let mut out = String::new();
    begin_page(&mut out, "The strategies, side by side");
    for table in &matrix.tables {
        // Writing into a text does not fail.
        let _ = write_section(&mut out, table);
    }
    let _ = write!(
        out,
        "<section><h2>Repeat it</h2><p>{}</p><p><code>{}</code></p>",
        escaped(&figures_are(matrix)),
        escaped(&matrix.command)
    );
    for line in builds::lines(matrix) {
        let _ = write!(out, "<p>{}</p>", escaped(&line));
    }
    out.push_str("</section></main></body></html>");
    out
}

fn write_section(out: &mut String, table: &Table) -> std::fmt::Result {
    write!(
        out,
        "<section><h2>{}</h2><p class=\"about\">{} <span>{}</span></p><div class=\"scroll\"><table>\
         <thead><tr><th>strategy</th><th class=\"text\">instances</th><th>audited outcomes/s</th>\
         <th></th><th>p50 ms</th><th>p99 ms</th><th>longest ms</th><th>refused</th><th>failed</th>\
         <th class=\"text\">verdict, and what limits it</th></tr></thead><tbody>",
        escaped(&table.workload),
        escaped(&table.about),
        escaped(&table.origin)
    )?;
    let most = table.rows.iter().filter_map(|row| row.result.as_ref()?.last()?.throughput);
    let most = most.map(|spread| spread.median).fold(1e-9, f64::max);
    for row in &table.rows {
        write_row(out, (row, &table.workload), most)?;
    }
    let control = control(table).replace("**", "");
    write!(out, "</tbody></table></div><p class=\"note\">{}</p>", escaped(&control))?;
    if !table.choices.is_empty() {
        out.push_str(
            "<h3>Which one to choose</h3><div class=\"scroll\"><table><thead><tr><th>when</th>\
             <th class=\"text\">choose</th><th class=\"text\">because</th></tr></thead><tbody>",
        );
        for choice in &table.choices {
            write!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"text\">{}</td></tr>",
                escaped(&choice.when),
                escaped(&choice.strategy),
                escaped(&choice.because)
            )?;
        }
        out.push_str("</tbody></table></div>");
    }
    out.push_str("</section>");
    Ok(())
}

fn write_row(out: &mut String, (row, workload): (&Row, &str), most: f64) -> std::fmt::Result {
    let (strategy, instances) = named(row);
    let strategy = escaped(strategy);
    let Some(result) = &row.result else {
        return write!(
            out,
            "<tr class=\"none\"><th scope=\"row\">{strategy}</th><td>{instances}</td>\
             <td>—</td><td></td><td>—</td><td>—</td><td>—</td><td>—</td><td>—</td>\
             <td class=\"text\">not run: {}</td></tr>",
            escaped(row.why_not.as_deref().unwrap_or_default())
        );
    };
    let [throughput, p50, p99, longest] = figures(result);
    let share = throughput.map_or(0.0, |spread| spread.median / most * 120.0);
    let (class, colour) =
        if row.ranked().is_some() { ("", "c0") } else { (" class=\"wrong\"", "c7") };
    write!(
        out,
        "<tr{class}><th scope=\"row\"><a href=\"cells/{}/report.html\">{strategy}</a></th>\
         <td>{instances}</td><td class=\"n\">{}</td>\
         <td><svg width=\"120\" height=\"12\" viewBox=\"0 0 120 12\"><rect width=\"{share:.1}\" \
         height=\"12\" rx=\"2\" fill=\"var(--{colour})\"/></svg></td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}</td><td>{}</td><td class=\"text\">{}; {}</td></tr>",
        escaped(&row.cell.place(workload)),
        spread(throughput),
        spread(p50),
        spread(p99),
        spread(longest),
        result.last().map_or(0, |act| act.refused),
        result.failed,
        escaped(&verdict(row, result).replace("**", "")),
        escaped(&result.limit)
    )
}
