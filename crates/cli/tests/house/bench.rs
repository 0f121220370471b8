//! The benchmark as people and programs run it.

use serde_json::Value;
use std::process::{Command, Output, Stdio};

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
    assert_eq!(names, ["holds", "charges", "polls", "seats-50", "seats-2000"]);
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
fn a_benchmark_that_cannot_reach_its_house_says_so() {
    let run = bench(&["--url", "127.0.0.1:1", "--operator-key", "x", "--scenario", "polls"]);
    assert_eq!(run.status.code(), Some(3));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("connecting to 127.0.0.1:1"), "{said}");
}
