//! A report as people read it in a terminal or a document: Markdown.

use super::Report;
use super::words::{
    date, given_up, instances, maybe, nothing_found, number, number_of, otherwise, sound, spread,
    versions,
};
use crate::machine::Machine;
use crate::record::Head;
use std::collections::BTreeMap;
use std::fmt::Write;

/// So many findings are shown whole.
const FINDINGS: usize = 12;

/// The tables of a report.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    // Writing into a text does not fail.
    let _ = write_all(&mut out, report);
    out
}

fn write_all(out: &mut String, report: &Report) -> std::fmt::Result {
    let head = &report.head;
    writeln!(
        out,
        "# {} under {}\n\n{} {}\n",
        head.workload, head.strategy, head.about, head.origin
    )?;
    writeln!(
        out,
        "| act | audited outcomes/s | p50 ms | p99 ms | longest ms | failed | limited by |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    for (at, act) in report.acts.iter().enumerate() {
        let first = report.runs.first().and_then(|run| run.acts.get(at));
        let limit = first.map(|act| act.cost.limit(head.machine.processors));
        writeln!(
            out,
            "| {}: {} | {} | {} | {} | {} | {} | {} |",
            act.name,
            act.pace,
            spread(act.throughput),
            spread(act.p50_ms),
            spread(act.p99_ms),
            spread(act.longest_ms),
            number_of(act.failed),
            limit.unwrap_or_default()
        )?;
    }
    costs(out, report)?;
    refusals(out, report)?;
    for goal in report.acts.iter().flat_map(|act| &act.goals) {
        let mark = if goal.is_met { "reached" } else { "NOT REACHED" };
        let (worst, bound) = (maybe(goal.worst), number(goal.bound));
        writeln!(out, "- goal {} {bound}: {worst}, {mark}", goal.figure)?;
    }
    writeln!(out, "\n{}", verdict(report))?;
    for finding in report.findings().take(FINDINGS) {
        writeln!(out, "- WRONG {finding}")?;
    }
    let more = report.findings().count().saturating_sub(FINDINGS);
    if more > 0 {
        writeln!(out, "- and {more} more findings, which stand in the JSON")?;
    }
    for why in report.unrest() {
        writeln!(out, "- NOT AT REST {why}")?;
    }
    for why in report.cuts() {
        writeln!(out, "- ENDED EARLY {why}")?;
    }
    faults(out, report)?;
    writeln!(
        out,
        "\n{} run(s) from {} on; {} with {}\n\n{}",
        report.runs.len(),
        date(head.began_s),
        head.store,
        instances(head.instances),
        repeated(head)
    )
}

/// What it takes to repeat a run, and to know what its figures mean: seed, parameters, machine,
/// versions, limits, and the command.
pub(super) fn repeated(head: &Head) -> String {
    let parameters: Vec<String> =
        head.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lines = [
        format!("seed {}, {} thread(s) send; {}", head.seed, head.threads, parameters.join(" ")),
        machine(&head.machine),
        versions(&head.versions),
        head.limits.join("; "),
        format!("`{}`", head.command),
    ];
    let said = lines.iter().filter(|line| !line.is_empty());
    said.map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n")
}

/// The machine, as far as it says.
pub(super) fn machine(machine: &Machine) -> String {
    let processor = machine.processor.as_deref().unwrap_or("processors that do not say their name");
    let memory = machine
        .memory_mib
        .map_or_else(String::new, |mib| format!(", {} GiB of memory", mib.div_ceil(1_024)));
    let kernel =
        machine.kernel.as_ref().map_or_else(String::new, |kernel| format!("; Linux {kernel}"));
    format!("{} × {processor}{memory}{kernel}", machine.processors)
}

/// The faults of all runs, and why one was not done.
fn faults(out: &mut String, report: &Report) -> std::fmt::Result {
    for (turn, run) in (1..).zip(&report.runs) {
        for fault in &run.faults {
            let at = number(super::seconds(fault.at_ns));
            write!(out, "- fault `{}` at {at} s of run {turn}", fault.what)?;
            match &fault.trouble {
                Some(why) => writeln!(out, ": NOT DONE: {why}")?,
                None => writeln!(out)?,
            }
        }
    }
    Ok(())
}

/// What the acts of the first run cost.
fn costs(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "\n| act | house | services | generator | commands a batch | commits/s | lock wait ms | \
         lock held ms | conflicts a command | sent late, p99 ms |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")?;
    for act in report.runs.first().iter().flat_map(|run| &run.acts) {
        writeln!(out, "| {} | {} |", act.name, act.costs().map(maybe).join(" | "))?;
    }
    Ok(())
}

fn refusals(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out)?;
    for (name, count) in otherwise(report) {
        writeln!(out, "- {} ended as: {name}", number_of(count))?;
    }
    Ok(())
}

/// One line: whether what was answered is true.
pub fn verdict(report: &Report) -> String {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in report.findings() {
        *kinds.entry(finding.kind()).or_default() += 1;
    }
    if kinds.is_empty() {
        return format!("{}: {}", sound(report).0, nothing_found(report));
    }
    let parts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    format!("UNSOUND: {}{}", parts.join(", "), given_up(report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_its_model_its_memory_and_its_kernel() {
        let known = Machine {
            processors: 2,
            processor: Some("Xeon".to_owned()),
            kernel: Some("6.18".to_owned()),
            memory_mib: Some(23_900),
            optimised: true,
        };
        assert_eq!(machine(&known), "2 × Xeon, 24 GiB of memory; Linux 6.18");
        let mute = Machine { processor: None, kernel: None, memory_mib: None, ..known };
        assert_eq!(machine(&mute), "2 × processors that do not say their name");
    }
}
