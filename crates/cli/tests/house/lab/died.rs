//! A house that dies in a run without being asked to: what was played is kept and audited, and the run is
//! not sound.

use super::{lab, sound, text};
use crate::bench::house_of;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What counts begins later than the run, by less than this many seconds.
const WARM_S: u64 = 3;

/// Runs of some seconds whose house is killed in one of them, when a load goes on and counts; how the
/// command ended, and what it said. A run says every five seconds how far it is.
fn killed(
    (number, runs): (u32, &str),
    out: &Path,
    meanwhile: impl FnOnce(),
) -> (Option<i32>, String) {
    let words =
        ["lab", "run", "points-spike", "--quick", "--set", "seconds=10", "--set", "users=8"];
    let mut run = Command::new(env!("CARGO_BIN_EXE_admitone"))
        .args(words)
        .args(["--runs", runs, "--lines", "--out"])
        .arg(out)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(run.stderr.take().unwrap());
    let mut all = String::new();
    let stage = format!("run {number} of {runs}, the stage");
    while all.split_once(&stage).is_none_or(|(_, behind)| elapsed_s(behind) <= WARM_S) {
        assert!(said.read_line(&mut all).unwrap() > 0, "{all}");
    }
    meanwhile();
    let house = house_of(run.id());
    assert!(Command::new("kill").args(["-KILL", &house]).status().unwrap().success());
    said.read_to_string(&mut all).unwrap();
    (run.wait().unwrap().code(), all)
}

/// For how long a load goes on, as the last line about it says; nothing before there is one.
fn elapsed_s(said: &str) -> u64 {
    let line = said.lines().rfind(|line| line.contains(" answers/s"));
    let elapsed = line.and_then(|line| line.split_once(" of ")?.0.rsplit(' ').next());
    elapsed.map_or(0, |elapsed| elapsed.parse().unwrap())
}

#[test]
fn a_house_that_dies_by_itself_is_read_all_the_same_and_its_run_is_not_sound() {
    let out = tempfile::tempdir().unwrap();
    let (code, said) = killed((1, "1"), out.path(), || ());
    assert_eq!(code, Some(1), "{said}");
    let report: Value = serde_json::from_str(&text(&out.path().join("report.json"))).unwrap();
    let run = &report["runs"][0];
    let faults = run["faults"].as_array().unwrap();
    let [fallen] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(fallen["what"], "instance-1 ended by itself, signal: 9 (SIGKILL)", "{fallen}");
    // What was answered before is true: nothing else is found.
    let findings = run["findings"].as_array().unwrap();
    assert!(findings.len() == 1 && findings[0]["finding"] == "ended_badly", "{findings:?}");
    assert!(run["commands"].as_u64().unwrap() > 50, "{run}");
    for name in ["run.json", "history.bin", "state.json", "history.jsonl"] {
        assert!(out.path().join("run-1").join(name).is_file(), "{name}");
    }
}

#[test]
fn runs_that_were_played_are_kept_though_a_later_one_is_lost() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--set", "count=50", "--set", "users=4", "--out", directory];
    let ran = lab(&[&["run", "cash", "--quick", "--runs", "3"], &few[..]].concat());
    assert_eq!(ran.status.code(), Some(0));
    assert!(out.path().join("run-3").is_dir());
    let (code, said) = killed((2, "4"), out.path(), || {
        // It has nothing to come back to.
        let is_house = |path: &PathBuf| path.join("data").is_dir();
        let mut found = std::fs::read_dir(out.path()).unwrap().map(|one| one.unwrap().path());
        let data = found.find(is_house).unwrap().join("data");
        std::fs::rename(&data, data.with_file_name("lost")).unwrap();
        std::fs::write(&data, "").unwrap();
    });
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("runs before it are kept, 1 in number"), "{said}");
    // The runs of the command before it are none of this one.
    assert!(!out.path().join("run-3").exists());
    let lost = out.path().join("run-2");
    assert!(lost.join("history.bin").is_file() && !lost.join("state.json").exists());
    std::fs::remove_file(out.path().join("run-1/history.jsonl")).unwrap();
    let report = sound(&["replay", directory, "--json", "--lines"]);
    assert_eq!(report["runs"].as_array().unwrap().len(), 1);
    assert_eq!(report["head"]["workload"], "points-spike");
    let lines = text(&out.path().join("run-1/history.jsonl"));
    assert!(lines.starts_with("{\"format\":\"admitone-history\""), "{lines:.200}");
}
