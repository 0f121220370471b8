//! The summary as k6 exports it, so that what reads k6's results reads ours: `http_reqs`,
//! `http_req_duration`, `http_req_failed`, `iterations`, `vus`, and for the points workloads the
//! metrics of their reference under its names.

use super::{ActFigures, Report};
use crate::audit::Finding;
use crate::figures::real;
use serde_json::{Map, Value, json};

/// The summary of the first run.
pub fn summary(report: &Report) -> Value {
    let Some(run) = report.runs.first() else { return json!({ "metrics": {} }) };
    let mut metrics = Map::new();
    let sum = |of: &dyn Fn(&ActFigures) -> f64| run.acts.iter().map(of).sum::<f64>();
    let span = sum(&|act| act.to_s - act.from_s).max(1e-9);
    let due = sum(&|act| real(act.due));
    let failed = sum(&|act| real(act.failed()));
    let requests = sum(&|act| real(act.requests.values().map(|(count, _)| count).sum()));
    let counter = |count: f64| {
        json!({ "type": "counter", "contains": "default",
        "values": { "count": count, "rate": count / span } })
    };
    metrics.insert("http_reqs".to_owned(), counter(requests));
    metrics.insert("iterations".to_owned(), counter(due));
    metrics.insert("http_req_failed".to_owned(), rate(failed, due));
    if let Some(longest) = run.acts.iter().max_by_key(|act| act.due) {
        metrics.insert("http_req_duration".to_owned(), trend(longest));
        if report.head.workload.starts_with("points") {
            points(&mut metrics, longest, &run.findings);
        }
    }
    let users = real(report.head.parameters.get("users").copied().unwrap_or(0));
    metrics.insert(
        "vus".to_owned(),
        json!({ "type": "gauge", "contains": "default",
            "values": { "value": users, "min": users, "max": users } }),
    );
    json!({
        "root_group": { "name": "", "path": "", "groups": [], "checks": [] },
        "options": { "summaryTrendStats": ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"] },
        "state": { "isStdOutTTY": false, "isStdErrTTY": false, "testRunDurationMs": span * 1e3 },
        "metrics": metrics,
    })
}

/// A rate: of how many something is true.
fn rate(yes: f64, all: f64) -> Value {
    json!({ "type": "rate", "contains": "default",
        "values": { "rate": yes / all.max(1.0), "passes": yes, "fails": (all - yes).max(0.0) } })
}

fn trend(act: &ActFigures) -> Value {
    let least = act.distribution.first().map(|(_, ms)| *ms);
    json!({ "type": "trend", "contains": "time", "values": {
        "avg": act.mean_ms, "min": least, "med": act.latency.p50_ms, "max": act.longest_ms,
        "p(90)": act.latency.p90_ms, "p(95)": act.latency.p95_ms, "p(99)": act.latency.p99_ms,
    }})
}

/// The metrics and thresholds of the points scenarios, under their names.
fn points(metrics: &mut Map<String, Value>, act: &ActFigures, findings: &[Finding]) {
    let done = real(act.outcomes.get("done").copied().unwrap_or(0));
    let due = real(act.due);
    let span = (act.to_s - act.from_s).max(1e-9);
    let conflicts = act.outcomes.iter().filter(|(name, _)| name.starts_with("503"));
    let conflicts = real(conflicts.map(|(_, count)| count).sum());
    let unequal = findings
        .iter()
        .filter(|finding| matches!(finding, Finding::NoOrder { .. } | Finding::Miscounted { .. }));
    let counter = |count: f64, bound: Option<&str>, is_met: bool| {
        let mut metric = json!({ "type": "counter", "contains": "default",
            "values": { "count": count, "rate": count / span } });
        if let Some(bound) = bound {
            metric["thresholds"] = json!({ bound: { "ok": is_met } });
        }
        metric
    };
    let number = |count: usize| real(u64::try_from(count).unwrap_or(u64::MAX));
    let (errors, wrong) = (real(act.failed()), number(findings.len()));
    let mut success = rate(done, due);
    success["thresholds"] = json!({ "rate>0.95": { "ok": done / due.max(1.0) > 0.95 } });
    let mut time = trend(act);
    let is_fast = act.latency.p95_ms.is_some_and(|ms| ms < 500.0);
    time["thresholds"] = json!({ "p(95)<500": { "ok": is_fast } });
    let all = [
        ("concurrency_failures", counter(conflicts, None, true)),
        ("expected_amount_mismatch", counter(number(unequal.count()), None, true)),
        ("success_rate", success),
        ("point_charge_errors", counter(errors, Some("count<50"), errors < 50.0)),
        ("point_charge_time", time),
        ("point_charge_success", counter(done, None, true)),
        ("point_consistency_failures", counter(wrong, Some("count<5"), wrong < 5.0)),
    ];
    metrics.extend(all.map(|(name, metric)| (name.to_owned(), metric)));
}
