//! The page of a report: one file that needs nothing else, with plots as SVG inside.

use super::svg::{Line, Plot, escaped};
use super::words::{
    date, given_up, maybe, nothing_found, number, number_of, otherwise, sound, spread,
};
use super::{ActFigures, Report, RunReport};
use crate::record::Head;
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
/// So many findings are shown whole.
const FINDINGS: usize = 40;

/// The page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let head = &report.head;
    let title = format!("{} under {}", head.workload, head.strategy);
    begin(&mut out, &title);
    let _ = write!(
        out,
        "<p class=\"about\">{} <span>{}</span></p>",
        escaped(&head.about),
        escaped(&head.origin)
    );
    verdict(&mut out, report);
    acts(&mut out, report);
    // The first run is plotted; all are in the numbers.
    if let Some(run) = report.runs.first() {
        plots(&mut out, run);
        costs(&mut out, run, head.machine.processors);
    }
    findings(&mut out, report);
    setting(&mut out, head, report);
    out.push_str("</main></body></html>\n");
    out
}

/// The beginning of a page.
pub(crate) fn begin(out: &mut String, title: &str) {
    let title = escaped(title);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
    );
}

fn verdict(out: &mut String, report: &Report) {
    let count = report.findings().count();
    let (class, text) = if count > 0 {
        ("bad", format!("{count} findings: what was answered is not true{}", given_up(report)))
    } else {
        let (sound, is_known) = sound(report);
        let is_short = !report.meets_its_goals();
        let short = if is_short { ", and short of a goal" } else { "" };
        let class = if is_short || !is_known { "slow" } else { "good" };
        (class, format!("{sound}{short}; {}", nothing_found(report)))
    };
    let _ = write!(out, "<p class=\"verdict {class}\">{}</p>", escaped(&text));
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in report.findings() {
        *kinds.entry(finding.kind()).or_default() += 1;
    }
    if !kinds.is_empty() {
        let parts: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let _ = write!(out, "<p>{}</p>", escaped(&parts.join(", ")));
    }
}

fn acts(out: &mut String, report: &Report) {
    out.push_str(
        "<section><h2>What it came to</h2><div class=\"scroll\"><table><thead><tr><th>act</th>\
         <th class=\"text\">sent</th><th>audited outcomes/s</th><th>p50 ms</th><th>p99 ms</th>\
         <th>longest ms</th><th>failed</th><th class=\"text\">goals</th></tr></thead><tbody>",
    );
    for act in &report.acts {
        let goals: Vec<String> = act
            .goals
            .iter()
            .map(|goal| {
                let mark = if goal.is_met { "✓" } else { "✗" };
                let (bound, worst) = (number(goal.bound), maybe(goal.worst));
                format!("{mark} {} {worst} (bound {bound})", goal.figure)
            })
            .collect();
        let latency = if act.is_open { "" } else { " class=\"closed\"" };
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td{latency}>{}</td>\
             <td{latency}>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td></tr>",
            escaped(&act.name),
            escaped(&act.pace),
            spread(act.throughput),
            spread(act.p50_ms),
            spread(act.p99_ms),
            spread(act.longest_ms),
            number_of(act.failed),
            escaped(&goals.join(", "))
        );
    }
    let _ = write!(
        out,
        "</tbody></table></div><p class=\"note\">Median of {} runs, in brackets the least and the \
         greatest. Latency counts from when a request was due. In a closed loop a slow house is \
         asked less: its latency (grey) says how long the line is, not how long buyers wait. \
         Refusals by the rules are answers and stand in the plots; what failed counts as slower \
         than everything, and a line stands where so many failed that nobody knows how long it \
         took. Where everything was sold, outcomes a second and latency end with the last who got \
         something; what failed or was refused is of all who came.</p>",
        report.runs.len()
    );
    let others = otherwise(report);
    if !others.is_empty() {
        let ended = others.iter().map(|(name, count)| {
            format!("<li>{} ended as: {}</li>", number_of(*count), escaped(name))
        });
        let _ = write!(out, "<ul>{}</ul>", ended.collect::<String>());
    }
    out.push_str("</section>");
}

fn plots(out: &mut String, run: &RunReport) {
    let marks = || -> Vec<(f64, f64, String)> {
        // What was not done hurt nobody, and what was due after the end has no place on the axis.
        let faults = run.faults.iter().filter(|fault| fault.trouble.is_none());
        faults
            .map(|fault| {
                (super::seconds(fault.at_ns), super::seconds(fault.until_ns), fault.what.clone())
            })
            .collect()
    };
    let over_time = |of: &dyn Fn(&super::Point) -> Option<f64>| -> Vec<(f64, f64)> {
        run.series.iter().map(|point| (point.at_s, of(point).unwrap_or(f64::NAN))).collect()
    };
    let line = |name: &str, colour: usize, of: &dyn Fn(&super::Point) -> Option<f64>| Line {
        name: name.to_owned(),
        colour,
        points: over_time(of),
    };
    let plot = |title, lines, is_log| {
        Plot { title, across: "seconds", lines, marks: marks(), is_log, ticks: None }.figure()
    };
    out.push_str("<section><h2>Over time</h2><div class=\"plots\">");
    let done = vec![
        line("done", 0, &|point| Some(point.done)),
        line("failed", 7, &|point| Some(point.failed)),
    ];
    out.push_str(&plot("Outcomes a second", done, false));
    let latency = vec![
        line("median", 0, &|point| point.p50_ms),
        line("95 of 100", 1, &|point| point.p95_ms),
        line("99 of 100", 2, &|point| point.p99_ms),
    ];
    out.push_str(&plot("Latency, ms, by when it was due", latency, true));
    out.push_str(&plot("Refusals a second, by reason", refusals(run), false));
    let cpu = vec![
        line("house", 0, &|point| point.house_cpu),
        line("services", 1, &|point| point.services_cpu),
        line("generator", 2, &|point| point.generator_cpu),
    ];
    out.push_str(&plot("Processors in use", cpu, false));
    let batch = vec![line("commands a batch", 0, &|point| point.batch)];
    out.push_str(&plot("Commands in a batch", batch, false));
    let lock = vec![
        line("waited for", 0, &|point| point.lock_wait_ms),
        line("held", 1, &|point| point.lock_hold_ms),
    ];
    out.push_str(&plot("Lock, ms a batch", lock, false));
    let conflicts = vec![line("a second", 0, &|point| point.conflicts)];
    if !is_nothing(&conflicts) {
        out.push_str(&plot("Attempts that met a conflict, a second", conflicts, false));
    }
    out.push_str(&distribution(&run.acts));
    out.push_str("</div>");
    faults(out, run);
    out.push_str("</section>");
}

/// Whether there is nothing above the axis.
fn is_nothing(lines: &[Line]) -> bool {
    lines.iter().flat_map(|line| &line.points).all(|(_, y)| !y.is_finite() || *y <= 0.0)
}

fn refusals(run: &RunReport) -> Vec<Line> {
    let mut names: Vec<&String> =
        run.series.iter().flat_map(|point| point.refused.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let line = |(colour, name): (usize, &String)| Line {
        name: name.clone(),
        colour,
        points: run
            .series
            .iter()
            .map(|point| (point.at_s, point.refused.get(name).copied().unwrap_or(0.0)))
            .collect(),
    };
    names.into_iter().enumerate().map(line).collect()
}

/// How long so many of 100 took, drawn by the number of nines.
fn distribution(acts: &[ActFigures]) -> String {
    let nines = |share: f64| -(1.0 - share).max(1e-4).log10();
    let lines = acts.iter().enumerate().map(|(colour, act)| Line {
        name: act.name.clone(),
        colour,
        points: act.distribution.iter().map(|(share, ms)| (nines(*share), *ms)).collect(),
    });
    let ticks = [(0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9")];
    let ticks = ticks.map(|(share, text)| (nines(share), text.to_owned()));
    let (title, across) = ("Latency, ms, of so many of 100", "of 100");
    let (marks, ticks) = (Vec::new(), Some(ticks.into()));
    Plot { title, across, lines: lines.collect(), marks, is_log: true, ticks }.figure()
}

fn faults(out: &mut String, run: &RunReport) {
    if run.faults.is_empty() {
        return;
    }
    out.push_str("<h3>Faults</h3><ul>");
    for fault in &run.faults {
        let trouble = fault.trouble.as_ref().map(|why| format!(": not done: {why}"));
        let _ = write!(
            out,
            "<li>{} s: <code>{}</code>{}</li>",
            number(super::seconds(fault.at_ns)),
            escaped(&fault.what),
            escaped(&trouble.unwrap_or_default())
        );
    }
    out.push_str("</ul>");
}

fn costs(out: &mut String, run: &RunReport, processors: usize) {
    out.push_str(
        "<section><h2>What it cost, and what limits it</h2><div class=\"scroll\"><table><thead>\
         <tr><th>act</th><th>house</th><th>services</th><th>generator</th><th>commands a batch</th>\
         <th>commits/s</th><th>lock wait ms</th><th>lock held ms</th><th>conflicts a command</th>\
         <th>sent late, p99 ms</th><th class=\"text\">limited by</th></tr></thead><tbody>",
    );
    for act in &run.acts {
        let cost = &act.cost;
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(&act.name));
        for figure in act.costs() {
            let _ = write!(out, "<td>{}</td>", maybe(figure));
        }
        let _ = write!(out, "<td class=\"text\">{}</td></tr>", escaped(&cost.limit(processors)));
    }
    out.push_str(
        "</tbody></table></div><p class=\"note\">Processors in use, of the first run. How late the \
         generator sent is what it adds to a latency by itself.</p>",
    );
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>request</th><th>answered</th><th>p99 ms</th></tr></thead><tbody>");
    for act in &run.acts {
        for (kind, (count, p99)) in &act.requests {
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{}: {}</th><td>{}</td><td>{}</td></tr>",
                escaped(&act.name),
                escaped(kind),
                number_of(*count),
                maybe(*p99)
            );
        }
    }
    out.push_str("</tbody></table></div></section>");
}

fn findings(out: &mut String, report: &Report) {
    out.push_str("<section><h2>The audit</h2>");
    let mut checked: BTreeMap<&str, u64> = BTreeMap::new();
    for (what, count) in report.runs.iter().flat_map(|run| &run.checked) {
        *checked.entry(what).or_default() += count;
    }
    let parts: Vec<String> =
        checked.iter().map(|(what, count)| format!("{} {what}", number_of(*count))).collect();
    let _ = write!(
        out,
        "<p>{} commands were audited: {}.</p>",
        number_of(report.commands()),
        escaped(&parts.join(", "))
    );
    let all = report.findings().count();
    if all > 0 {
        out.push_str("<ol class=\"findings\">");
        for finding in report.findings().take(FINDINGS) {
            let _ = write!(out, "<li>{}</li>", escaped(&finding.to_string()));
        }
        out.push_str("</ol>");
        if all > FINDINGS {
            let _ = write!(out, "<p class=\"note\">and {} more in the JSON.</p>", all - FINDINGS);
        }
    }
    for why in report.unrest().chain(report.cuts()) {
        let _ = write!(out, "<p class=\"verdict slow\">{}</p>", escaped(why));
    }
    out.push_str("</section>");
}

fn setting(out: &mut String, head: &Head, report: &Report) {
    out.push_str("<section><h2>How it was run</h2><dl>");
    let machine = &head.machine;
    let seeds: Vec<String> = report.runs.iter().map(|run| run.seed.to_string()).collect();
    let parameters: Vec<String> =
        head.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let versions = super::words::versions(&head.versions);
    let place = format!(
        "{} × {}, {} MiB, Linux {}",
        machine.processors,
        machine.processor.as_deref().unwrap_or("unknown"),
        machine.memory_mib.unwrap_or(0),
        machine.kernel.as_deref().unwrap_or("unknown")
    );
    let rows = [
        ("strategy", head.strategy.clone()),
        ("store", format!("{}, {}", head.store, super::words::instances(head.instances))),
        ("parameters", parameters.join(" ")),
        ("seeds", seeds.join(", ")),
        ("threads", head.threads.to_string()),
        ("began", date(head.began_s)),
        ("versions", versions),
        ("machine", place),
        ("limits", head.limits.join("; ")),
        ("repeat it", head.command.clone()),
    ];
    for (name, value) in rows {
        let value = escaped(&value);
        let value = if name == "repeat it" { format!("<code>{value}</code>") } else { value };
        let _ = write!(out, "<dt>{name}</dt><dd>{value}</dd>");
    }
    out.push_str("</dl></section>");
}
