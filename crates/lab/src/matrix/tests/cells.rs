//! What a cell comes to over several runs, what was given up in it, and when it began.

use super::*;
use crate::history::Outcome;
use crate::reports::tests::second;
use std::cell::Cell as Counter;
use std::sync::Arc;

/// A report of so many runs, each half as fast as the one before, in which so much was given up.
fn report(runs: u32, undecided: u64) -> Report {
    let record = second(&Outcome::Done { named: 0, value: 0 });
    let slower = |at: u32| {
        let mut record = record.clone();
        record.history.events.retain(|event| event.number % 2u64.pow(at) == 0);
        record
    };
    let mut report = Report::of(&(0..runs).map(slower).collect::<Vec<_>>()).unwrap();
    let last = report.runs.last_mut().unwrap();
    last.checked.insert("wallets undecided".to_owned(), undecided);
    last.checked.insert("wallets".to_owned(), 400);
    report
}

fn matrix_of(report: &Report) -> Matrix {
    let mut measured = row("batched", true, 200.0);
    measured.result = Some(Measured::of(report));
    let control = row("unsafe", false, 9_000.0);
    Matrix { tables: vec![table("cash", vec![control, measured])], command: String::new() }
}

#[test]
fn a_cell_of_several_runs_shows_between_what_its_figures_lay() {
    let result = Measured::of(&report(3, 0));
    assert_eq!(result.runs, 3);
    let spread = result.last().unwrap().throughput.unwrap();
    assert!(spread.min < spread.median && spread.median < spread.max, "{spread:?}");
    let several = matrix_of(&report(3, 0));
    let shown = format!("{:.0} ({:.0} to {:.0})", spread.median, spread.min, spread.max);
    for page in [markdown(&several), page(&several), result_page(&several)] {
        assert!(page.contains(&shown), "{shown}: {page}");
        assert!(page.contains("Each cell was run 1 to 3 times: "), "{page}");
    }
    let once = matrix_of(&report(1, 0));
    for page in [markdown(&once), page(&once), result_page(&once)] {
        assert!(page.contains("Each cell was run once: no figure has a spread"), "{page}");
        assert!(!page.contains("in brackets"), "{page}");
    }
}

#[test]
fn runs_in_which_much_failed_are_not_left_out_of_the_times_of_a_cell() {
    let good = second(&Outcome::Done { named: 0, value: 0 });
    let mut bad = good.clone();
    bad.history.events.iter_mut().take(100).for_each(|event| event.outcome = Outcome::Unknown);
    let none = second(&Outcome::Unknown);
    let result = Measured::of(&Report::of(&[good, bad, none]).unwrap());
    let act = result.last().unwrap();
    let ends = |of: Option<Spread>| of.map(|of| [of.min, of.median, of.max].map(f64::is_finite));
    assert_eq!(ends(act.p95_ms), Some([true, false, false]), "{act:?}");
    assert_eq!(ends(act.mean_ms), Some([true, true, false]), "{act:?}");
}

#[test]
fn what_the_audit_gave_up_on_stands_beside_what_it_did_not_find() {
    let result = Measured::of(&report(2, 7));
    assert_eq!((result.is_sound, result.undecided), (true, 7));
    let matrix = matrix_of(&report(2, 7));
    for page in [markdown(&matrix), page(&matrix), result_page(&matrix), choose_page(&matrix)] {
        assert!(page.contains(" each, at 95 %; 7 undecided"), "{page}");
    }
    let none = matrix_of(&report(2, 0));
    for page in [markdown(&none), page(&none), choose_page(&none)] {
        assert!(!page.contains("undecided"), "{page}");
    }
}

#[test]
fn a_cell_in_which_nothing_was_found_says_the_bound_that_follows() {
    let matrix = matrix_of(&report(1, 0));
    let commands = report(1, 0).commands();
    let bound = format!("0 of {commands} wrong: fewer than 3.0e-3 each, at 95 %");
    for page in [markdown(&matrix), page(&matrix), result_page(&matrix)] {
        assert!(page.contains(&bound), "{bound}: {page}");
    }
    assert_eq!(words::none_of(0), "nothing was audited");
}

#[test]
fn what_was_written_before_runs_were_counted_can_still_be_read() {
    let mut old = serde_json::to_value(Measured::of(&report(1, 0))).unwrap();
    for name in ["runs", "undecided"] {
        assert!(old.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    let read: Measured = serde_json::from_value(old).unwrap();
    assert_eq!((read.runs, read.undecided), (1, 0));
}

/// A place where no cell can be run, and whose clock goes on with each look at it.
#[derive(Default)]
struct Nowhere {
    looks: Counter<u64>,
    began: Vec<u64>,
}

impl Houses for Nowhere {
    fn kept(&mut self, _cell: &Cell, settings: &Settings) -> Option<Report> {
        self.began.push(settings.began_s);
        None
    }

    fn open(&mut self, _cell: &Cell, _settings: &Settings) -> Result<Quarters, String> {
        Err("nowhere".to_owned())
    }

    fn close(
        &mut self,
        _cell: &Cell,
        _workload: &str,
        _ran: Result<&Report, &String>,
    ) -> Result<(), Trouble> {
        Ok(())
    }

    fn command(&self, _cell: &Cell, _workload: &str, _with: &Parameters) -> String {
        String::new()
    }

    fn now_s(&self) -> u64 {
        self.looks.set(self.looks.get() + 10);
        self.looks.get()
    }
}

#[test]
fn every_cell_begins_at_its_own_time() {
    let recipe = crate::workloads::named("cash").unwrap();
    let cell = |instances| Cell { instances, ..row("batched", true, 1.0).cell };
    let plan = Plan {
        workloads: vec![(recipe, Parameters::of(recipe.about().parameters, true))],
        cells: vec![cell(1), cell(2)],
        seed: 1,
        threads: 1,
        runs: 1,
        build: String::new(),
        command: String::new(),
    };
    let mut houses = Nowhere::default();
    let ran = matrix(&plan, &mut houses, &Arc::default(), &mut |_| {}).unwrap();
    assert_eq!(houses.began, [10, 20]);
    assert!(ran.tables[0].rows.iter().all(|row| row.why_not.as_deref() == Some("nowhere")));
}
