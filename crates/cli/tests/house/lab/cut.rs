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
    fn begin(out: &Path) -> Self {
        let run = ["lab", "run", "overbook", "--set", "seconds=300", "--set", "users=4", "--out"];
        // As `nohup` does it.
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" HUP; exec "$0" "$@""#, env!("CARGO_BIN_EXE_admitone")])
            .args(run)
            .arg(out)
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
}

fn kill(signal: &str, whom: &str) {
    assert!(Command::new("kill").args([signal, "--", whom]).status().unwrap().success());
}

#[test]
fn a_run_that_is_ended_early_is_audited_and_told_as_far_as_it_came() {
    let out = tempfile::tempdir().unwrap();
    let mut run = Going::begin(out.path());
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
    let mut run = Going::begin(out.path());
    // What is under way is not answered, so that it waits.
    kill("-STOP", &run.house);
    run.signal("-INT");
    std::thread::sleep(Duration::from_secs(1));
    assert!(run.child.try_wait().unwrap().is_none(), "it did not wait for answers");
    run.signal("-INT");
    assert_eq!(run.child.wait().unwrap().code(), Some(130));
    kill("-CONT", &run.house);
    for _ in 0..400 {
        if !run.has_house() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("the house goes on");
}
