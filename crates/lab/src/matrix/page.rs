//! The matrix as Markdown and as a page.

use super::{Matrix, Measured, Row, Table};
use crate::reports::{begin_page, escaped, spread};
use std::fmt::Write;

/// The tables.
pub fn markdown(matrix: &Matrix) -> String {
    let mut out = String::new();
    for table in &matrix.tables {
        // Writing into a text does not fail.
        let _ = write_table(&mut out, table);
    }
    let _ = writeln!(out, "    {}", matrix.command);
    out
}

fn write_table(out: &mut String, table: &Table) -> std::fmt::Result {
    writeln!(out, "## {}\n\n{} {}\n", table.workload, table.about, table.origin)?;
    writeln!(
        out,
        "| rank | strategy | instances | audited outcomes/s | p50 ms | p99 ms | longest ms | failed \
         | verdict | limited by |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    for (rank, row) in (1..).zip(&table.rows) {
        let cell = &row.cell;
        let Some(result) = &row.result else {
            writeln!(
                out,
                "| — | `{}` | {} | — | — | — | — | — | not run: {} | |",
                cell.strategy,
                cell.instances,
                line(row.why_not.as_deref().unwrap_or_default())
            )?;
            continue;
        };
        writeln!(
            out,
            "| {} | `{}` | {} | {} | {} | {} | {} | {} | {} | {} |",
            if result.is_sound { rank.to_string() } else { "—".to_owned() },
            cell.strategy,
            cell.instances,
            spread(result.throughput),
            spread(result.p50_ms),
            spread(result.p99_ms),
            spread(result.longest_ms),
            result.failed,
            verdict(result),
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

/// A text that stays in its cell.
fn line(text: &str) -> String {
    text.replace(['\n', '|'], " ")
}

fn verdict(result: &Measured) -> String {
    if result.is_sound {
        let short = if result.meets_goals { "" } else { ", short of a goal" };
        return format!("0 of {} wrong{short}", result.commands);
    }
    let parts: Vec<String> =
        result.findings.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    format!("**UNSOUND**: {}", parts.join(", "))
}

fn control(table: &Table) -> &'static str {
    match table.control() {
        Some(true) => "The control `unsafe` was found out.",
        Some(false) => {
            "**The control was not found out: this run is too short to say that the others are \
             right.**"
        }
        None => "The control could not be run here: that nothing was found proves less.",
    }
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
        "<section><h2>Repeat it</h2><p><code>{}</code></p></section></main></body></html>",
        escaped(&matrix.command)
    );
    out
}

fn write_section(out: &mut String, table: &Table) -> std::fmt::Result {
    write!(
        out,
        "<section><h2>{}</h2><p class=\"about\">{} <span>{}</span></p><div class=\"scroll\"><table>\
         <thead><tr><th>strategy</th><th class=\"text\">instances</th><th>audited outcomes/s</th>\
         <th></th><th>p50 ms</th><th>p99 ms</th><th>longest ms</th><th>failed</th>\
         <th class=\"text\">verdict, and what limits it</th></tr></thead><tbody>",
        escaped(&table.workload),
        escaped(&table.about),
        escaped(&table.origin)
    )?;
    let most = table.rows.iter().filter_map(|row| row.result.as_ref()?.throughput);
    let most = most.map(|spread| spread.median).fold(1e-9, f64::max);
    for row in &table.rows {
        write_row(out, row, most)?;
    }
    write!(out, "</tbody></table></div><p class=\"note\">{}</p>", escaped(control(table)))?;
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

fn write_row(out: &mut String, row: &Row, most: f64) -> std::fmt::Result {
    let strategy = escaped(&row.cell.strategy);
    let Some(result) = &row.result else {
        return write!(
            out,
            "<tr class=\"none\"><th scope=\"row\">{strategy}</th><td>{}</td>\
             <td>—</td><td></td><td>—</td><td>—</td><td>—</td><td>—</td>\
             <td class=\"text\">not run: {}</td></tr>",
            row.cell.instances,
            escaped(row.why_not.as_deref().unwrap_or_default())
        );
    };
    let share = result.throughput.map_or(0.0, |spread| spread.median / most * 120.0);
    let class = if result.is_sound { "" } else { " class=\"wrong\"" };
    write!(
        out,
        "<tr{class}><th scope=\"row\">{strategy}</th><td>{}</td><td class=\"n\">{}</td>\
         <td><svg width=\"120\" height=\"12\" viewBox=\"0 0 120 12\"><rect width=\"{share:.1}\" \
         height=\"12\" rx=\"2\" fill=\"var(--{})\"/></svg></td><td>{}</td><td>{}</td><td>{}</td>\
         <td>{}</td><td class=\"text\">{}; {}</td></tr>",
        row.cell.instances,
        spread(result.throughput),
        if result.is_sound { "c0" } else { "c7" },
        spread(result.p50_ms),
        spread(result.p99_ms),
        spread(result.longest_ms),
        result.failed,
        escaped(&verdict(result).replace("**", "")),
        escaped(&result.limit)
    )
}
