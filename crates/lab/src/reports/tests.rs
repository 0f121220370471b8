//! A run in which nobody got anything, however fast they were told so.

use super::*;
use crate::figures::Spread;
use crate::history::{Asked, Event, Op};
use crate::machine::Machine;
use crate::record::Seen;
use crate::sampler::Sample;
use crate::state::State;

/// A second in which 1,000 were answered after a millisecond each, all with this.
pub(crate) fn second(outcome: &Outcome) -> Record {
    let window = Window { from_ns: 0, to_ns: 1_000_000_000 };
    let event = |number: u64| Event {
        number,
        asked: Asked { op: Op::Poll, ..Asked::default() },
        intended_ns: number * 1_000_000,
        sent_ns: number * 1_000_000,
        ended_ns: (number + 1) * 1_000_000,
        outcome: outcome.clone(),
        ..Event::default()
    };
    let act = Played {
        name: "polls".to_owned(),
        pace: "closed loop of 1".to_owned(),
        is_open: false,
        users: 1,
        window,
        ended_ns: window.to_ns,
        measured: Op::Poll,
        goals: vec![("p99_ms".to_owned(), 50.0), ("failed".to_owned(), 0.0)],
    };
    let head = Head {
        workload: "polls".to_owned(),
        about: String::new(),
        origin: String::new(),
        parameters: BTreeMap::new(),
        seed: 1,
        strategy: "batched".to_owned(),
        store: "embedded".to_owned(),
        instances: 1,
        threads: 1,
        versions: BTreeMap::new(),
        machine: Machine::here(),
        limits: Vec::new(),
        command: "admitone lab run polls".to_owned(),
        began_s: 0,
    };
    let history = History { events: (0..999).map(event).collect(), window };
    let seen = Seen { acts: vec![act], ..Seen::default() };
    Record { head, history, state: State::default(), seen }
}

#[test]
fn a_run_in_which_nobody_succeeds_is_neither_fast_nor_green() {
    let refusals = [409, 503].map(|status| Outcome::Refused { status, code: None });
    for outcome in [refusals[0].clone(), refusals[1].clone(), Outcome::Unknown] {
        let report = Report::of(&[second(&outcome)]).unwrap();
        assert!(!report.is_sound() && !report.meets_its_goals(), "{outcome:?}");
        let act = &report.acts[0];
        let nothing = Some(Spread { median: 0.0, min: 0.0, max: 0.0 });
        assert_eq!((act.throughput, act.p50_ms, act.p99_ms), (nothing, None, None), "{outcome:?}");
        let (page, markdown) = (page(&report), markdown(&report));
        assert!(page.contains("verdict bad") && !page.contains("verdict good"), "{outcome:?}");
        assert!(markdown.contains("UNSOUND: 1 nobody succeeded"), "{markdown}");
    }
}

#[test]
fn who_came_before_it_counts_and_has_it_while_it_counts_has_succeeded() {
    // All that is due in the second fails; of the warm-up before it one answer is late.
    let mut record = second(&Outcome::Unknown);
    for event in &mut record.history.events {
        event.intended_ns += 1_000_000;
    }
    let act = &mut record.seen.acts[0];
    act.window = Window { from_ns: 1_000_000, to_ns: 1_001_000_000 };
    let late = Event {
        ended_ns: 2_000_000,
        outcome: Outcome::Done { named: 0, value: 0 },
        ..record.history.events[0].clone()
    };
    record.history.events.push(Event { number: 999, intended_ns: 0, ..late });
    let report = Report::of(&[record]).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings().collect::<Vec<_>>());
    assert!(report.acts[0].throughput.unwrap().median > 0.0);
    assert_eq!(report.acts[0].failed, 999);
}

/// The same second with what it cost: everybody looked at, at its beginning and at its end.
pub(crate) fn costly() -> Record {
    let mut record = second(&Outcome::Done { named: 0, value: 0 });
    let figures = [
        ("admitone_lock_wait_seconds_sum", 0.0725),
        ("admitone_lock_wait_seconds_count", 10.0),
        ("admitone_lock_hold_seconds_sum", 0.0343),
        ("admitone_lock_hold_seconds_count", 10.0),
        ("admitone_batch_commands_sum", 174.0),
        ("admitone_batch_commands_count", 10.0),
    ];
    let figures = figures.map(|(name, value)| (name.to_owned(), value)).into();
    let last = Sample {
        at_ns: 1_000_000_000,
        generator_s: 0.31,
        house_s: 0.62,
        services_s: 0.93,
        figures,
        ..Sample::default()
    };
    record.seen.samples = vec![Sample::default(), last];
    record
}

#[test]
fn locks_batches_and_processors_are_in_every_form_of_a_report() {
    let report = Report::of(&[costly()]).unwrap();
    let read = [
        ("lock wait", "7.25", "7.2500"),
        ("lock held", "3.43", "3.4300"),
        ("a batch", "17.4", "17.4000"),
        ("generator", "0.310", "0.3100"),
        ("house", "0.620", "0.6200"),
        ("services", "0.930", "0.9300"),
    ];
    let (page, markdown, csv) = (page(&report), markdown(&report), csv(&report));
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    for (what, number, cell) in read {
        assert!(page.contains(&format!("<td>{number}</td>")), "{what}: {page}");
        assert!(markdown.contains(&format!("| {number} |")), "{what}: {markdown}");
        assert!(lines[1].contains(&cell), "{what}: {csv}");
    }
    // A comma between quotes ends no cell.
    let bare = |line: &str| line.split('"').step_by(2).map(|part| part.matches(',').count()).sum();
    let cells: Vec<usize> = csv.lines().map(bare).collect();
    assert_eq!(cells[0], cells[1], "{csv}");
    let cost = serde_json::to_value(&report).unwrap()["runs"][0]["acts"][0]["cost"].clone();
    for name in ["lock_wait_ms", "lock_hold_ms", "batch", "house_cpu", "services_cpu"] {
        assert!(cost[name].as_f64() > Some(0.0), "{name}: {cost}");
    }
}

#[test]
fn a_run_that_has_no_percentile_is_not_left_out_of_those_of_all() {
    let good = || second(&Outcome::Done { named: 0, value: 0 });
    // Two of a hundred failed: nobody knows what 99 of 100 took.
    let mut bad = good();
    bad.history.events.iter_mut().take(20).for_each(|event| event.outcome = Outcome::Unknown);
    let of = |records: &[Record]| Report::of(records).unwrap().acts.remove(0);
    let most = of(&[good(), bad.clone(), bad.clone()]);
    let p99 = most.p99_ms.unwrap();
    assert!(p99.min.is_finite() && p99.median.is_infinite() && p99.max.is_infinite(), "{p99:?}");
    assert!(most.p50_ms.unwrap().max.is_finite(), "half of them was answered");
    let few = of(&[good(), good(), bad.clone()]).p99_ms.unwrap();
    assert!(few.median.is_finite() && few.max.is_infinite(), "{few:?}");
    assert_eq!(of(&[bad.clone(), bad.clone()]).p99_ms, None);
    let report = Report::of(&[good(), bad.clone(), bad]).unwrap();
    let read: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    for report in [&report, &read] {
        let said = format!("— ({} to —)", number(p99.min));
        assert!(markdown(report).contains(&said) && page(report).contains(&said), "{said}");
    }
}

#[test]
fn findings_that_are_not_shown_are_counted() {
    let mut report = Report::of(&[second(&Outcome::Done { named: 0, value: 0 })]).unwrap();
    report.runs[0].findings = vec![Finding::EndedBadly; 12];
    assert!(!markdown(&report).contains(" more findings"), "all are shown");
    report.runs[0].findings.extend([Finding::EndedBadly, Finding::EndedBadly]);
    assert!(markdown(&report).contains("- and 2 more findings, which stand in the JSON\n"));
}

#[test]
fn what_nobody_audited_is_not_called_sound() {
    let mut report = Report::of(&[second(&Outcome::Done { named: 0, value: 0 })]).unwrap();
    report.runs[0].commands = 0;
    assert_eq!(verdict(&report), "not audited: nothing was audited");
    let page = page(&report);
    assert!(
        page.contains("verdict slow\">not audited; ") && !page.contains("verdict good"),
        "{page}"
    );
}

#[test]
fn a_house_that_ended_badly_is_not_sound() {
    let mut record = second(&Outcome::Done { named: 0, value: 0 });
    record.seen.ended_well = Some(false);
    let report = Report::of(&[record]).unwrap();
    assert_eq!(report.findings().map(Finding::kind).collect::<Vec<_>>(), ["ended badly"]);
}

#[test]
fn the_same_run_in_which_all_succeed_is_both() {
    let report = Report::of(&[second(&Outcome::Done { named: 0, value: 0 })]).unwrap();
    assert!(report.is_sound() && report.meets_its_goals(), "{:?}", report.acts);
    assert_eq!(report.acts[0].throughput.map(|spread| spread.median), Some(999.0));
    assert!(page(&report).contains("verdict good"));
}

#[test]
fn a_fault_that_was_not_done_stands_there_with_the_reason_and_not_on_the_axis() {
    let mut record = costly();
    let fault = |at_ns: u64, until_ns: u64, trouble: Option<&str>| Happened {
        at_ns,
        until_ns,
        what: format!("{at_ns}:run:x"),
        trouble: trouble.map(str::to_owned),
    };
    let due = 600_000_000_000;
    // The last was tried for a while, in vain.
    record.seen.faults =
        vec![fault(5, 6, None), fault(due, due, Some("it was over")), fault(7, 9, Some("no such"))];
    let report = Report::of(&[record]).unwrap();
    let (page, markdown) = (page(&report), markdown(&report));
    assert!(page.contains("not done: it was over"), "{page}");
    assert!(page.contains("<title>5:run:x") && !page.contains("<title>600000000000:"), "{page}");
    assert!(page.contains("not done: no such") && !page.contains("<title>7:"), "{page}");
    assert!(markdown.contains("- fault `5:run:x` at 0.000 s of run 1\n"), "{markdown}");
    let not_done = "- fault `600000000000:run:x` at 600 s of run 1: NOT DONE: it was over";
    assert!(markdown.contains(not_done), "{markdown}");
}

/// Charges and uses in turn, all of one act.
fn movements(of_uses: &Outcome) -> Record {
    let mut record = second(&Outcome::Done { named: 0, value: 0 });
    record.seen.acts[0].measured = Op::Charge;
    for event in &mut record.history.events {
        event.asked.op = if event.number % 2 == 0 { Op::Charge } else { Op::Use };
        if event.asked.op == Op::Use {
            event.outcome = of_uses.clone();
        }
    }
    record
}

#[test]
fn where_charges_and_uses_are_sent_both_are_counted() {
    let failed = RunReport::of(&movements(&Outcome::Unknown)).acts.remove(0);
    assert_eq!((failed.due, failed.failed()), (999, 499));
    assert_eq!(failed.latency.p99_ms, None, "half of them failed");
    let mut slow = movements(&Outcome::Done { named: 0, value: 0 });
    slow.history.events[501].ended_ns += 300_000_000;
    let slow = RunReport::of(&slow).acts.remove(0);
    assert!(slow.longest_ms > Some(299.0), "{:?}", slow.longest_ms);
}

#[test]
fn what_was_due_before_makes_an_open_loop_no_faster_than_what_was_sent() {
    let mut record = second(&Outcome::Done { named: 0, value: 0 });
    record.seen.acts[0].window = Window { from_ns: 500_000_000, to_ns: 1_000_000_000 };
    for event in &mut record.history.events {
        event.ended_ns = event.ended_ns.max(500_000_000);
    }
    let throughput = |record: &Record| RunReport::of(record).acts[0].throughput;
    assert!((throughput(&record) - 1_998.0).abs() < 5.0, "closed: what is answered within it");
    record.seen.acts[0].is_open = true;
    assert!((throughput(&record) - 998.0).abs() < 5.0, "open: {}", throughput(&record));
}

#[test]
fn what_the_auditor_gave_up_on_is_said() {
    let mut report = Report::of(&[second(&Outcome::Done { named: 0, value: 0 })]).unwrap();
    assert!(!verdict(&report).contains("undecided"));
    report.runs[0].checked.insert("wallets undecided".to_owned(), 1);
    report.runs[0].checked.insert("versions undecided".to_owned(), 1);
    let said = verdict(&report);
    assert!(said.starts_with("sound as far as it was decided: 0 of 999 "), "{said}");
    assert!(said.ends_with("; 1 wallets undecided; 1 versions undecided"), "{said}");
    let page = page(&report);
    assert!(page.contains("verdict slow\">sound as far as it was decided; "), "{page}");
    assert!(page.contains("; 1 wallets undecided; 1 versions undecided</p>"), "{page}");
    report.runs[0].findings.push(Finding::EndedBadly);
    assert!(verdict(&report).ends_with("1 ended badly; 1 wallets undecided; 1 versions undecided"));
}

#[test]
fn for_people_stands_when_it_was_who_sent_and_what_became_of_it() {
    let mut record = second(&Outcome::Done { named: 0, value: 0 });
    (record.head.began_s, record.head.threads) = (1_795_812_908, 3);
    for event in &mut record.history.events[..166] {
        event.outcome = Outcome::Refused { status: 409, code: Some("ALL_HELD".into()) };
    }
    let report = Report::of(&[record]).unwrap();
    let (page, markdown) = (page(&report), markdown(&report));
    for (form, ended) in [
        (&page, "<li>166 ended as: 409 ALL_HELD</li>"),
        (&markdown, "- 166 ended as: 409 ALL_HELD\n"),
    ] {
        assert!(form.contains(ended), "{form}");
        assert!(form.contains("2026-11-27T20:55:08Z"), "{form}");
    }
    assert!(page.contains("<dt>threads</dt><dd>3</dd>"), "{page}");
    assert!(markdown.contains("seed 1, 3 thread(s) send"), "{markdown}");
}

#[test]
fn what_fails_behind_the_last_ticket_has_failed() {
    let mut record = second(&Outcome::Done { named: 0, value: 0 });
    let end = record.seen.acts[0].window;
    for event in record.history.events.iter_mut().filter(|event| event.number >= 500) {
        event.outcome = Outcome::Refused { status: 500, code: None };
    }
    record.seen.acts[0].window.to_ns = 500_000_000;
    record.seen.sent.insert(0, end);
    let report = Report::of(&[record]).unwrap();
    let act = &report.runs[0].acts[0];
    assert_eq!((act.failed(), act.outcomes["done"]), (499, 500));
    assert_eq!(
        (act.due, act.due_to_s),
        (999, Some(1.0)),
        "they are what came of all that were due"
    );
    assert!(act.throughput > 900.0 && !report.meets_its_goals(), "{act:?}");
}
