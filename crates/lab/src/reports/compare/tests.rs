//! Reports beside each other of which some are worse.

use super::*;
use crate::audit::Finding;
use crate::history::Outcome;
use crate::record::Record;
use crate::reports::tests::second;

const DONE: Outcome = Outcome::Done { named: 0, value: 0 };

fn spread(min: f64, median: f64, max: f64) -> Spread {
    Spread { median, min, max }
}

#[test]
fn a_difference_within_the_spread_is_said_to_be_one() {
    let (first, near) = (spread(90.0, 100.0, 110.0), spread(105.0, 115.0, 125.0));
    let near = beside(("x".into(), 1), 3, [Some(first), Some(near)]);
    assert!(!near.is_apart && (near.ratio.unwrap() - 1.15).abs() < 1e-9);
    assert_eq!(near.said(), "within the spread");
    let far = beside(("x".into(), 1), 3, [Some(first), Some(spread(111.0, 115.0, 125.0))]);
    assert!(far.is_apart && far.said().is_empty());
}

#[test]
fn one_run_has_no_spread_and_says_nothing_of_a_difference() {
    let (first, own) = (spread(100.0, 100.0, 100.0), spread(115.0, 115.0, 115.0));
    let alone = beside(("x".into(), 1), 1, [Some(first), Some(own)]);
    assert!(!alone.is_apart);
    assert_eq!(alone.said(), "one run: not known");
}

#[test]
fn what_is_compared_says_how_it_was_made() {
    let mut records = [second(&DONE), second(&DONE)];
    for (record, seed) in records.iter_mut().zip([41, 42]) {
        record.head.seed = seed;
        record.head.command = format!("admitone lab run polls --seed {seed}");
        record.head.parameters = [("users".to_owned(), seed)].into();
        record.head.versions = [("build".to_owned(), format!("build {seed}"))].into();
    }
    let reports = records.map(|record| Report::of(&[record]).unwrap());
    let table = table(&reports);
    for seed in [41, 42] {
        for said in [
            format!("seed {seed}, 1 thread(s) send; users={seed}"),
            format!("  - build {seed}"),
            format!("  - `admitone lab run polls --seed {seed}`"),
        ] {
            assert!(table.contains(&said), "{said}: {table}");
        }
    }
    assert!(table.contains(" × ") && table.contains("| one run: not known |"), "{table}");
}

/// Two runs in which so many failed, the figures of each over both.
fn failing(failed: usize) -> Report {
    let mut record = second(&DONE);
    let events = record.history.events.iter_mut().take(failed);
    events.for_each(|event| event.outcome = Outcome::Unknown);
    Report::of(&[record.clone(), record]).unwrap()
}

fn row<'a>(comparison: &'a Comparison, what: &str) -> &'a Beside {
    let row = comparison.rows.iter().find(|row| row.what == what);
    row.unwrap_or_else(|| panic!("{what}: {:?}", comparison.rows))
}

#[test]
fn what_is_worse_has_a_row_as_what_is_better_has() {
    let (first, mut bad) = (failing(0), failing(20));
    bad.runs[1].findings = vec![Finding::EndedBadly];
    bad.runs[1].checked.insert("wallets undecided".to_owned(), 2);
    let reports = [first, bad];
    let comparison = compare(&reports);
    assert_eq!(row(&comparison, "polls, p99 ms").own, None);
    assert_eq!(row(&comparison, "polls, p99 ms").said(), "it has none");
    assert_eq!(row(&comparison, "polls, failed").own, Some(spread(20.0, 20.0, 20.0)));
    assert!(row(&comparison, "polls, failed").is_apart);
    assert_eq!(row(&comparison, "polls, goals missed").own, Some(spread(2.0, 2.0, 2.0)));
    assert_eq!(row(&comparison, "polls, refused").said(), "within the spread");
    assert!(row(&comparison, "polls, longest ms").ratio.is_some());
    assert_eq!(row(&comparison, "findings").own, Some(spread(0.0, 0.5, 1.0)));
    assert_eq!(row(&comparison, "undecided").own, Some(spread(0.0, 1.0, 2.0)));
    let shown = table(&reports);
    assert!(shown.contains("| polls, failed | 1 | 0 | 20 | — |  |"), "{shown}");
    assert!(shown.contains("  - NOT REACHED polls: failed 20.0, bound 0"), "{shown}");
    let turned = compare(&[reports[1].clone(), reports[0].clone()]);
    assert_eq!(row(&turned, "polls, p99 ms").said(), "the first has none");
    let both = compare(&[reports[1].clone(), reports[1].clone()]);
    assert_eq!(row(&both, "polls, p99 ms").said(), "neither has one");
}

#[test]
fn one_good_run_of_several_is_not_apart_from_others() {
    let good = second(&DONE);
    let mut slow = good.clone();
    slow.history.events.iter_mut().for_each(|event| event.ended_ns += 300_000_000);
    let mut bad = good.clone();
    bad.history.events.iter_mut().take(20).for_each(|event| event.outcome = Outcome::Unknown);
    let of = |records: &[Record]| Report::of(records).unwrap();
    let (slow, bad) = (of(&[slow.clone(), slow.clone(), slow]), of(&[bad.clone(), bad, good]));
    let comparison = compare(&[slow.clone(), bad.clone()]);
    let found = row(&comparison, "polls, p99 ms");
    assert!(found.own.unwrap().min < found.first.unwrap().min, "{found:?}");
    assert!(!found.is_apart && found.ratio.is_none(), "two of the three are slower: {found:?}");
    let other_way = compare(&[bad, slow]);
    let found = row(&other_way, "polls, p99 ms");
    assert!(!found.is_apart && found.ratio.is_none(), "nothing is no part of no end: {found:?}");
}

#[test]
fn what_is_of_another_load_says_so_and_in_what_it_differs() {
    let same = [failing(0), failing(0)];
    assert!(compare(&same).reports.iter().all(|one| one.is_same_load && one.differs.is_empty()));
    assert!(!table(&same).contains("differs from"), "{}", table(&same));
    let mut other = second(&DONE);
    other.head.workload = "points-spike".to_owned();
    other.head.parameters = [("users".to_owned(), 50)].into();
    other.head.strategy = "optimistic".to_owned();
    other.seen.acts[0].name = "spike".to_owned();
    let reports = [failing(0), Report::of(&[other]).unwrap()];
    let shown = table(&reports);
    for said in [
        "1 differs from 0 in: workload (polls / points-spike); users (none / 50); ",
        "the other has none of that name (polls / spike); strategy (batched / optimistic); runs (2 / 1)",
        "**It is of another load: figures may differ for that reason alone.**",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let mut elsewhere = failing(0);
    elsewhere.head.machine.processors += 1;
    let compared = compare(&[failing(0), elsewhere]).reports.remove(1);
    assert!(compared.is_same_load && compared.differs[0].starts_with("machine ("), "{compared:?}");
}

#[test]
fn the_file_says_of_each_report_what_was_run_where() {
    let written = serde_json::to_value(compare(&[failing(0), failing(20)])).unwrap();
    let of = &written["reports"][1];
    assert_eq!(of["head"]["command"], "admitone lab run polls");
    assert!(of["head"]["machine"]["processors"].as_u64() > Some(0), "{of}");
    assert_eq!(of["seeds"], serde_json::json!([1, 1]));
    assert!(of["verdict"].as_str().unwrap().starts_with("sound: "), "{of}");
    assert_eq!((&of["is_sound"], &of["undecided"]), (&true.into(), &0.into()));
    assert_eq!(of["missed"].as_array().unwrap().len(), 2, "{of}");
    let row = &written["rows"][0];
    assert_eq!((&row["what"], &row["report"]), (&"polls, audited outcomes/s".into(), &1.into()));
}
