//! A run of the laboratory that somebody ends early: what was measured is not thrown away.

use super::text;
use crate::bench::house_of;
use serde_json::Value;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// As a terminal does it: whoever runs in its foreground is sent the signal, and not the laboratory
/// alone.
#[test]
fn a_run_that_is_ended_early_is_audited_and_told_as_far_as_it_came() {
    let out = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_admitone"))
        .args(["lab", "run", "overbook", "--set", "seconds=300", "--set", "users=4", "--json"])
        .arg("--out")
        .arg(out.path())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let house = house_of(child.id());
    // Amid the load, behind its warm-up.
    std::thread::sleep(Duration::from_secs(6));
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("interrupted; the report is of what was played until then"), "{said}");
    assert!(!Path::new(&format!("/proc/{house}")).exists(), "the house goes on");
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let run = &report["runs"][0];
    assert_eq!(run["findings"], Value::Array(Vec::new()), "{said}");
    assert!(run["commands"].as_u64().unwrap() > 10, "{run}");
    let kept = text(&out.path().join("report.md"));
    assert!(kept.contains("somebody ended the run in "), "{kept}");
    assert!(kept.contains(" of 300.0 s count, and nothing behind"), "{kept}");
}
