//! Hours in little: what grows without end is found, whatever it is.

use super::lab;
use serde_json::Value;
use std::path::Path;

/// Visits for six seconds; how it ended, and its findings.
fn soaked(out: &Path, more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let few = ["--set", "seconds=6", "--set", "rate=10", "--set", "users=50", "--json", "--out"];
    let out = out.to_str().unwrap();
    let ran = lab(&[&["run", "soak", "--quick"], &few[..], &[out], more].concat());
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&ran.stderr));
    });
    (ran.status.code(), report["runs"][0]["findings"].as_array().unwrap().clone())
}

#[test]
fn a_house_that_fills_its_disk_is_found_out_and_one_that_sells_is_not() {
    let out = tempfile::tempdir().unwrap();
    assert_eq!(soaked(out.path(), &[]), (Some(0), Vec::new()));
    let out = tempfile::tempdir().unwrap();
    // Twenty megabytes more in its directory twice a second, as if it kept what it should throw away.
    let data = format!("{}/admitone-bench-*/data", out.path().display());
    let fill = "head -c 20000000 /dev/zero >> $data/left; sleep 0.5";
    let fault = format!(
        "500ms:run:for data in {data}; do for n in 1 2 3 4 5 6 7 8 9 10 11; do {fill}; done; done"
    );
    let (code, findings) = soaked(out.path(), &["--fault", &fault]);
    assert_eq!(code, Some(1), "{findings:?}");
    let [leak] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(leak["finding"], "leak");
    assert!(leak["what"].as_str().unwrap().starts_with("disk of the house"), "{leak}");
}
