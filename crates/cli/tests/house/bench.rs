//! The benchmark as people and programs run it.

use crate::process::{House, admitone};
use crate::shared_store::Server;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn bench(flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.arg("bench").args(flags).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_quick_benchmark_is_audited_and_acquitted() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let run = bench(&["--quick", "--json", "--out", directory]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    let scenarios = report["scenarios"].as_array().unwrap();
    let names: Vec<&str> =
        scenarios.iter().map(|scenario| scenario["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["holds", "charges", "polls", "seats-50", "seats-2000", "lists"]);
    for scenario in scenarios {
        assert_eq!(scenario["findings"].as_array().unwrap().len(), 0, "{scenario}");
        assert!(scenario["checked"].as_u64().unwrap() > 50, "{scenario}");
        assert!(scenario["ceiling"]["ratio"]["median"].as_f64().unwrap() > 0.0, "{scenario}");
        assert!(scenario["runs"][0]["closed"]["measured"]["house_cpu_us"].is_number());
    }
    assert!(report["starts"][0]["ready_seconds"]["median"].as_f64().unwrap() > 0.0);
    assert_eq!(report["ended_well"], true);
    let mut kept: Vec<String> = std::fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["report.json", "report.txt", "server.log"], "the store itself is gone");
    let table = std::fs::read_to_string(out.path().join("report.txt")).unwrap();
    assert!(table.contains("charges: ") && table.contains(" 0 findings"), "{table}");
}

#[test]
fn a_house_on_a_shared_store_is_measured_with_the_strategy_that_is_named() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let what = ["--quick", "--json", "--scenario", "holds", "--store", &store];
    let run = bench(&[&what[..], &["--strategy", "conditional"]].concat());
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["scenarios"][0]["findings"].as_array().unwrap().len(), 0, "{report}");
    // The seats that were asked for are in that store, and nowhere else.
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains(" 0 rows"), "{said}");
    let refused = bench(&["--quick", "--scenario", "start", "--store", &store]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("embedded store only"), "{said}");
}

#[test]
fn a_house_that_runs_already_is_measured_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--bench-routes"]);
    let key = house.operator_key.clone().unwrap();
    let url = format!("http://{}/", house.address);
    let place = ["--url", &url, "--operator-key", &key];
    let what = ["--quick", "--json", "--scenario", "charges", "--scenario", "holds"];
    // Twice: what the first left there is not taken for something of the second.
    for _ in 0..2 {
        let run = bench(&[place.as_slice(), what.as_slice()].concat());
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(0), "{said}");
        let report: Value = serde_json::from_slice(&run.stdout).unwrap();
        let closed = &report["scenarios"][1]["runs"][0]["closed"]["measured"];
        assert!(closed["throughput"].as_f64().unwrap() > 0.0, "{closed}");
        assert!(closed["house_cpu_us"].is_null(), "another's process is not looked into");
    }
    let start = bench(&[place.as_slice(), &["--scenario", "start"]].concat());
    assert_eq!(start.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&start.stderr).contains("cannot be started here"));
    assert!(house.stop());
}

#[test]
fn a_benchmark_that_cannot_reach_its_house_says_so() {
    let run = bench(&["--url", "127.0.0.1:1", "--operator-key", "x", "--scenario", "polls"]);
    assert_eq!(run.status.code(), Some(3));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("connecting to 127.0.0.1:1"), "{said}");
}

#[test]
fn a_benchmark_that_is_interrupted_ends_its_house_and_takes_its_store_away() {
    let out = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_admitone"))
        .args(["bench", "--scenario", "polls", "--seconds", "20", "--connections", "4", "--out"])
        .arg(out.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let house = house_of(child.id());
    // Amid the load: it is asked to end while it sends.
    std::thread::sleep(Duration::from_millis(1_500));
    let pid = child.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert!(!Path::new(&format!("/proc/{house}")).exists(), "the house goes on");
    let log = std::fs::read_to_string(out.path().join("server.log")).unwrap();
    assert!(log.contains("closing"), "{log}");
    let kept: Vec<_> = std::fs::read_dir(out.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(kept, [out.path().join("server.log")], "the store itself is gone");
}

/// The process id of the house that a benchmark started, once it did. A thread of its own starts them.
pub(crate) fn house_of(bench: u32) -> String {
    let of_thread = |task: std::fs::DirEntry| {
        let children = std::fs::read_to_string(task.path().join("children")).ok()?;
        children.split_whitespace().next().map(str::to_owned)
    };
    for _ in 0..2_400 {
        let tasks = std::fs::read_dir(format!("/proc/{bench}/task")).unwrap();
        if let Some(first) = tasks.flatten().find_map(of_thread) {
            return first;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("the benchmark started no house");
}
