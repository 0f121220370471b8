//! In what two reports differ, but for what was measured: who compares them must know it.

use crate::machine::Machine;
use crate::reports::Report;
use crate::reports::markdown::machine;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

pub(super) struct Apart {
    /// What differs: its name, the first's and the other's.
    pub(super) differs: Vec<String>,
    /// Whether the same was sent.
    pub(super) is_same_load: bool,
}

/// In what a report differs from the first.
pub(super) fn apart(first: &Report, other: &Report) -> Apart {
    let (one, two) = (&first.head, &other.head);
    let mut loads = Vec::new();
    loads.extend(differ("workload", &one.workload, &two.workload));
    loads.extend(maps("", &one.parameters, &two.parameters));
    loads.extend(differ("threads that send", &one.threads, &two.threads));
    loads.extend(acts(first, other));
    let is_same_load = loads.is_empty();
    let mut differs = loads;
    differs.extend(differ("strategy", &one.strategy, &two.strategy));
    differs.extend(differ("store", &one.store, &two.store));
    differs.extend(differ("instances", &one.instances, &two.instances));
    differs.extend(differ("runs", &first.runs.len(), &other.runs.len()));
    differs.extend(differ("seeds", &seeds(first), &seeds(other)));
    differs.extend(differ("machine", &place(&one.machine), &place(&two.machine)));
    differs.extend(maps("version of ", &one.versions, &two.versions));
    differs.extend(differ("limits", &one.limits.join(", "), &two.limits.join(", ")));
    Apart { differs, is_same_load }
}

fn differ<T: Display + PartialEq>(what: &str, first: &T, other: &T) -> Option<String> {
    (first != other).then(|| format!("{what} ({first} / {other})"))
}

/// What two maps have not in common.
fn maps<T: Display + PartialEq>(
    what: &str,
    first: &BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
) -> Vec<String> {
    let names: BTreeSet<&String> = first.keys().chain(other.keys()).collect();
    let shown = |one: Option<&T>| one.map_or_else(|| "none".to_owned(), T::to_string);
    let pairs = names.into_iter().map(|name| (name, first.get(name), other.get(name)));
    let apart = pairs.filter(|(_, one, two)| one != two);
    apart
        .map(|(name, one, two)| format!("{what}{name} ({} / {})", shown(one), shown(two)))
        .collect()
}

/// Acts that one of the two has alone: nothing of them is in the table.
fn acts(first: &Report, other: &Report) -> Option<String> {
    let alone = |one: &Report, two: &Report| {
        let acts = one.acts.iter().map(|act| act.name.as_str());
        let acts: Vec<&str> =
            acts.filter(|name| two.acts.iter().all(|act| act.name != *name)).collect();
        if acts.is_empty() { "none".to_owned() } else { acts.join(", ") }
    };
    let (one, two) = (alone(first, other), alone(other, first));
    differ("acts that are not compared because the other has none of that name", &one, &two)
}

fn seeds(report: &Report) -> String {
    let seeds = report.runs.iter().map(|run| run.seed.to_string());
    seeds.collect::<Vec<_>>().join(", ")
}

fn place(of: &Machine) -> String {
    let optimised = if of.optimised { "" } else { "; a build for tests" };
    format!("{}{optimised}", machine(of))
}
