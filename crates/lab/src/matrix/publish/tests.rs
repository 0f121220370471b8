//! Pages of a matrix that nobody ran.

use super::*;
use crate::history::Outcome;
use crate::matrix::{ActMeasured, Cell};
use std::collections::BTreeMap;

/// A cell with so many outcomes a second, in which so much was found.
fn row(strategy: &str, instances: usize, (throughput, found): (f64, u64)) -> Row {
    let spread = Some(Spread { median: throughput, min: throughput, max: throughput });
    let act = ActMeasured {
        name: "act".to_owned(),
        is_given: false,
        throughput: spread,
        mean_ms: spread,
        p50_ms: spread,
        p95_ms: spread,
        p99_ms: spread,
        longest_ms: spread,
        due: 100,
        refused: 0,
        failed: 0,
    };
    let result = Measured {
        is_sound: found == 0,
        runs: 1,
        commands: 1_000,
        undecided: 0,
        findings: BTreeMap::from([("lost".to_owned(), found)]),
        examples: Vec::new(),
        acts: vec![ActMeasured { name: "before".to_owned(), ..act.clone() }, act],
        failed: 0,
        cpu_us: Some(12.345_678),
        limit: "its lock".to_owned(),
        meets_goals: true,
    };
    let harm = (strategy == "unsafe").then(|| "unsafe: nothing protects it".to_owned());
    let cell = Cell { strategy: strategy.to_owned(), instances, is_embedded: false, harm };
    Row { cell, why_not: None, result: Some(result), build: None }
}

/// The rows of a workload, with the embedded store and what was not run beside them.
fn table(workload: &str, mut rows: Vec<Row>) -> Table {
    let mut embedded = row("single-writer", 1, (9_000.0, 0));
    embedded.cell.is_embedded = true;
    rows.push(embedded);
    let not_run = Row { result: None, ..row("spin-lock", 2, (1.0, 0)) };
    rows.push(Row { why_not: Some("safe only alone: one process".to_owned()), ..not_run });
    crate::matrix::tests::table(workload, rows)
}

/// `optimistic` is fastest in one and wrong in the other, `kafka` does half of `batched`.
fn measured() -> Matrix {
    let of = |optimistic: (f64, u64)| {
        vec![
            row("unsafe", 2, (9_000.0, 7)),
            row("batched", 2, (1_234.567, 0)),
            row("optimistic", 2, optimistic),
            row("kafka", 2, (617.283_5, 0)),
            row("redlock", 2, (123.456_7, 0)),
        ]
    };
    let tables = vec![table("overbook", of((5_000.0, 0))), table("cash", of((5_000.0, 3)))];
    Matrix { tables, command: "admitone lab matrix".to_owned() }
}

#[test]
fn the_pages_are_made_of_the_small_file_alone_and_are_the_same_each_time() {
    let small = summary(&measured()).unwrap();
    let read: Matrix = serde_json::from_str(&small).unwrap();
    assert_eq!(summary(&read).unwrap(), small);
    assert!(small.contains("1235.0") && !small.contains("1234.567"), "{small}");
    assert!(small.lines().count() > 10, "a row a line: {small}");
    assert_eq!(result_page(&read), result_page(&serde_json::from_str(&small).unwrap()));
    assert_eq!(choose_page(&read), choose_page(&serde_json::from_str(&small).unwrap()));
}

#[test]
fn the_page_of_figures_ranks_each_number_of_instances_and_says_what_was_found() {
    let page = result_page(&measured());
    assert!(page.contains("| 1 | `batched` | 1,235 |"), "{page}");
    assert!(page.contains("| 1 | `single-writer`, embedded | 9,000 |"), "{page}");
    assert!(page.contains("|  | `optimistic` | 5,000 |"), "unsound in `cash`: {page}");
    assert!(page.contains("**wrong**: 7 lost"), "{page}");
    assert!(page.contains("not run | safe only alone: one process |"), "{page}");
    assert!(page.contains("`kafka`: 3,000 applied in 4.86 s with 2"), "{page}");
    assert!(page.contains("Kafka has accepted"), "{page}");
}

#[test]
fn what_was_wrong_in_one_workload_is_advised_nowhere_that_looks_at_it() {
    let page = choose_page(&measured());
    let of = |when: &str| {
        let line = page.lines().find(|line| line.starts_with(&format!("| {when}")));
        line.unwrap_or_else(|| panic!("{when}: {page}")).to_owned()
    };
    assert!(of("several instances and").contains("| `batched` |"), "{page}");
    assert!(of("strong consistency").contains("all 3 that have a rank"), "{page}");
    assert!(of("everybody wants").contains("| `batched` |"), "{page}");
    assert!(of("order must hold").contains("| `kafka` | of those whose commands"), "{page}");
    assert!(of("a lock across").contains("| `redlock` |"), "{page}");
    // `overbook` alone is looked at for volume, and there it was right.
    assert!(of("volume").contains("| `optimistic` |"), "{page}");
    assert!(of("one machine").contains("`single-writer` on the embedded store"), "{page}");
    assert!(page.contains("| `optimistic` | 2 | `cash`: **wrong**: 3 lost |"), "{page}");
    assert!(page.contains("| `unsafe` | 2 | unsafe: nothing protects it;"), "{page}");
}

#[test]
fn the_page_says_by_how_much_transactions_were_made_longer() {
    let page = |slow_ms: Option<u64>| {
        let mut head = crate::reports::tests::second(&Outcome::Unknown).head;
        head.parameters.extend(slow_ms.map(|ms| ("slow_ms".to_owned(), ms)));
        let mut table = table("confirm", vec![row("batched", 2, (100.0, 0))]);
        table.head = Some(head);
        result_page(&Matrix { tables: vec![table], command: "admitone lab matrix".to_owned() })
    };
    assert!(page(Some(20)).contains("here each is made 20 ms longer"), "{}", page(Some(20)));
    for none in [None, Some(0)] {
        assert!(page(none).contains("here it takes what it takes"), "{}", page(none));
    }
}

#[test]
fn the_page_says_what_the_workload_has_by_itself_where_it_was_run_otherwise() {
    let page = |seconds: u64| {
        let mut head = crate::reports::tests::second(&Outcome::Unknown).head;
        "overbook".clone_into(&mut head.workload);
        head.parameters = [("seconds".to_owned(), seconds), ("users".to_owned(), 1_000)].into();
        let mut table = table("overbook", vec![row("batched", 2, (100.0, 0))]);
        table.head = Some(head);
        result_page(&Matrix { tables: vec![table], command: "admitone lab matrix".to_owned() })
    };
    let short = page(3);
    assert!(
        short.contains("With seconds=3, users=1000. The workload's own are seconds=5.\n"),
        "{short}"
    );
    assert!(page(5).contains("With seconds=5, users=1000.\n"), "{}", page(5));
}

#[test]
fn the_page_of_advice_says_how_often_cells_were_run_and_of_which_builds_they_are() {
    let mut matrix = measured();
    for row in matrix.tables.iter_mut().flat_map(|table| &mut table.rows) {
        row.build = Some("build 111111".to_owned());
    }
    let page = choose_page(&matrix);
    assert!(page.contains("Each cell was run once: no figure has a spread"), "{page}");
    assert!(page.contains(" All of them are of build 111111.\n"), "{page}");
    let other = matrix.tables[0].rows.iter_mut().find(|row| row.result.is_some()).unwrap();
    other.build = Some("build 222222".to_owned());
    let page = choose_page(&matrix);
    assert!(page.contains(": 1 of build 222222, 11 of build 111111.\n"), "{page}");
}

#[test]
fn what_is_only_answered_when_no_more_come_is_not_kept_up_with() {
    let mut matrix = measured();
    let given = |row: &mut Row| {
        let act = row.result.as_mut().unwrap().acts.last_mut().unwrap();
        (act.is_given, act.due, act.failed) = (true, 300, 0);
    };
    let rows = matrix.tables.iter_mut().flat_map(|table| &mut table.rows);
    rows.filter(|row| row.result.is_some()).for_each(given);
    let page = choose_page(&matrix);
    assert!(page.contains("| `kafka` | a broker | 25 % | 12 % | 50 % |"), "{page}");
}

#[test]
fn cells_of_another_build_are_named_in_every_page() {
    let mut matrix = measured();
    assert!(!result_page(&matrix).contains("- of "), "all of one build: nothing to say");
    for row in matrix.tables.iter_mut().flat_map(|table| &mut table.rows) {
        row.build = Some("build 111111".to_owned());
    }
    let redone = matrix.tables[1].rows.iter_mut().find(|row| row.cell.strategy == "kafka");
    redone.unwrap().build = Some("build 222222".to_owned());
    let small: Matrix = serde_json::from_str(&summary(&matrix).unwrap()).unwrap();
    for page in [result_page(&small), crate::matrix::markdown(&small), crate::matrix::page(&small)]
    {
        assert!(page.contains("of build 222222: `cash` kafka × 2"), "{page}");
        assert!(page.contains("of build 111111: all other cells"), "{page}");
    }
}

#[test]
fn a_matrix_of_nothing_has_pages_that_say_nothing() {
    let nothing = Matrix { tables: Vec::new(), command: "admitone lab matrix".to_owned() };
    assert!(result_page(&nothing).contains("admitone lab matrix"));
    assert!(advice(&nothing).is_empty());
}
