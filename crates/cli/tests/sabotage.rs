//! Does the auditor bite? Defects are planted in the product, one after the other, and each has to
//! be found, by the kind of finding that it is. Built with the feature `sabotage`:
//! `cargo test -p admitone-cli --features sabotage --test sabotage`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::process::{Command, Stdio};

/// A defect, the workload that meets it, and the kinds of finding of which one must be there.
const PLANTED: [(&str, &str, &[&str]); 28] = [
    ("lost-commit", "cash", &["lost"]),
    ("lose-reservation", "overbook", &["lost"]),
    ("other-buyer", "overbook", &["different"]),
    ("other-seat", "hot-seat", &["different"]),
    ("forget-release", "hot-seat", &["different"]),
    ("seat-stays-free", "hot-seat", &["sold_twice", "no_order"]),
    ("stock-not-counted", "overbook", &["oversold", "miscounted"]),
    ("stock-counted-twice", "overbook", &["miscounted"]),
    ("lose-entry", "cash", &["lost"]),
    ("double-entry", "cash", &["foreign"]),
    ("wrong-entry", "cash", &["different"]),
    ("wrong-balance", "cash", &["miscounted"]),
    ("keep-balance", "cash", &["miscounted"]),
    ("lose-payment", "sell-out", &["lost"]),
    ("paid-for-nothing", "sell-out", &["paid_for_nothing", "different"]),
    ("give-up", "overbook", &["ended_unasked"]),
    ("for-free", "overbook", &["sold_unpaid"]),
    ("stale-rows", "cash", &["miscounted", "no_order"]),
    ("no-memory", "retries", &["twice", "foreign"]),
    ("late-expiry", "drop-outs", &["held_past_expiry"]),
    ("early-expiry", "sell-out", &["ended_early"]),
    ("tell-other-balance", "cash", &["no_order"]),
    ("tell-other-reservation", "overbook", &["lost"]),
    ("tell-refusal", "overbook", &["foreign"]),
    ("do-twice", "cash", &["foreign"]),
    ("tell-anothers", "cash", &["shared"]),
    ("leak-memory", "soak", &["leak of memory"]),
    ("leak-files", "soak", &["leak of open"]),
];

/// Runs a workload on the embedded store, without guards: they would find some of it first.
fn kinds(sabotage: Option<&str>, workload: &str) -> (Option<i32>, Vec<String>) {
    let sets: &[&str] = match workload {
        "cash" => &["count=300", "users=16"],
        "overbook" => &["seconds=1", "users=16", "stock=100000"],
        "hot-seat" | "retries" => &["seconds=1", "users=8"],
        "sell-out" => &["buyers=120", "tickets=200", "users=16"],
        "soak" => &["seconds=9", "rate=20", "users=50"],
        _ => &["seconds=6", "users=16", "seats=50", "hold_seconds=1"],
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.args(["lab", "run", workload, "--quick", "--json", "--without-guards"]);
    command.args(sets.iter().flat_map(|set| ["--set", set]));
    if let Some(name) = sabotage {
        command.args(["--sabotage", name]);
    }
    let ran = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let report: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{sabotage:?} under {workload}: {error}: {said}"));
    let findings = report["runs"][0]["findings"].as_array().unwrap();
    (ran.status.code(), findings.iter().map(kind).collect())
}

/// The kind of a finding; of a leak, what of.
fn kind(finding: &Value) -> String {
    let kind = finding["finding"].as_str().unwrap();
    match finding["what"].as_str().and_then(|what| what.split(' ').next()) {
        Some(what) if kind == "leak" => format!("leak of {what}"),
        _ => kind.to_owned(),
    }
}

#[test]
fn every_planted_defect_is_found_by_its_name() {
    let mut missed = Vec::new();
    for (name, workload, wanted) in PLANTED {
        let (code, kinds) = kinds(Some(name), workload);
        let is_found = kinds.iter().any(|kind| wanted.contains(&kind.as_str()));
        if code != Some(1) || !is_found {
            missed.push(format!("{name} under {workload}: {code:?}, {kinds:?}"));
        }
    }
    assert!(missed.is_empty(), "{} of {} were missed: {missed:#?}", missed.len(), PLANTED.len());
}

#[test]
fn where_nothing_is_planted_nothing_is_found() {
    for workload in ["cash", "overbook", "hot-seat", "sell-out", "retries", "drop-outs", "soak"] {
        let (code, kinds) = kinds(None, workload);
        assert!(kinds.is_empty() && code == Some(0), "{workload}: {code:?}, {kinds:?}");
    }
}
