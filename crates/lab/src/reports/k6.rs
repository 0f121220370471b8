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
    // All counters are of what was due, also when nothing was left to be had, and so is the time.
    let span = sum(&ActFigures::due_s).max(1e-9);
    let workload = report.head.workload.as_str();
    let (is_single, is_visit) = (SINGLE.contains(&workload), VISITS.contains(&workload));
    let sent = sum(&|act| real(act.due.saturating_sub(named(act, "not sent"))));
    if is_single {
        metrics.insert("http_reqs".to_owned(), counter(sent, span));
        let asked = sum(&|act| real(asked(act)));
        if asked > 0.0 {
            let failed = rate(sum(&|act| real(failed(act))), asked);
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

/// How many were sent, whatever came of them.
fn asked(act: &ActFigures) -> u64 {
    let outcomes = act.outcomes.iter().filter(|(name, _)| *name != "not sent");
    outcomes.map(|(_, count)| count).sum()
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
    // A report of an earlier version does not say how many were timed.
    let weight = |act: &ActFigures| match act.timed {
        0 => real(act.due.saturating_sub(act.refused())),
        timed => real(timed),
    };
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
    let span = sum(&ActFigures::due_s).max(1e-9);
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
mod tests;
