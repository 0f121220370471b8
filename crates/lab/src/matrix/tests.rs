//! Tables of cells that nobody ran.

mod cells;
mod verdict;

use super::*;
use crate::audit::Finding;
use crate::figures::Spread;

fn row(strategy: &str, is_sound: bool, throughput: f64) -> Row {
    let spread = Spread { median: throughput, min: throughput, max: throughput };
    let act = ActMeasured {
        name: "a".to_owned(),
        is_given: false,
        throughput: Some(spread),
        mean_ms: None,
        p50_ms: None,
        p95_ms: None,
        p99_ms: None,
        longest_ms: Some(spread),
        due: 10,
        refused: 3,
        failed: 0,
    };
    let result = Measured {
        is_sound,
        runs: 1,
        commands: 10,
        undecided: 0,
        findings: (!is_sound).then(|| ("lost".to_owned(), 1)).into_iter().collect(),
        examples: Vec::new(),
        acts: vec![act],
        failed: 0,
        cpu_us: Some(1_000.0 / throughput),
        limit: "its lock".to_owned(),
        meets_goals: true,
    };
    let strategy = strategy.to_owned();
    let cell = Cell { strategy, instances: 2, is_embedded: false, harm: None };
    Row { cell, why_not: None, result: Some(result), build: None }
}

/// A table as a matrix makes it of its rows.
pub(super) fn table(workload: &str, rows: Vec<Row>) -> Table {
    let mut table = Table {
        workload: workload.to_owned(),
        about: "What it does.".to_owned(),
        origin: "Where from.".to_owned(),
        is_contended: true,
        head: None,
        rows,
        choices: Vec::new(),
    };
    table.sort();
    table.choices = choose::choices(&table.rows);
    table
}

#[test]
fn the_unsound_is_never_ranked_above_the_sound_however_fast_it_is() {
    let none = Row { why_not: Some("no broker".into()), result: None, ..row("kafka", true, 1.0) };
    let table = table(
        "overbook",
        vec![
            none,
            row("unsafe", false, 9_000.0),
            row("pessimistic", true, 200.0),
            row("batched", true, 5_000.0),
        ],
    );
    let names: Vec<&str> = table.rows.iter().map(|row| row.cell.strategy.as_str()).collect();
    assert_eq!(names, ["batched", "pessimistic", "unsafe", "kafka"]);
    assert_eq!(table.control(), Some(true));
    let markdown = markdown(&Matrix { tables: vec![table.clone()], command: "x".into() });
    assert!(markdown.contains("| 1 | `batched`") && markdown.contains("no broker"), "{markdown}");
    assert!(!table.choices.is_empty(), "something sound was measured");
    assert!(table.choices.iter().all(|choice| choice.strategy != "unsafe"));
    let page = page(&Matrix { tables: vec![table], command: "x".into() });
    assert!(page.contains("batched") && page.contains("its lock"));
}

#[test]
fn a_matrix_whose_control_was_not_found_out_is_not_to_be_trusted() {
    let table =
        table("overbook", vec![row("unsafe", true, 9_000.0), row("batched", true, 5_000.0)]);
    let matrix = Matrix { tables: vec![table], command: String::new() };
    assert!(!matrix.is_trustworthy());
    assert!(markdown(&matrix).contains("control was not found out"), "{}", markdown(&matrix));
}

#[test]
fn a_control_that_answered_nobody_was_not_found_out() {
    let mut silent = row("unsafe", false, 9_000.0);
    let result = silent.result.as_mut().unwrap();
    let of_the_house = [
        Finding::NobodySucceeded { act: String::new() },
        Finding::EndedBadly,
        Finding::Leak { what: String::new(), first: 1, last: 2 },
    ];
    result.findings = of_the_house.map(|finding| (finding.kind().to_owned(), 1)).into();
    let mut both = silent.clone();
    both.result.as_mut().unwrap().findings.insert("lost".to_owned(), 1);
    assert_eq!(table("overbook", vec![silent]).control(), Some(false));
    assert_eq!(table("overbook", vec![both]).control(), Some(true));
}

#[test]
fn a_workload_without_contention_convicts_nobody_and_must_have_one_beside_it_that_does() {
    let mut flow =
        table("overbook", vec![row("unsafe", true, 9_000.0), row("batched", true, 5_000.0)]);
    flow.is_contended = false;
    let overbook = table("overbook", vec![row("unsafe", false, 9_000.0)]);
    let of = |tables: Vec<Table>| Matrix { tables, command: String::new() };
    assert!(of(vec![overbook.clone(), flow.clone()]).is_trustworthy());
    assert!(!of(vec![flow.clone()]).is_trustworthy());
    let without = table("overbook", vec![row("batched", true, 5_000.0)]);
    assert!(!of(vec![without.clone()]).is_trustworthy(), "nobody was convicted");
    assert!(!of(vec![overbook, without]).is_trustworthy(), "nor in the second workload");
    assert!(markdown(&of(vec![flow])).contains("not whether it is right"));
}

#[test]
fn what_is_computed_to_do_harm_has_no_rank_where_nothing_was_found() {
    let mut harmful = row("simple-lock", true, 9_000.0);
    harmful.cell.harm = Some("another process does not see the lock".to_owned());
    let table = table("overbook", vec![harmful, row("pessimistic", true, 200.0)]);
    assert_eq!(table.rows[0].cell.strategy, "pessimistic");
    assert!(!table.choices.is_empty(), "something sound was measured");
    assert!(table.choices.iter().all(|choice| choice.strategy == "pessimistic"));
    let markdown = markdown(&Matrix { tables: vec![table], command: String::new() });
    assert!(markdown.contains("| — | `simple-lock` | 2 |"), "{markdown}");
    assert!(markdown.contains("not found out** in 10: another process"), "{markdown}");
}

#[test]
fn who_is_not_answered_waits_longest_of_all() {
    let shown = |of: &Row| -> Vec<String> {
        let table = table("overbook", vec![of.clone(), row("pessimistic", true, 200.0)]);
        let choices = table.choices.into_iter();
        choices.filter(|one| one.when.contains("wait long")).map(|one| one.strategy).collect()
    };
    // What it answered it answered soon.
    let mut soon = row("optimistic", true, 20.0);
    assert_eq!(shown(&soon), ["optimistic"]);
    soon.result.as_mut().unwrap().failed = 9;
    assert_eq!(shown(&soon), ["pessimistic"]);
}

#[test]
fn what_has_no_percentile_in_most_of_its_runs_is_not_the_faster_one() {
    let given = |strategy: &str, p99_ms: Spread| {
        let mut row = row(strategy, true, 200.0);
        let act = &mut row.result.as_mut().unwrap().acts[0];
        (act.is_given, act.p99_ms) = (true, Some(p99_ms));
        row
    };
    let endless = f64::INFINITY;
    let table = table(
        "whole-flow",
        vec![
            given("optimistic", Spread { median: endless, min: 1.0, max: endless }),
            given("batched", Spread { median: 9.0, min: 8.0, max: 10.0 }),
        ],
    );
    assert_eq!(table.rows[0].cell.strategy, "batched");
    let markdown = markdown(&Matrix { tables: vec![table], command: String::new() });
    assert!(
        markdown.contains("| — (1.00 to —) |") && markdown.contains("p99 9.00 ms"),
        "{markdown}"
    );
}

#[test]
fn every_cell_has_a_place_of_its_own_that_is_a_plain_path() {
    let cell = |strategy: &str, instances, is_embedded| Cell {
        strategy: strategy.to_owned(),
        instances,
        is_embedded,
        harm: None,
    };
    assert_eq!(cell("batched", 2, false).place("cash"), "cash/batched-2");
    assert_eq!(cell("single-writer", 1, true).place("cash"), "cash/single-writer-1-embedded");
    let mixed = cell("batched pay=direct/mutex/plain@wallet", 1, false).place("cash");
    assert_eq!(mixed, "cash/batched_pay_direct_mutex_plain_wallet-1");
}
