//! What every figure needs beside it to mean anything, as names and texts: for files that a program
//! reads, which have no place for a page about it.

use super::Report;
use super::markdown::machine;
use super::words::versions;
use crate::record::Head;
use crate::run::BUILD;

/// A name and a text.
pub(super) type Said = (&'static str, String);

/// What was run where: the same of all runs of a report.
pub(super) fn about(head: &Head) -> [Said; 8] {
    let parameters = head.parameters.iter().map(|(name, value)| format!("{name}={value}"));
    let mut others = head.versions.clone();
    let build = others.remove(BUILD).unwrap_or_default();
    [
        ("parameters", parameters.collect::<Vec<_>>().join(" ")),
        ("threads", head.threads.to_string()),
        ("build", build),
        ("versions", versions(&others)),
        ("machine", machine(&head.machine)),
        ("limits", head.limits.join("; ")),
        ("began_s", head.began_s.to_string()),
        ("command", head.command.clone()),
    ]
}

/// Which run of what under what.
pub(super) fn which(report: &Report, run: u32) -> [Said; 5] {
    let head = &report.head;
    [
        ("workload", head.workload.clone()),
        ("strategy", head.strategy.clone()),
        ("store", head.store.clone()),
        ("instances", head.instances.to_string()),
        ("run", run.to_string()),
    ]
}
