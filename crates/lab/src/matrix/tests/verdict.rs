//! What a matrix comes to, of tables that nobody ran.

use super::*;

fn of(tables: Vec<Table>) -> Matrix {
    Matrix { tables, command: "admitone lab matrix".to_owned() }
}

/// A table in which the control was found out, with a row beside it.
fn beside_the_control(row: Row) -> Matrix {
    of(vec![table("cash", vec![super::row("unsafe", false, 9_000.0), row])])
}

/// A row that is short of a goal.
fn short(mut row: Row) -> Row {
    row.result.as_mut().unwrap().meets_goals = false;
    row
}

/// A row of a cell that could not be run.
fn not_run(strategy: &str, why: &str) -> Row {
    Row { why_not: Some(why.to_owned()), result: None, ..row(strategy, true, 1.0) }
}

/// Why a matrix is wrong.
fn wrong(matrix: &Matrix) -> String {
    match matrix.verdict() {
        Verdict::Wrong(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_safe_strategy_that_is_convicted_makes_a_matrix_wrong_and_a_harmful_one_does_not() {
    let optimistic = row("optimistic", false, 200.0);
    let matrix = beside_the_control(optimistic.clone());
    assert!(matrix.is_trustworthy(), "the auditor is to be believed: it found something");
    assert_eq!(wrong(&matrix), "in `cash` `optimistic × 2` was found wrong");
    let mut known = optimistic;
    known.cell.harm = Some("another process does not see the lock".to_owned());
    assert_eq!(beside_the_control(known).verdict(), Verdict::Sound);
}

#[test]
fn a_goal_that_was_missed_makes_a_sound_matrix_short_and_excuses_nothing() {
    let sound = row("batched", true, 200.0);
    assert_eq!(beside_the_control(sound.clone()).verdict(), Verdict::Sound);
    assert_eq!(beside_the_control(short(sound.clone())).verdict(), Verdict::Short);
    assert!(wrong(&beside_the_control(short(row("batched", false, 200.0)))).contains("batched"));
    // Whatever has no rank has no goals either.
    let control = short(row("unsafe", false, 9_000.0));
    assert_eq!(of(vec![table("cash", vec![control, sound])]).verdict(), Verdict::Sound);
}

#[test]
fn a_control_that_was_not_found_out_makes_a_matrix_wrong_and_says_what_to_do() {
    let matrix = of(vec![table("cash", vec![row("unsafe", true, 9_000.0)])]);
    let why = wrong(&matrix);
    assert!(why.contains("`cash` the control `unsafe` was not found out"), "{why}");
    assert!(why.contains("for longer"), "{why}");
}

#[test]
fn a_matrix_without_its_control_is_wrong_and_every_page_says_why_there_is_none() {
    let why = "the embedded store takes `single-writer` alone: give --store";
    let rows = vec![not_run("unsafe", why), row("single-writer", true, 200.0)];
    let matrix = of(vec![table("cash", rows)]);
    assert_eq!(matrix.tables[0].control(), None);
    let told = format!("no control in `cash`: `unsafe × 2` was not run: {why}");
    assert_eq!(wrong(&matrix), told);
    assert_eq!(matrix.doubts(), Some(told));
    let said = format!("No control: `unsafe × 2` was not run: {why}.");
    assert!(markdown(&matrix).contains(&said), "{}", markdown(&matrix));
    assert!(page(&matrix).contains(&said), "{}", page(&matrix));
}

#[test]
fn a_control_that_was_run_in_one_cell_alone_says_nothing_of_the_other() {
    let mut alone = row("unsafe", false, 9_000.0);
    alone.cell.instances = 1;
    let rows = |beside: Row| vec![alone.clone(), beside, row("batched", true, 200.0)];
    let failed = table("cash", rows(not_run("unsafe", "no such host")));
    assert_eq!(failed.control(), None);
    assert!(wrong(&of(vec![failed])).contains("`unsafe × 2` was not run: no such host"));
    let missed = table("cash", rows(row("unsafe", true, 9_000.0)));
    assert_eq!(missed.control(), Some(false));
    let found = table("cash", rows(row("unsafe", false, 9_000.0)));
    assert_eq!(of(vec![found]).verdict(), Verdict::Sound);
}

#[test]
fn where_nobody_wants_the_same_there_must_be_a_workload_in_which_they_do() {
    let mut flow = table("whole-flow", vec![row("unsafe", true, 9_000.0)]);
    flow.is_contended = false;
    let why = wrong(&of(vec![flow]));
    assert!(why.starts_with("no control: nobody here wants") && why.contains("`cash`"), "{why}");
}
