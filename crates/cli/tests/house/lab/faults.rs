//! Each fault in a short run of the real program: it happens, it is seen in the report, and what was
//! answered meanwhile is true all the same.

use super::text;
use crate::disk::SmallDisk;
use crate::shared_store::Server;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Long enough that something is done behind a fault, also where a server takes its time to start.
const SECONDS: &str = "seconds=5";

/// A run of a few seconds in which all want one wallet, with this fault in it.
fn run(fault: &str, out: &Path, more: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.args(["lab", "run", "points-spike", "--quick", "--json", "--fault", fault]);
    command.args(["--set", SECONDS, "--set", "users=8", "--out"]).arg(out).args(more);
    let ran = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    // Whoever is hurt may miss a goal.
    assert!(matches!(ran.status.code(), Some(0 | 4)), "{fault}: {said}");
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["runs"][0]["findings"].as_array().unwrap().len(), 0, "{fault}: {report}");
    assert!(report["runs"][0]["commands"].as_u64().unwrap() > 50, "{report}");
    report
}

/// The fault as the report has it, in seconds from when until when; it was done, and stands on the
/// page.
fn happened(report: &Value, fault: &str, out: &Path) -> (f64, f64) {
    let happened = &report["runs"][0]["faults"][0];
    assert_eq!(happened["what"], fault, "{report}");
    assert!(happened["trouble"].is_null(), "{happened}");
    let page = text(&out.join("report.html"));
    assert!(page.contains(fault) && page.contains("class=\"fault\""), "{page}");
    let seconds = |name: &str| happened[name].as_f64().unwrap() / 1e9;
    (seconds("at_ns"), seconds("until_ns"))
}

/// Outcomes a second at most in a part of the run.
fn most_done(report: &Value, from_s: f64, to_s: f64) -> f64 {
    let series = report["runs"][0]["series"].as_array().unwrap();
    let within = series.iter().filter(|point| {
        let at = point["at_s"].as_f64().unwrap();
        at >= from_s && at <= to_s
    });
    within.map(|point| point["done"].as_f64().unwrap()).fold(0.0, f64::max)
}

fn act(report: &Value) -> &Value {
    &report["runs"][0]["acts"][0]
}

/// How many were not answered as wanted.
fn others(report: &Value) -> u64 {
    let outcomes = act(report)["outcomes"].as_object().unwrap();
    let others = outcomes.iter().filter(|(name, _)| *name != "done");
    others.map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[test]
fn an_instance_that_is_paused_answers_when_it_goes_on() {
    let out = tempfile::tempdir().unwrap();
    let fault = "1s:pause:instance-1:700ms";
    let report = run(fault, out.path(), &[]);
    let (at, until) = happened(&report, fault, out.path());
    assert!((0.7..2.0).contains(&(until - at)), "{at} to {until}");
    let longest = act(&report)["longest_ms"].as_f64().unwrap();
    assert!(longest >= 600.0, "nobody waited: {longest} ms");
    assert!(most_done(&report, until + 0.3, until + 1.3) > 0.0, "{report}");
}

#[test]
fn an_instance_that_is_started_again_lives_on_when_the_fault_is_over() {
    let out = tempfile::tempdir().unwrap();
    let (kill, again) = ("1s:kill:instance-1", "1500ms:restart:instance-1");
    let report = run(kill, out.path(), &["--fault", again]);
    let faults = report["runs"][0]["faults"].as_array().unwrap();
    let [_, second] = &faults[..] else { panic!("one ended by itself: {faults:?}") };
    assert!(second["what"] == again && second["trouble"].is_null(), "{second}");
    let until = second["until_ns"].as_f64().unwrap() / 1e9;
    assert!(most_done(&report, until, f64::MAX) > 0.0, "it goes on: {report}");
}

#[test]
fn no_fault_lasts_longer_than_the_run() {
    let out = tempfile::tempdir().unwrap();
    let (jump, left) = ("1s:jump:instance-1:60s:200s", "1200ms:run:sleep 200 & true");
    let report = run(jump, out.path(), &["--fault", left]);
    let faults = report["runs"][0]["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    for what in [jump, left] {
        let is_it = |fault: &&Value| fault["what"].as_str().unwrap().starts_with(what);
        let fault = faults.iter().find(is_it).unwrap_or_else(|| panic!("{what}: {faults:?}"));
        let said = fault["what"].as_str().unwrap();
        assert!(fault["trouble"].is_null(), "{fault}");
        assert_eq!(said.ends_with("(until the run was over)"), what == jump, "{fault}");
        assert!(fault["until_ns"].as_f64().unwrap() < 60e9, "{fault}");
    }
}

#[test]
fn a_service_that_is_slow_is_waited_for() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let out = tempfile::tempdir().unwrap();
    let fault = "1s:slow:service-1:40ms:800ms";
    let how = ["--store", &store, "--strategy", "pessimistic"];
    let report = run(fault, out.path(), &how);
    let (at, until) = happened(&report, fault, out.path());
    assert!((0.8..2.0).contains(&(until - at)), "{at} to {until}");
    // A transaction goes there and back more than once.
    let longest = act(&report)["longest_ms"].as_f64().unwrap();
    assert!(longest >= 160.0, "nobody waited: {longest} ms");
}

#[test]
fn connections_that_are_cut_are_made_again_and_nothing_is_done_twice() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let out = tempfile::tempdir().unwrap();
    let fault = "1500ms:cut:service-1";
    let report = run(fault, out.path(), &["--store", &store]);
    let (at, until) = happened(&report, fault, out.path());
    assert!(until - at < 0.5, "{at} to {until}");
    assert!(most_done(&report, until + 0.3, f64::MAX) > 0.0, "it goes on: {report}");
    let log = text(&out.path().join("server-1.log"));
    assert!(others(&report) > 0 || log.contains("WARN"), "nobody noticed: {log}");
}

#[test]
fn a_redis_that_stands_still_makes_refusals_and_no_harm() {
    let Some(nodes) = crate::redis::shared() else { return };
    let Some(store) = Server::Postgres.fresh() else { return };
    // One of several that other tests use: a majority does not miss it for so long.
    let node = nodes.rsplit(',').next().unwrap();
    let out = tempfile::tempdir().unwrap();
    let fault = "1500ms:pause:service-2:900ms";
    let how = ["--store", &store, "--redis", node, "--strategy", "pubsub-lock"];
    let report = run(fault, out.path(), &how);
    let (at, until) = happened(&report, fault, out.path());
    assert!((0.9..2.0).contains(&(until - at)), "{at} to {until}");
    let longest = act(&report)["longest_ms"].as_f64().unwrap();
    assert!(others(&report) > 0 || longest > 800.0, "nobody noticed: {report}");
    assert!(most_done(&report, until + 0.3, f64::MAX) > 0.0, "it goes on: {report}");
}

#[test]
fn a_redis_that_is_killed_and_started_again_makes_refusals_and_no_harm() {
    let (Some(redis), Some(store)) = (crate::redis::Redis::start(), Server::Postgres.fresh())
    else {
        return;
    };
    let port = redis.port();
    let out = tempfile::tempdir().unwrap();
    let (kill, serve) = ("1500ms:kill:service-2", "redis-server --save '' --bind 127.0.0.1 --port");
    let again = format!("2200ms:restart:service-2:{serve} {port}");
    let how = ["--store", &store, "--redis", &redis.address(), "--strategy", "pubsub-lock"];
    let report = run(kill, out.path(), &[&how[..], &["--fault", &again]].concat());
    let mut started = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::io::Write::write_all(&mut started, b"SHUTDOWN NOSAVE\r\n").unwrap();
    let (killed, _) = happened(&report, kill, out.path());
    let second = &report["runs"][0]["faults"][1];
    assert!(second["what"] == again && second["trouble"].is_null(), "{second}");
    let longest = act(&report)["longest_ms"].as_f64().unwrap();
    assert!(others(&report) > 0 || longest > 500.0, "nobody noticed: {report}");
    let until = second["until_ns"].as_f64().unwrap() / 1e9;
    assert!(until > killed && most_done(&report, until + 0.3, f64::MAX) > 0.0, "{report}");
}

#[test]
fn a_disk_that_is_full_refuses_and_sells_on_when_there_is_room() {
    // What is sold before and after has room in it.
    let Some(disk) = SmallDisk::mount(256) else {
        println!("NOT TESTED: `fill-disk`, because only the superuser may mount a small disk");
        return;
    };
    let fault = "1s:fill-disk:data:900ms";
    let report = run(fault, &disk.path, &[]);
    let (at, until) = happened(&report, fault, &disk.path);
    assert!(until - at >= 0.9, "{at} to {until}");
    assert!(others(&report) > 0, "nobody noticed: {}", act(&report));
    assert!(most_done(&report, until + 0.3, f64::MAX) > 0.0, "it goes on: {report}");
}

#[test]
fn a_command_is_run_and_one_that_fails_says_so_in_the_report() {
    let out = tempfile::tempdir().unwrap();
    let told = out.path().join("told");
    let fault = format!("1s:run:date > {}", told.display());
    let failing = ["--fault", "1200ms:run:echo no clock here >&2; exit 3"];
    let report = run(&fault, out.path(), &failing);
    assert!(!text(&told).is_empty());
    let faults = report["runs"][0]["faults"].as_array().unwrap();
    assert!(faults[0]["trouble"].is_null(), "{faults:?}");
    assert!(faults[1]["trouble"].as_str().unwrap().ends_with("no clock here"), "{faults:?}");
}

/// Holds of a second, most of which lapse, while a clock jumps; how the run ended.
fn lapsing(fault: &str, out: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.args(["lab", "run", "drop-outs", "--quick", "--json", "--fault", fault]);
    let few = ["seconds=5", "users=12", "seats=50", "hold_seconds=1"];
    command.args(few.iter().flat_map(|set| ["--set", set])).arg("--out").arg(out).args(more);
    let ran = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let report = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| {
        panic!("{fault}: {error}: {said}");
    });
    (ran.status.code(), report)
}

#[test]
fn a_clock_that_jumps_ends_no_hold_early_and_keeps_none_for_longer() {
    for fault in ["1500ms:jump:instance-1:+3600s:2s", "1500ms:jump:instance-1:-3600s"] {
        let out = tempfile::tempdir().unwrap();
        let (code, report) = lapsing(fault, out.path(), &[]);
        happened(&report, fault, out.path());
        assert_eq!(code, Some(0), "{fault}: {}", report["runs"][0]["findings"]);
        // Seats that lapsed were had again, before the jump and behind it.
        let held = act(&report)["outcomes"]["done"].as_u64().unwrap();
        assert!(held > 100, "{fault}: {held} holds of 50 seats");
    }
}

#[test]
fn the_clock_of_one_of_two_instances_jumps_and_holds_last_as_long() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let out = tempfile::tempdir().unwrap();
    let fault = "1500ms:jump:instance-2:+3600s:2s";
    let (code, report) = lapsing(fault, out.path(), &["--store", &store, "--instances", "2"]);
    happened(&report, fault, out.path());
    assert_eq!(code, Some(0), "{}", report["runs"][0]["findings"]);
}

/// What is set forward by more than a day was never right: holds end by it, and the auditor says so.
/// That is what it would find if less were believed as well.
#[test]
fn a_clock_that_is_believed_ends_holds_and_is_found_out() {
    let out = tempfile::tempdir().unwrap();
    let (code, report) = lapsing("1500ms:jump:instance-1:+200000s", out.path(), &[]);
    let findings = report["runs"][0]["findings"].as_array().unwrap();
    let kinds: Vec<&str> = findings.iter().filter_map(|one| one["finding"].as_str()).collect();
    assert_eq!(code, Some(1), "{kinds:?}");
    assert!(kinds.iter().any(|kind| ["no_order", "ended_early"].contains(kind)), "{kinds:?}");
    // Nobody takes that for a defect: the report says what it follows from.
    let page = text(&out.path().join("report.md"));
    assert!(
        page.contains("is set forward by a day or more, which a house believes at once"),
        "{page}"
    );
}

#[test]
fn a_clock_that_jumps_ends_no_pass_of_a_waiting_room() {
    let out = tempfile::tempdir().unwrap();
    let fault = "1500ms:jump:instance-1:+3600s:1s";
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.args(["lab", "run", "whole-flow", "--quick", "--json", "--fault", fault]);
    let few = ["--set", "seconds=4", "--set", "rate=20", "--set", "users=100", "--out"];
    let ran = command.args(few).arg(out.path()).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let report = serde_json::from_slice(&ran.stdout).unwrap();
    happened(&report, fault, out.path());
    assert_eq!(others(&report), 0, "{}", act(&report));
}
