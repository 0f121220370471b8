//! What a run is told, and whether its report says so.

use super::{lab, sound, text};
use serde_json::Value;
use std::process::{Command, Stdio};

/// The first act of `confirm` on a store that was made slower; the report, and how long its fastest answer took.
fn confirmed(slow_ms: u64) -> (Value, f64) {
    let slow = format!("slow_ms={slow_ms}");
    let few = ["seconds=1", "users=4", "think_ms=50", "ramp_seconds=1", "rate=30", &slow];
    let sets = few.into_iter().flat_map(|set| ["--set", set]);
    let what = ["run", "confirm", "--quick", "--json"].into_iter().chain(sets);
    let ran = lab(&what.collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(matches!(ran.status.code(), Some(0 | 4)), "{said}");
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let fastest = report["runs"][0]["acts"][0]["distribution"][0][1].as_f64().unwrap();
    (report, fastest)
}

#[test]
fn confirmations_wait_for_a_database_that_is_slow_on_purpose_and_the_report_says_so() {
    let told = "each transaction of the store is made 80 ms longer on purpose";
    let (slow, fastest) = confirmed(80);
    assert!(fastest >= 80.0, "nobody waited: {fastest} ms");
    assert!(slow["head"]["limits"].to_string().contains(told), "{}", slow["head"]);
    let bounded = "ramp: at most 256 under way, and 30 more wait";
    assert!(slow["head"]["limits"].to_string().contains(bounded), "{}", slow["head"]);
    let (quick, fastest) = confirmed(0);
    assert!(fastest < 80.0, "{fastest} ms");
    assert!(!quick["head"]["limits"].to_string().contains("on purpose"), "{}", quick["head"]);
}

#[test]
fn a_house_that_runs_already_is_not_made_slower_and_whoever_wants_that_is_told() {
    let elsewhere = ["--url", "http://127.0.0.1:9", "--operator-key", "x"];
    let ran = lab(&[&["run", "confirm", "--quick"], &elsewhere[..]].concat());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(said.contains("house of its own") && said.contains("--slow-ms 20"), "{said}");
}

#[test]
fn a_room_that_lets_in_so_many_is_judged_by_it() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["seconds=2", "rate=40", "users=60", "inside_max=3"];
    let sets: Vec<&str> = few.iter().flat_map(|set| ["--set", set]).collect();
    let run = ["run", "whole-flow", "--quick", "--json", "--out", directory];
    let report = sound(&[&run[..], &sets[..]].concat());
    assert!(report["runs"][0]["acts"][0]["outcomes"]["done"].as_u64() > Some(5), "{report}");
    assert_eq!(
        report["acts"][0]["goals"],
        Value::Array(Vec::new()),
        "whoever waits outside has not failed"
    );
    // Had one been the limit, the same history would be a crime.
    let path = out.path().join("run-1/state.json");
    let mut state: Value = serde_json::from_str(&text(&path)).unwrap();
    assert_eq!(state["rules"]["active_max"], 3);
    state["rules"]["active_max"] = 1.into();
    std::fs::write(&path, state.to_string()).unwrap();
    let ran = lab(&["replay", directory]);
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.code() == Some(1) && said.contains("beyond a limit"), "{said}");
}

/// What is said of a run that is refused before anything is started.
fn refused(command: &mut Command) -> String {
    let ran = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(!said.contains("starting a house"), "{said}");
    said
}

#[test]
fn what_is_out_of_bounds_is_refused_before_anything_is_started() {
    for (workload, set, bounds) in [
        ("overbook", "users=0", "users may be 1 to "),
        ("overbook", "users=4294967296", "users may be 1 to "),
        ("cash", "seconds=0", "seconds may be 1 to "),
        ("confirm", "rate=0", "rate may be 1 to "),
        ("drop-outs", "pay_percent=150", "pay_percent may be 0 to 100"),
        ("hot-seat", "seats=0", "seats may be 1 to "),
    ] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_admitone"));
        let said = refused(run.args(["lab", "run", workload, "--quick", "--set", set]));
        assert!(said.contains(bounds), "{said}");
    }
    let listed = String::from_utf8(lab(&["list"]).stdout).unwrap();
    assert!(listed.contains("--set pay_percent=20 (quick 20): who pays; 0 to 100"), "{listed}");
}

#[test]
fn more_users_than_open_files_are_refused_before_anything_is_started() {
    let limited = "ulimit -n 300; exec \"$0\" lab run overbook --quick --set users=250";
    let mut run = Command::new("sh");
    let said = refused(run.args(["-c", limited, env!("CARGO_BIN_EXE_admitone")]));
    assert!(said.contains("a process may have 300") && said.contains("`ulimit -n 350`"), "{said}");
}
