//! The summary as k6 exports it, so that what reads k6's results reads ours, of all runs: `http_reqs`,
//! `http_req_failed` and `http_req_duration` where the requests are known one by one, `iterations`,
//! `iteration_duration`, `vus`, and for the points workloads the metrics of their reference under its
//! names. What a report does not know is left out. What was run where stands in `setup_data`, the place
//! that k6 has for what a script says of itself.
//!
//! Where there are several acts or runs, times are those of all together, and beside them those of
//! each, as k6 names a part: `http_req_duration{scenario:ACT,run:1}`. They count from when a request
//! was due, refusals by the rules are not in them, and what failed is slower than everything that was
//! answered. A report keeps of each part which share took at most how long, in steps: a percentile of
//! all together is the step above it, so that it is never too short.

use super::about::about;
use super::{ActFigures, Report};
use crate::audit::Finding;
use crate::figures::real;
use serde_json::{Map, Value, json};
use std::iter;

/// Workloads that send single requests, all of which are counted: charges and uses in turn too.
const SINGLE: [&str; 10] = [
    "overbook",
    "cash",
    "confirm",
    "points-spread",
    "points-spike",
    "token-ramp",
    "seat-browse",
    "list-cache",
    "search-index",
    "ceiling",
];
/// Workloads in which what is counted is a whole visit of several requests.
const VISITS: [&str; 5] = ["retries", "sell-out", "whole-flow", "soak", "drill"];
/// What a report calls such a visit.
const VISIT: &str = "flow";

/// The summary of all runs.
pub fn summary(report: &Report) -> Value {
    let mut metrics = Map::new();
    let acts: Vec<(u32, &ActFigures)> = (1..)
        .zip(&report.runs)
        .flat_map(|(number, run)| run.acts.iter().map(move |act| (number, act)))
        .collect();
    let sum = |of: &dyn Fn(&ActFigures) -> f64| acts.iter().map(|(_, act)| of(act)).sum::<f64>();
    let span = sum(&|act| act.to_s - act.from_s).max(1e-9);
    let workload = report.head.workload.as_str();
    let (is_single, is_visit) = (SINGLE.contains(&workload), VISITS.contains(&workload));
    let sent = sum(&|act| real(act.due.saturating_sub(named(act, "not sent"))));
    if is_single {
        metrics.insert("http_reqs".to_owned(), counter(sent, span));
        if sent > 0.0 {
            let failed = rate(sum(&|act| real(failed(act))), sent);
            metrics.insert("http_req_failed".to_owned(), failed);
        }
    }
    if is_single || is_visit {
        metrics.insert("iterations".to_owned(), counter(sent, span));
    }
    // Not k6's: it has no name for what it could not send, and none for what was answered as wanted.
    let not_sent = counter(sum(&|act| real(named(act, "not sent"))), span);
    metrics.insert("measured_not_sent".to_owned(), not_sent);
    metrics.insert("requests_done".to_owned(), counter(sum(&|act| real(requests(act))), span));
    let duration = match (is_single, is_visit) {
        (true, _) => "http_req_duration",
        (_, true) => "iteration_duration",
        // Of what is counted, such as the holds where a seat is held and given back in turn.
        _ => "measured_duration",
    };
    for (name, time) in times(duration, &acts) {
        metrics.insert(name, time);
    }
    if workload.starts_with("points") {
        points(&mut metrics, &acts, &report.findings().collect::<Vec<_>>());
    }
    if let Some(users) = report.head.parameters.get("users").copied().map(real) {
        let values = json!({ "value": users, "min": users, "max": users });
        let gauge = json!({ "type": "gauge", "contains": "default", "values": values });
        metrics.insert("vus".to_owned(), gauge);
    }
    json!({
        "root_group": { "name": "", "path": "", "groups": [], "checks": [] },
        "options": { "summaryTrendStats": ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"] },
        "state": { "isStdOutTTY": false, "isStdErrTTY": false, "testRunDurationMs": span * 1e3 },
        "setup_data": setting(report),
        "metrics": metrics,
    })
}

/// What was run where, and how it is repeated.
fn setting(report: &Report) -> Value {
    let head = &report.head;
    let seeds: Vec<u64> = report.runs.iter().map(|run| run.seed).collect();
    let mut said = json!({
        "workload": head.workload, "strategy": head.strategy, "store": head.store,
        "instances": head.instances, "seeds": seeds, "verdict": super::verdict(report),
    });
    for (name, text) in about(head) {
        said[name] = text.into();
    }
    said
}

/// How often an outcome of this name came.
fn named(act: &ActFigures, name: &str) -> u64 {
    act.outcomes.get(name).copied().unwrap_or(0)
}

/// What k6 calls failed: no answer, or a status from 400 on. An answer with the wrong content is none.
fn failed(act: &ActFigures) -> u64 {
    let is_failed = |name: &str| {
        let status = name.split(' ').next().and_then(|status| status.parse::<u16>().ok());
        status.map_or(name == "unknown", |status| status >= 400)
    };
    let outcomes = act.outcomes.iter().filter(|(name, _)| is_failed(name));
    outcomes.map(|(_, count)| count).sum()
}

/// Requests that were answered as wanted; a visit is none of them.
fn requests(act: &ActFigures) -> u64 {
    let kinds = act.requests.iter().filter(|(kind, _)| *kind != VISIT);
    kinds.map(|(_, (count, _))| count).sum()
}

/// A metric of times: of all acts of all runs, and of each where there are several.
fn times(name: &str, acts: &[(u32, &ActFigures)]) -> Vec<(String, Value)> {
    let parts = if acts.len() > 1 { acts } else { &[] };
    let named = parts.iter().map(|(run, act)| {
        let name = format!("{name}{{scenario:{},run:{run}}}", act.name);
        (name, trend(act))
    });
    iter::once((name.to_owned(), together(acts))).chain(named).collect()
}

fn counter(count: f64, span: f64) -> Value {
    json!({ "type": "counter", "contains": "default",
        "values": { "count": count, "rate": count / span } })
}

/// A rate: of how many something is true.
fn rate(yes: f64, all: f64) -> Value {
    json!({ "type": "rate", "contains": "default",
        "values": { "rate": yes / all.max(1.0), "passes": yes, "fails": (all - yes).max(0.0) } })
}

fn trend(act: &ActFigures) -> Value {
    json!({ "type": "trend", "contains": "time", "values": {
        "avg": act.mean_ms, "min": least(act), "med": act.latency.p50_ms, "max": act.longest_ms,
        "p(90)": act.latency.p90_ms, "p(95)": act.latency.p95_ms, "p(99)": act.latency.p99_ms,
    }})
}

fn least(act: &ActFigures) -> Option<f64> {
    act.distribution.first().map(|(_, ms)| *ms)
}

/// The times of acts together; what they are exactly where there is one.
fn together(acts: &[(u32, &ActFigures)]) -> Value {
    if let [(_, act)] = acts {
        return trend(act);
    }
    let acts: Vec<&ActFigures> = acts.iter().map(|(_, act)| *act).collect();
    let answered: f64 = acts.iter().map(|act| real(named(act, "done"))).sum();
    let took = |act: &&ActFigures| Some(act.mean_ms? * real(named(act, "done")));
    let mean = acts.iter().filter_map(took).sum::<f64>() / answered.max(1.0);
    let at = |share: f64| percentile(&acts, share);
    json!({ "type": "trend", "contains": "time", "values": {
        "avg": (answered > 0.0).then_some(mean),
        "min": acts.iter().filter_map(|act| least(act)).reduce(f64::min),
        "med": at(0.5),
        "max": acts.iter().filter_map(|act| act.longest_ms).reduce(f64::max),
        "p(90)": at(0.9), "p(95)": at(0.95), "p(99)": at(0.99),
    }})
}

/// At most how long such a share of several acts took: the first step at which so many are known to
/// have been answered. Nothing where so many were not.
fn percentile(acts: &[&ActFigures], share: f64) -> Option<f64> {
    let weight = |act: &ActFigures| real(act.due.saturating_sub(act.refused()));
    let all: f64 = acts.iter().map(|act| weight(act)).sum();
    let known = |act: &ActFigures, within: f64| {
        let steps = act.distribution.iter().filter(|(_, ms)| *ms <= within);
        steps.map(|(share, _)| *share).fold(0.0, f64::max)
    };
    let reached =
        |within: f64| acts.iter().map(|act| weight(act) * known(act, within)).sum::<f64>();
    let steps = acts.iter().flat_map(|act| &act.distribution).map(|(_, ms)| *ms);
    // What is added up of shares may be short of the whole by what is rounded.
    steps.filter(|ms| reached(*ms) >= all * share - 1e-6).reduce(f64::min)
}

/// The metrics and thresholds of the points scenarios, under their names.
fn points(metrics: &mut Map<String, Value>, acts: &[(u32, &ActFigures)], findings: &[&Finding]) {
    let sum = |of: &dyn Fn(&ActFigures) -> f64| acts.iter().map(|(_, act)| of(act)).sum::<f64>();
    let (done, due) = (sum(&|act| real(named(act, "done"))), sum(&|act| real(act.due)));
    let span = sum(&|act| act.to_s - act.from_s).max(1e-9);
    let conflicts = sum(&|act| {
        let conflicts = act.outcomes.iter().filter(|(name, _)| name.starts_with("503"));
        real(conflicts.map(|(_, count)| count).sum())
    });
    let unequal = findings
        .iter()
        .filter(|finding| matches!(finding, Finding::NoOrder { .. } | Finding::Miscounted { .. }));
    let counter = |count: f64, bound: Option<&str>, is_met: bool| {
        let mut metric = counter(count, span);
        if let Some(bound) = bound {
            metric["thresholds"] = json!({ bound: { "ok": is_met } });
        }
        metric
    };
    let number = |count: usize| real(u64::try_from(count).unwrap_or(u64::MAX));
    let (errors, wrong) = (sum(&|act| real(act.failed())), number(findings.len()));
    let mut success = rate(done, due);
    success["thresholds"] = json!({ "rate>0.95": { "ok": done / due.max(1.0) > 0.95 } });
    for (name, mut time) in times("point_charge_time", acts) {
        let is_fast = time["values"]["p(95)"].as_f64().is_some_and(|ms| ms < 500.0);
        time["thresholds"] = json!({ "p(95)<500": { "ok": is_fast } });
        metrics.insert(name, time);
    }
    let all = [
        ("concurrency_failures", counter(conflicts, None, true)),
        ("expected_amount_mismatch", counter(number(unequal.count()), None, true)),
        ("success_rate", success),
        ("point_charge_errors", counter(errors, Some("count<50"), errors < 50.0)),
        ("point_charge_success", counter(done, None, true)),
        ("point_consistency_failures", counter(wrong, Some("count<5"), wrong < 5.0)),
    ];
    metrics.extend(all.map(|(name, metric)| (name.to_owned(), metric)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Op, Outcome};
    use crate::record::Record;
    use crate::reports::tests::second;

    const DONE: Outcome = Outcome::Done { named: 0, value: 0 };

    /// A second of 999 requests: what became of the first ones, and all others were done.
    fn run(workload: &str, first: &[(usize, Outcome)]) -> Record {
        let mut record = second(&DONE);
        workload.clone_into(&mut record.head.workload);
        let outcomes =
            first.iter().flat_map(|(count, outcome)| std::iter::repeat_n(outcome, *count));
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
        for (name, ms) in
            [("min", 1.0), ("med", 10.0), ("p(90)", 100.0), ("max", 100.0), ("avg", 37.0)]
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
}
