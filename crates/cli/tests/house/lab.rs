//! The laboratory as people run it: a workload, its replay, a comparison, a matrix.

use crate::process::House;
use crate::shared_store::Server;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn lab(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.arg("lab").args(words).stdin(Stdio::null()).output().unwrap()
}

fn sound(words: &[&str]) -> Value {
    let ran = lab(words);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{words:?}: {said}");
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}"))
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_run_is_audited_kept_replayed_and_compared() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let report =
        sound(&["run", "cash", "--quick", "--runs", "2", "--json", "--lines", "--out", directory]);
    assert_eq!(report["runs"].as_array().unwrap().len(), 2);
    assert_eq!(report["runs"][0]["findings"].as_array().unwrap().len(), 0, "{report}");
    assert!(report["runs"][0]["commands"].as_u64().unwrap() >= 1_800, "{report}");
    for name in ["report.html", "report.md", "report.csv", "report.influx", "k6-summary.json"] {
        assert!(!text(&out.path().join(name)).is_empty(), "{name}");
    }
    let lines = text(&out.path().join("run-1/history.jsonl"));
    assert!(lines.starts_with("{\"format\":\"admitone-history\",\"version\":1"), "{lines:.200}");
    let again = sound(&["replay", directory, "--json"]);
    assert_eq!(again["runs"][1]["commands"], report["runs"][1]["commands"]);
    let compared = lab(&["compare", directory, directory]);
    assert_eq!(compared.status.code(), Some(0));
    let table = String::from_utf8(compared.stdout).unwrap();
    assert!(table.contains("within the spread"), "{table}");
}

#[test]
fn a_tampered_state_is_convicted_when_it_is_replayed() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let few = ["--set", "count=50", "--json", "--out", directory];
    sound(&[&["run", "cash", "--quick"], &few[..]].concat());
    let path = out.path().join("run-1/state.json");
    let mut state: Value = serde_json::from_str(&text(&path)).unwrap();
    let balance = state["wallets"][0]["balance"].as_i64().unwrap();
    state["wallets"][0]["balance"] = (balance - 1).into();
    std::fs::write(&path, state.to_string()).unwrap();
    let ran = lab(&["replay", directory]);
    assert_eq!(ran.status.code(), Some(1));
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(said.contains("UNSOUND") && said.contains("miscounted"), "{said}");
}

#[test]
fn a_house_elsewhere_is_driven_and_a_killed_instance_is_shown_beside_what_it_did() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--bench-routes"]);
    let key = house.operator_key.clone().unwrap();
    let url = format!("http://{}/", house.address);
    let place = ["--url", &url, "--operator-key", &key, "--json", "--quick"];
    let report = sound(&[&["run", "hot-seat", "--set", "seconds=1"], &place[..]].concat());
    assert!(report["runs"][0]["acts"][0]["throughput"].as_f64().unwrap() > 0.0, "{report}");
    assert!(house.stop());
    let faults = ["--fault", "700ms:kill:instance-1", "--fault", "900ms:restart:instance-1"];
    let few = ["--set", "seconds=3", "--set", "users=8", "--set", "stock=100000"];
    let report =
        sound(&[&["run", "overbook", "--quick", "--json"], &faults[..], &few[..]].concat());
    let happened = report["runs"][0]["faults"].as_array().unwrap();
    assert_eq!(happened.len(), 2, "{happened:?}");
    assert!(happened.iter().all(|fault| fault["trouble"].is_null()), "{happened:?}");
    let outcomes = &report["runs"][0]["acts"][0]["outcomes"];
    let failed = ["unknown", "not sent"].iter().filter_map(|name| outcomes[*name].as_u64());
    assert!(failed.sum::<u64>() > 0, "nobody noticed: {outcomes}");
}

#[test]
fn a_matrix_ranks_what_is_sound_and_finds_the_control_out() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let (server, _) = store.split_once('?').unwrap();
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let what = ["matrix", "cash", "--quick", "--json", "--store", server, "--out", directory];
    let how = ["--strategy", "batched", "--strategy", "pessimistic", "--strategy", "kafka"];
    let few = ["--instances", "2", "--set", "count=200", "--set", "users=16"];
    let matrix = sound(&[&what[..], &how[..], &few[..]].concat());
    let rows = matrix["tables"][0]["rows"].as_array().unwrap();
    let of = |name: &str| {
        rows.iter().find(|row| row["cell"]["strategy"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(of("unsafe")["result"]["is_sound"], false, "{rows:?}");
    for name in ["batched", "pessimistic"] {
        assert_eq!(of(name)["result"]["is_sound"], true, "{rows:?}");
        assert!(!of(name)["result"]["limit"].as_str().unwrap().is_empty());
    }
    assert!(of("kafka")["why_not"].as_str().is_some_and(|why| !why.is_empty()), "{rows:?}");
    let choices = matrix["tables"][0]["choices"].as_array().unwrap();
    assert!(choices.iter().all(|choice| choice["strategy"] != "unsafe"), "{choices:?}");
    assert!(text(&out.path().join("matrix.html")).contains("batched"));
}

#[test]
fn a_workload_in_which_nobody_succeeds_is_not_green() {
    let run = lab(&["run", "overbook", "--quick", "--set", "stock=1", "--set", "users=4"]);
    // The one ticket is gone before anything counts.
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.code() == Some(1) && said.contains("nobody succeeded"), "{said}");
}

#[test]
fn workloads_are_listed_and_an_unknown_one_is_answered_with_those_there_are() {
    let run = lab(&["run", "nothing"]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.code() == Some(3) && said.contains("overbook, cash"), "{said}");
    let list = lab(&["list"]);
    let said = String::from_utf8(list.stdout).unwrap();
    assert!(said.contains("points-spike") && said.contains("kafka-batch"), "{said}");
}
