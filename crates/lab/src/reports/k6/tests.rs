//! Summaries as k6's readers take them.

use super::*;
use crate::history::{Op, Outcome};
use crate::record::Record;
use crate::reports::tests::second;

const DONE: Outcome = Outcome::Done { named: 0, value: 0 };

/// A second of 999 requests: what became of the first ones, and all others were done.
fn run(workload: &str, first: &[(usize, Outcome)]) -> Record {
    let mut record = second(&DONE);
    workload.clone_into(&mut record.head.workload);
    let outcomes = first.iter().flat_map(|(count, outcome)| std::iter::repeat_n(outcome, *count));
    for (event, outcome) in record.history.events.iter_mut().zip(outcomes) {
        event.outcome = outcome.clone();
    }
    record
}

fn refused(status: u16) -> Outcome {
    Outcome::Refused { status, code: Some("WHY".into()) }
}

fn metrics(records: &[Record]) -> Value {
    summary(&Report::of(records).unwrap())["metrics"].clone()
}

fn count(metrics: &Value, name: &str) -> f64 {
    metrics[name]["values"]["count"].as_f64().unwrap()
}

#[test]
fn requests_are_all_that_were_sent_and_failed_are_those_without_a_good_status() {
    let first = [
        (5, Outcome::NotSent),
        (7, Outcome::Unknown),
        (11, refused(409)),
        (13, refused(503)),
        (17, refused(202)),
        (19, Outcome::Wrong),
    ];
    let read = metrics(&[run("overbook", &first)]);
    assert!((count(&read, "http_reqs") - 994.0).abs() < 1e-9, "{read}");
    assert!((count(&read, "iterations") - 994.0).abs() < 1e-9, "{read}");
    assert!((count(&read, "measured_not_sent") - 5.0).abs() < 1e-9, "{read}");
    assert!((count(&read, "requests_done") - 927.0).abs() < 1e-9, "{read}");
    let failed = &read["http_req_failed"]["values"];
    assert!((failed["rate"].as_f64().unwrap() - 31.0 / 994.0).abs() < 1e-9, "{read}");
    assert!((failed["passes"].as_f64().unwrap() - 31.0).abs() < 1e-9, "{read}");
    assert!(read["http_req_duration"]["values"]["avg"].as_f64() > Some(0.0), "{read}");
}

#[test]
fn nothing_is_left_out_because_nothing_succeeded() {
    let read = metrics(&[run("confirm", &[(999, refused(500))])]);
    assert!((count(&read, "http_reqs") - 999.0).abs() < 1e-9, "{read}");
    assert_eq!(read["http_req_failed"]["values"]["rate"], 1.0, "{read}");
}

#[test]
fn all_runs_are_counted_and_their_times_stand_beside_each_other() {
    let runs = [run("overbook", &[]), run("overbook", &[(9, Outcome::Unknown)])];
    let read = metrics(&runs);
    assert!((count(&read, "http_reqs") - 1_998.0).abs() < 1e-9, "{read}");
    assert!((read["http_reqs"]["values"]["rate"].as_f64().unwrap() - 999.0).abs() < 1e-6);
    assert!((read["http_req_failed"]["values"]["passes"].as_f64().unwrap() - 9.0).abs() < 1e-9);
    // All together took about as long as each: a millisecond, some of one of them for ever.
    let whole = &read["http_req_duration"]["values"];
    for name in ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"] {
        assert!((whole[name].as_f64().unwrap() - 1.0).abs() < 0.01, "{name}: {read}");
    }
    for number in 1..=2 {
        let name = format!("http_req_duration{{scenario:polls,run:{number}}}");
        assert!(read[&name]["values"]["avg"].as_f64() > Some(0.0), "{read}");
    }
    let runs = [run("points-spread", &[]), run("points-spread", &[(9, Outcome::Unknown)])];
    assert!((count(&metrics(&runs), "point_charge_errors") - 9.0).abs() < 1e-9);
    for named in ["point_charge_time", "point_charge_time{scenario:polls,run:2}"] {
        assert_eq!(metrics(&runs)[named]["thresholds"]["p(95)<500"]["ok"], true, "{named}");
    }
}

#[test]
fn what_all_took_together_is_no_shorter_than_what_they_took() {
    let slower = |by_ms: u64| {
        let mut record = run("overbook", &[]);
        record.history.events.iter_mut().for_each(|event| event.ended_ns += by_ms * 1_000_000);
        record
    };
    let read = metrics(&[slower(0), slower(9), slower(99)]);
    let whole = &read["http_req_duration"]["values"];
    let of = |name: &str| whole[name].as_f64().unwrap();
    for (name, ms) in [("min", 1.0), ("med", 10.0), ("p(90)", 100.0), ("max", 100.0), ("avg", 37.0)]
    {
        assert!((of(name) / ms - 1.0).abs() < 0.01, "{name}: {whole}");
    }
    // A third failed: nobody knows what 90 of 100 took.
    let failed = run("overbook", &[(999, Outcome::Unknown)]);
    let read = metrics(&[slower(0), slower(9), failed]);
    let whole = &read["http_req_duration"]["values"];
    assert!(whole["med"].as_f64() < Some(10.1) && whole["p(90)"].is_null(), "{whole}");
}

#[test]
fn what_was_refused_when_nothing_was_left_makes_nobody_faster() {
    let sold_out = |by_ms: u64| {
        let mut record = run("overbook", &[]);
        for (at, event) in record.history.events.iter_mut().enumerate() {
            event.ended_ns += by_ms * 1_000_000;
            if at >= 300 {
                event.outcome = Outcome::Refused { status: 409, code: Some("SOLD_OUT".into()) };
            }
        }
        let end = record.seen.acts[0].window;
        record.seen.acts[0].window.to_ns = 300_000_000;
        record.seen.sent.insert(0, end);
        record
    };
    let read = metrics(&[sold_out(0), sold_out(99)]);
    let whole = &read["http_req_duration"]["values"];
    assert!(whole["p(90)"].as_f64() > Some(99.0), "{whole}");
    assert!((count(&read, "iterations") - 1_998.0).abs() < 1e-9, "it was asked: {read}");
    assert!((read["iterations"]["values"]["rate"].as_f64().unwrap() - 999.0).abs() < 1e-6);
    let failed = &read["http_req_failed"]["values"];
    assert!((failed["passes"].as_f64().unwrap() - 1_398.0).abs() < 1e-9, "{failed}");
    assert!((failed["rate"].as_f64().unwrap() - 0.7).abs() < 0.01, "{failed}");
}

#[test]
fn a_summary_says_what_was_run_where_and_how_it_is_repeated() {
    let mut record = run("cash", &[]);
    record.head.command = "admitone lab run cash".to_owned();
    record.head.versions = [("build".to_owned(), "build 1a".to_owned())].into();
    let read = summary(&Report::of(&[record]).unwrap())["setup_data"].clone();
    assert_eq!(read["command"], "admitone lab run cash");
    assert_eq!((&read["build"], &read["strategy"]), (&"build 1a".into(), &"batched".into()));
    assert_eq!(read["seeds"], json!([1]));
    assert!(read["machine"].as_str().unwrap().contains(" × "), "{read}");
    assert!(read["verdict"].as_str().unwrap().starts_with("sound: "), "{read}");
}

#[test]
fn charges_and_uses_are_requests_all_of_which_count() {
    for workload in ["cash", "points-spread", "points-spike"] {
        let mut record = run(workload, &[(9, Outcome::Unknown)]);
        record.seen.acts[0].measured = Op::Charge;
        for event in &mut record.history.events {
            event.asked.op = if event.number % 2 == 0 { Op::Charge } else { Op::Use };
        }
        let read = metrics(&[record]);
        assert!((count(&read, "http_reqs") - 999.0).abs() < 1e-9, "{workload}: {read}");
        let failed = &read["http_req_failed"]["values"]["passes"];
        assert!((failed.as_f64().unwrap() - 9.0).abs() < 1e-9, "{workload}: {read}");
        assert!(read["http_req_duration"]["values"]["avg"].as_f64() > Some(0.0), "{read}");
    }
}

#[test]
fn a_visit_is_an_iteration_and_no_request() {
    let mut record = run("whole-flow", &[]);
    record.seen.acts[0].measured = Op::Flow;
    let visits: Vec<_> = record.history.events.iter().take(10).cloned().collect();
    for mut visit in visits {
        visit.asked.op = Op::Flow;
        record.history.events.push(visit);
    }
    let read = metrics(&[record]);
    assert!((count(&read, "iterations") - 10.0).abs() < 1e-9, "{read}");
    assert!((count(&read, "requests_done") - 999.0).abs() < 1e-9, "{read}");
    assert!(read["iteration_duration"]["values"]["avg"].as_f64() > Some(0.0), "{read}");
    for unknown in ["http_reqs", "http_req_failed", "http_req_duration"] {
        assert!(read[unknown].is_null(), "{unknown}: {read}");
    }
    // Of what is sent in `hot-seat` only the holds are counted.
    let read = metrics(&[run("hot-seat", &[])]);
    assert!(read["http_reqs"].is_null() && read["iterations"].is_null(), "{read}");
    assert!(read["http_req_duration"].is_null() && !read["measured_duration"].is_null());
}

#[test]
fn the_workloads_that_are_named_are_there() {
    for name in SINGLE.iter().chain(&VISITS) {
        assert!(crate::workloads::named(name).is_some(), "{name}");
    }
}
