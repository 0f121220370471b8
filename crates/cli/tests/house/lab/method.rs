//! Can the laboratory be believed? What is the same is not called different, and what transactions read
//! and wrote convicts those that are not kept apart.

use super::{lab, sound, text};
use crate::shared_store::Server;
use serde_json::Value;
use std::path::Path;

/// So many runs are compared with as many: by chance their ranges lie apart once in 24,000 times.
const EACH: usize = 9;

/// The runs of one report that are meant, as a report of their own.
fn part(of: &Path, to: &Path, first: usize) {
    for (number, run) in (1..).zip((first..=EACH * 2).step_by(2)) {
        let (from, to) = (of.join(format!("run-{run}")), to.join(format!("run-{number}")));
        std::fs::create_dir_all(&to).unwrap();
        for file in ["run.json", "history.bin", "state.json"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
    sound(&["replay", to.to_str().unwrap(), "--json"]);
}

#[test]
fn two_series_of_the_same_do_not_differ_by_more_than_their_spread() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let runs = (EACH * 2).to_string();
    let few = ["--set", "count=150", "--set", "users=8", "--runs", &runs];
    sound(&[&["run", "cash", "--quick", "--json", "--out", directory], &few[..]].concat());
    // Every other run: whatever else the machine does hurts both alike.
    let parts = ["odd", "even"].map(|name| out.path().join(name));
    for (first, to) in (1..).zip(&parts) {
        part(out.path(), to, first);
    }
    let [one, other] = parts.each_ref().map(|part| part.to_str().unwrap());
    let compared: Value =
        serde_json::from_slice(&lab(&["compare", one, other, "--json"]).stdout).unwrap();
    let rows = compared["rows"].as_array().unwrap().iter();
    let rates: Vec<&Value> =
        rows.filter(|row| row["what"].as_str().unwrap().ends_with("outcomes/s")).collect();
    assert_eq!(rates.len(), 3, "{compared}");
    for rate in rates {
        assert_eq!(rate["is_apart"], false, "{rate}");
    }
}

#[test]
fn what_transactions_read_and_wrote_convicts_those_that_are_not_kept_apart() {
    let run = |strategy: &str| -> Option<(Option<i32>, Value)> {
        let store = Server::Postgres.fresh()?;
        let how = ["--store", &store, "--strategy", strategy, "--observe", "--without-guards"];
        let few = ["--set", "count=120", "--set", "users=8"];
        let ran = lab(&[&["run", "cash", "--quick", "--json"], &how[..], &few[..]].concat());
        let report = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| {
            panic!("{strategy}: {error}: {}", String::from_utf8_lossy(&ran.stderr))
        });
        Some((ran.status.code(), report))
    };
    let Some((code, report)) = run("pessimistic") else { return };
    assert_eq!(code, Some(0), "{report}");
    let checked = &report["runs"][0]["checked"];
    assert!(checked["transactions"].as_u64() > Some(300), "{checked}");
    assert!(checked["dependencies"].as_u64() > Some(300), "{checked}");
    let (code, report) = run("unsafe").unwrap();
    assert_eq!(code, Some(1));
    let findings = report["runs"][0]["findings"].as_array().unwrap();
    let classes: Vec<&str> =
        findings.iter().filter_map(|finding| finding["class"].as_str()).collect();
    assert!(!classes.is_empty(), "{findings:?}");
}

#[test]
fn every_cell_of_a_matrix_tells_what_its_transactions_did_if_that_is_asked() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let (server, _) = store.split_once('?').unwrap();
    let out = tempfile::tempdir().unwrap();
    let how = ["--store", server, "--strategy", "pessimistic", "--observe", "--instances", "2"];
    let few = ["--set", "count=120", "--set", "users=8", "--out", out.path().to_str().unwrap()];
    let ran = lab(&[&["matrix", "cash", "--quick", "--quiet"], &how[..], &few[..]].concat());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let cells = ["cash/pessimistic-2", "cash/unsafe-2"].map(|cell| {
        let path = out.path().join("cells").join(cell).join("report.json");
        serde_json::from_str::<Value>(&text(&path)).unwrap_or_else(|why| panic!("{why}: {said}"))
    });
    for cell in &cells {
        let checked = &cell["runs"][0]["checked"];
        assert!(checked["transactions"].as_u64() > Some(300), "{checked}");
        let command = cell["head"]["command"].as_str().unwrap();
        assert!(command.contains(" --observe "), "it is no repetition without: {command}");
    }
    assert_eq!(cells[0]["runs"][0]["findings"], Value::Array(Vec::new()));
    assert_eq!(ran.status.code(), Some(0), "{said}");
}

#[test]
fn a_run_says_the_bound_that_follows_from_nothing_found() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--set", "count=100", "--set", "users=8", "--json", "--out", directory];
    let report = sound(&[&["run", "cash", "--quick"], &few[..]].concat());
    assert_eq!(report["runs"][0]["commands"], 300);
    let said = "0 of 300 commands: fewer than 1.0e-2 each, at 95 %";
    for file in ["report.md", "report.html"] {
        assert!(text(&out.path().join(file)).contains(said), "{file}");
    }
}

/// Whoever wants to know what ten thousand do must be able to be ten thousand.
#[test]
fn one_thread_is_ten_thousand_users() {
    let played = |seconds: &str| {
        let many = ["--set", "users=10000", "--set", seconds, "--set", "rate=500", "--json"];
        sound(&[&["run", "ceiling"], &many[..]].concat())
    };
    let is_again = |report: &Value| report["runs"][0]["acts"][0]["due"].as_u64() > Some(10_000);
    // How long ten thousand need is not the question.
    let report = Some(played("seconds=4")).filter(is_again).unwrap_or_else(|| played("seconds=16"));
    assert_eq!(report["head"]["threads"], 1);
    assert!(is_again(&report), "each asked again: {report}");
    for act in report["runs"][0]["acts"].as_array().unwrap() {
        let ended: Vec<&str> =
            act["outcomes"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(ended, ["done"], "{act}");
    }
    let act = &report["runs"][0]["acts"][0];
    let cpu = act["cost"]["generator_cpu"].as_f64().unwrap_or_else(|| panic!("{act}"));
    assert!(cpu > 0.0 && cpu < 1.1, "{act}");
}
