//! A run of the laboratory that somebody ends early: what was measured is not thrown away.

use super::text;
use crate::bench::house_of;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A run that goes on for long, in a process group of its own, as in a terminal.
struct Going {
    child: Child,
    said: BufReader<ChildStderr>,
    all: String,
    house: String,
}

impl Going {
    fn begin(out: &Path, more: &[&str]) -> Self {
        let run = ["lab", "run", "overbook", "--set", "seconds=300", "--set", "users=4", "--out"];
        // As `nohup` does it.
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" HUP; exec "$0" "$@""#, env!("CARGO_BIN_EXE_admitone")])
            .args(run)
            .arg(out)
            .args(more)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let house = house_of(child.id());
        let mut going = Self { child, said, all: String::new(), house };
        going.goes_on(2);
        going
    }

    /// Waits until it said so often how it goes; it does every five seconds.
    fn goes_on(&mut self, lines: usize) {
        while self.all.matches(" answers/s").count() < lines {
            assert!(self.said.read_line(&mut self.all).unwrap() > 0, "{}", self.all);
        }
    }

    /// Sends a signal to all of the group, as a terminal does.
    fn signal(&self, signal: &str) {
        kill(signal, &format!("-{}", self.child.id()));
    }

    fn end(&mut self) -> ExitStatus {
        self.said.read_to_string(&mut self.all).unwrap();
        self.child.wait().unwrap()
    }

    fn has_house(&self) -> bool {
        Path::new(&format!("/proc/{}", self.house)).exists()
    }

    fn must_have_no_house(&self) {
        for _ in 0..400 {
            if !self.has_house() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the house goes on");
    }
}

fn kill(signal: &str, whom: &str) {
    assert!(Command::new("kill").args([signal, "--", whom]).status().unwrap().success());
}

#[test]
fn a_run_that_is_ended_early_is_audited_and_told_as_far_as_it_came() {
    let out = tempfile::tempdir().unwrap();
    let mut run = Going::begin(out.path(), &[]);
    // Whoever wanted it to outlive its terminal is not ended by it.
    run.signal("-HUP");
    run.goes_on(3);
    run.signal("-INT");
    assert_eq!(run.end().code(), Some(3), "{}", run.all);
    let said = &run.all;
    assert!(said.contains("interrupted; the report is of what was played until then"), "{said}");
    assert!(!run.has_house(), "the house goes on");
    let report: Value = serde_json::from_str(&text(&out.path().join("report.json"))).unwrap();
    let first = &report["runs"][0];
    assert_eq!(first["findings"], Value::Array(Vec::new()), "{said}");
    assert!(first["commands"].as_u64().unwrap() > 10, "{first}");
    let kept = text(&out.path().join("report.md"));
    assert!(kept.contains("ENDED EARLY run 1 of 1: somebody ended it in "), "{kept}");
    assert!(kept.contains(" of 300.0 s count, and nothing behind"), "{kept}");
}

#[test]
fn who_is_asked_twice_to_end_does_so_at_once_and_leaves_no_house() {
    let out = tempfile::tempdir().unwrap();
    let mut run = Going::begin(out.path(), &[]);
    // What is under way is not answered, so that it waits.
    kill("-STOP", &run.house);
    run.signal("-INT");
    std::thread::sleep(Duration::from_secs(1));
    assert!(run.child.try_wait().unwrap().is_none(), "it did not wait for answers");
    run.signal("-INT");
    assert_eq!(run.child.wait().unwrap().code(), Some(130));
    let left: Vec<_> = std::fs::read_dir(out.path()).unwrap().flatten().collect();
    assert!(left.is_empty(), "what the house had is left: {left:?}");
    kill("-CONT", &run.house);
    run.must_have_no_house();
}

#[test]
fn a_house_ends_with_whoever_started_it_however_that_ended() {
    let out = tempfile::tempdir().unwrap();
    let mut run = Going::begin(out.path(), &[]);
    kill("-KILL", &run.child.id().to_string());
    run.child.wait().unwrap();
    run.must_have_no_house();
}

#[test]
fn who_ends_a_run_early_waits_for_no_fault() {
    let out = tempfile::tempdir().unwrap();
    let fault = "1s:pause:instance-1:200s";
    let mut run = Going::begin(out.path(), &["--fault", fault, "--fault", "1s:run:sleep 200"]);
    run.signal("-INT");
    assert_eq!(run.end().code(), Some(3), "{}", run.all);
    let report: Value = serde_json::from_str(&text(&out.path().join("report.json"))).unwrap();
    let faults = report["runs"][0]["faults"].as_array().unwrap();
    let of = |what: &str| {
        let is_it = |one: &&Value| one["what"].as_str().unwrap().starts_with(what);
        faults.iter().find(is_it).unwrap_or_else(|| panic!("{faults:?}"))
    };
    assert_eq!(of(fault)["what"], format!("{fault} (until the run was over)"));
    assert!(of(fault)["trouble"].is_null(), "{faults:?}");
    assert!(of(fault)["until_ns"].as_f64().unwrap() < 60e9, "{faults:?}");
    let killed = of("1s:run:sleep 200")["trouble"].as_str().unwrap();
    assert!(killed.ends_with("behind the end of the run, and was killed"), "{killed}");
}
