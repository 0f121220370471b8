//! The laboratory as people run it: a workload, its replay, a comparison, a matrix.

mod control;
mod cut;
mod died;
mod elsewhere;
mod faults;
mod kept;
mod method;
mod quick;
mod settings;
mod soak;
mod watching;

use crate::process::House;
use crate::shared_store::Server;
use serde_json::Value;
use std::io::{BufRead, BufReader};
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

/// What a run leaves, in all its forms.
const REPORTS: [&str; 7] = [
    "report.json",
    "report.html",
    "report.md",
    "report.csv",
    "report.influx",
    "report.prom",
    "k6-summary.json",
];

#[test]
fn a_run_is_audited_kept_replayed_and_compared() {
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let report =
        sound(&["run", "cash", "--quick", "--runs", "2", "--json", "--lines", "--out", directory]);
    assert_eq!(report["runs"].as_array().unwrap().len(), 2);
    assert_eq!(report["runs"][0]["findings"].as_array().unwrap().len(), 0, "{report}");
    assert!(report["runs"][0]["commands"].as_u64().unwrap() >= 1_800, "{report}");
    for name in REPORTS {
        assert!(!text(&out.path().join(name)).is_empty(), "{name}");
    }
    let lines = text(&out.path().join("run-1/history.jsonl"));
    assert!(lines.starts_with("{\"format\":\"admitone-history\",\"version\":1"), "{lines:.200}");
    // All that is needed for every report is in what is kept of the runs.
    let elsewhere = out.path().join("again");
    let again = sound(&["replay", directory, "--json", "--out", elsewhere.to_str().unwrap()]);
    assert_eq!(again["runs"][1]["commands"], report["runs"][1]["commands"]);
    for name in REPORTS {
        let [first, second] = [out.path(), &*elsewhere].map(|place| text(&place.join(name)));
        assert_eq!(first, second, "{name}");
    }
    let table = out.path().join("table");
    let compared = lab(&["compare", directory, directory, "--out", table.to_str().unwrap()]);
    assert!(text(&table.join("compare.md")).contains("| ratio |"));
    let file: Value = serde_json::from_str(&text(&table.join("compare.json"))).unwrap();
    assert_eq!(file["rows"][0]["ratio"], 1.0, "{file}");
    assert_eq!(file["reports"][1]["head"]["command"], report["head"]["command"], "{file}");
    assert_eq!(compared.status.code(), Some(0));
    let table = String::from_utf8(compared.stdout).unwrap();
    assert!(table.contains("within the spread"), "{table}");
}

/// Every workload but those that run for long, with as little as shows that it works.
#[test]
fn every_workload_is_run_and_is_sound() {
    let workloads: [(&str, &[&str]); 16] = [
        ("overbook", &["seconds=1", "users=16"]),
        ("cash", &["count=100", "users=8"]),
        ("confirm", &["seconds=1", "think_ms=100", "ramp_seconds=1", "rate=50"]),
        ("points-spread", &["seconds=1", "users=8"]),
        ("points-spike", &["seconds=1", "users=8"]),
        ("token-ramp", &["seconds=1", "users_max=100", "rate=100"]),
        ("seat-browse", &["seconds=1", "users=8", "users_more=16"]),
        ("list-cache", &["seconds=1", "users=8", "concerts=60"]),
        ("search-index", &["seconds=1", "users=8", "concerts=200"]),
        ("whole-flow", &["seconds=1", "rate=20", "users=50"]),
        ("hot-seat", &["seconds=1", "users=8"]),
        ("distinct-seats", &["seconds=1", "users=8"]),
        ("sell-out", &["buyers=60", "tickets=60", "users=16"]),
        ("drop-outs", &["seconds=3", "users=8", "seats=50", "hold_seconds=1"]),
        ("retries", &["seconds=1", "users=8"]),
        ("soak", &["seconds=3", "rate=10", "users=50"]),
    ];
    let listed: Value = serde_json::from_slice(&lab(&["list", "--json"]).stdout).unwrap();
    let all = listed["workloads"].as_array().unwrap().len();
    // `ceiling` has nothing to audit, and `drill` needs a programme: it has a test of its own.
    assert_eq!(all, workloads.len() + 2, "one is not run");
    for (workload, sets) in workloads {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let what = ["run", workload, "--quick", "--json"].into_iter().chain(sets);
        let ran = lab(&what.collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        // A build for tests may be short of a goal.
        assert!(matches!(ran.status.code(), Some(0 | 4)), "{workload}: {said}");
        let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
        // Where people come at a rate, whoever gets nothing is one too many.
        let goals = report["acts"][0]["goals"].as_array().unwrap();
        assert!(workload != "whole-flow" || goals[0]["figure"] == "failed", "{goals:?}");
        for act in report["runs"][0]["acts"].as_array().unwrap() {
            assert!(act["throughput"].as_f64() > Some(0.0), "{workload}: {act}");
        }
    }
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

/// How a limit begins that was measured, or of an act that was over before anybody had looked twice.
const LIMITS: [&str; 6] = [
    "its lock: ",
    "conflicts: ",
    "processors: ",
    "waiting for the store: ",
    "what is asked: ",
    "too short to say: ",
];

/// A matrix of few movements on the server of this address; how it ended, and its process id.
fn matrix(store: &str, out: &str, more: &[&str]) -> (Output, u32) {
    let what = ["lab", "matrix", "cash", "--quick", "--json", "--store", store, "--out", out];
    let few = ["--set", "cash.count=200", "--set", "users=16"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.args([&what[..], &few[..], more].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    (child.wait_with_output().unwrap(), id)
}

/// The row of a strategy with so many instances, of the first table.
fn row<'a>(matrix: &'a Value, strategy: &str, instances: u64, is_embedded: bool) -> &'a Value {
    let rows = matrix["tables"][0]["rows"].as_array().unwrap();
    let is_it = |row: &&Value| {
        let cell = &row["cell"];
        cell["strategy"] == strategy
            && cell["instances"] == instances
            && cell["is_embedded"] == is_embedded
    };
    rows.iter().find(is_it).unwrap_or_else(|| panic!("{strategy} × {instances}: {rows:?}"))
}

#[test]
fn a_matrix_ranks_what_is_sound_and_finds_the_control_out() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let (server, _) = store.split_once('?').unwrap();
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let how = ["--strategy", "batched", "--strategy", "simple-lock", "--strategy", "kafka"];
    let alone = ["--strategy", "single-writer", "--instances", "1,2"];
    let (ran, id) = matrix(server, directory, &[&how[..], &alone[..]].concat());
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let matrix: Value = serde_json::from_slice(&ran.stdout).unwrap();
    for instances in [1, 2] {
        let control = &row(&matrix, "unsafe", instances, false)["result"];
        assert_eq!(control["is_sound"], false, "{control}");
        let kafka = &row(&matrix, "kafka", instances, false)["why_not"];
        assert_eq!(kafka, "it needs --kafka, which was not given");
    }
    let sound = [("batched", 2, false), ("simple-lock", 1, false), ("single-writer", 1, true)];
    for (strategy, instances, is_embedded) in sound {
        let result = &row(&matrix, strategy, instances, is_embedded)["result"];
        assert_eq!(result["is_sound"], true, "{strategy}: {result}");
        let limit = result["limit"].as_str().unwrap();
        assert!(LIMITS.iter().any(|known| limit.starts_with(known)), "{strategy}: {limit}");
        assert_eq!(result["acts"].as_array().unwrap().len(), 3);
    }
    let harmful = row(&matrix, "simple-lock", 2, false)["why_not"].as_str().unwrap();
    assert!(harmful.contains("safe only alone"), "{harmful}");
    let choices = matrix["tables"][0]["choices"].as_array().unwrap();
    assert!(!choices.is_empty(), "something sound was measured");
    assert!(choices.iter().all(|choice| choice["strategy"] != "unsafe"), "{choices:?}");
    let page = text(&out.path().join("matrix.html"));
    assert!(page.contains("cells/cash/batched-2/report.html"), "{page}");
    assert!(!text(&out.path().join("cells/cash/batched-2/report.html")).is_empty());
    assert_eq!(
        said.lines().filter(|line| line.contains(" of 11: cash under ")).count(),
        11,
        "{said}"
    );
    // What a cell had on the server is gone with it.
    let left = format!(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_namespace WHERE nspname LIKE 'lab\\_{id}\\_%') \
         THEN RAISE 'a place is left'; END IF; END $$"
    );
    crate::shared_store::execute(&store, &left);
    // What is known to do harm is run where that is wanted, and has no rank.
    let (ran, _) = self::matrix(server, directory, &[&how[..], &alone[..], &HARMFUL[..]].concat());
    let matrix: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(row(&matrix, "simple-lock", 2, false)["result"].is_object(), "{matrix}");
    let table = text(&out.path().join("matrix.md"));
    assert!(table.contains("| — | `simple-lock` | 2 |"), "{table}");
}

#[test]
fn a_matrix_is_published_and_its_pages_are_those_of_the_small_file() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let (server, _) = store.split_once('?').unwrap();
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let (ran, _) = matrix(server, directory, &["--strategy", "batched", "--instances", "1,2"]);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let to = out.path().join("results");
    let published = lab(&["publish", directory, "--to", to.to_str().unwrap()]);
    assert_eq!(published.status.code(), Some(0), "{}", String::from_utf8_lossy(&published.stderr));
    let small = to.join("matrix.json");
    for (page, file) in [("result", "README.md"), ("choose", "choose.md")] {
        let again = lab(&["publish", small.to_str().unwrap(), "--page", page]);
        assert_eq!(String::from_utf8(again.stdout).unwrap(), text(&to.join(file)));
    }
    let figures = text(&to.join("README.md"));
    assert!(figures.contains("PostgreSQL") && figures.contains("| 1 | `batched` |"), "{figures}");
    // One whose control was not found out is published by nobody.
    let told = text(&small).replace("\"is_sound\":false", "\"is_sound\":true");
    std::fs::write(&small, told).unwrap();
    let refused = lab(&["publish", small.to_str().unwrap(), "--page", "result"]);
    assert_eq!(refused.status.code(), Some(3));
}

const HARMFUL: [&str; 2] = ["--even-harmful", "--resume"];

#[test]
fn a_matrix_that_was_interrupted_goes_on_with_what_is_missing() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let (server, _) = store.split_once('?').unwrap();
    let out = tempfile::tempdir().unwrap();
    let directory = out.path().to_str().unwrap();
    let one = ["--instances", "1", "--strategy", "batched"];
    let (ran, _) = matrix(server, directory, &one);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let first: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let two = [&one[..], &["--strategy", "optimistic", "--resume"]].concat();
    let (ran, _) = matrix(server, directory, &two);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let second: Value = serde_json::from_slice(&ran.stdout).unwrap();
    for kept in ["unsafe", "batched"] {
        let rows = [&first, &second].map(|matrix| row(matrix, kept, 1, false));
        assert_eq!(rows[0], rows[1]);
    }
    assert_eq!(row(&second, "optimistic", 1, false)["result"]["is_sound"], true, "{said}");
    assert_eq!(said.lines().filter(|line| line.contains("cash under ")).count(), 1, "{said}");
    // What another build left stands where that is wanted, and it is said; else it is run again.
    let kept = out.path().join("cells/cash/optimistic-1/report.json");
    let build = row(&second, "optimistic", 1, false)["build"].as_str().unwrap().to_owned();
    std::fs::write(&kept, text(&kept).replace(&build, "build 000000000000")).unwrap();
    for (more, run_again) in [(&["--other-builds"][..], 0), (&[], 1)] {
        let (ran, _) = matrix(server, directory, &[&two[..], more].concat());
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(said.lines().filter(|line| line.contains("cash under ")).count(), run_again);
        let page = text(&out.path().join("matrix.md"));
        let is_named = page.contains("of build 000000000000: `cash` optimistic × 1\n");
        assert_eq!(is_named, run_again == 0, "{page}");
    }
    // What was run with other parameters is no part of this one.
    let other = [&one[..], &["--resume", "--set", "count=150"]].concat();
    let (ran, _) = matrix(server, directory, &other);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(said.lines().filter(|line| line.contains("cash under ")).count(), 2, "{said}");
}

/// Two shows behind two rooms and one without, seats and tickets, one of which costs nothing.
const PROGRAMME: &str = r#"{
  "rooms": [{ "name": "Main", "settings": { "active_max": 50 } }, { "name": "Side" }],
  "concerts": [{ "name": "Winter", "category": "rock", "shows": [
    { "opens_at": "2099-12-24T19:00:00Z", "closes_at": "2099-12-24T22:00:00Z",
      "booking_opens_at": "2020-11-01T00:00:00Z", "booking_closes_at": "2099-12-24T18:00:00Z",
      "room": "Main", "per_buyer_max": 2,
      "seats": [{ "section": "A", "row": "1", "numbers": [1, 40], "price": 1000 }],
      "ticket_types": [{ "name": "Standing", "price": 300, "quantity": 20 },
                       { "name": "Free", "price": 0, "quantity": 20 }] },
    { "opens_at": "2099-12-25T19:00:00Z", "closes_at": "2099-12-25T22:00:00Z",
      "booking_opens_at": "2020-11-01T00:00:00Z", "booking_closes_at": "2099-12-24T18:00:00Z",
      "room": "Side", "seats": [{ "section": "A", "row": "1", "numbers": [1, 30], "price": 10 }] },
    { "opens_at": "2099-12-26T19:00:00Z", "closes_at": "2099-12-26T22:00:00Z",
      "booking_opens_at": "2020-11-01T00:00:00Z", "booking_closes_at": "2099-12-24T18:00:00Z",
      "seats": [{ "section": "A", "row": "1", "numbers": [1, 30], "price": 10 }] }] }]
}"#;

#[test]
fn a_drill_buys_whatever_a_programme_has() {
    let directory = tempfile::tempdir().unwrap();
    let programme = directory.path().join("programme.json");
    std::fs::write(&programme, PROGRAMME).unwrap();
    let programme = ["--programme", programme.to_str().unwrap()];
    let few = ["--set", "buyers=40", "--set", "seconds=1", "--set", "pay_percent=50"];
    let drill = ["run", "drill", "--quick", "--json"];
    let report = sound(&[&drill[..], &programme[..], &few[..]].concat());
    let act = &report["runs"][0]["acts"][0];
    assert!(act["throughput"].as_f64().unwrap() > 0.0, "{act}");
    let ended: u64 = act["outcomes"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(ended, 40, "everybody came to an end: {act}");
    for step in ["join", "leave", "hold", "take", "charge", "pay", "release"] {
        assert!(act["requests"][step].is_array(), "nobody did this: {step}: {act}");
    }
}

#[test]
fn a_run_beside_a_sale_goes_no_further_when_its_input_ends() {
    let directory = tempfile::tempdir().unwrap();
    let programme = directory.path().join("programme.json");
    std::fs::write(&programme, PROGRAMME).unwrap();
    let long = ["run", "drill", "--beside-a-sale", "--set", "buyers=10", "--set", "seconds=300"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.arg("lab").args(long).args(["--set", "arrivals=1", "--programme"]).arg(&programme);
    let run = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut run = run.spawn().unwrap();
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
    let line = said.find(|line| line.as_ref().is_ok_and(|line| line.contains("of 360 s")));
    assert!(line.is_some(), "it ended before anybody came");
    drop(run.stdin.take());
    let rest: Vec<String> = said.map_while(Result::ok).collect();
    assert_eq!(run.wait().unwrap().code(), Some(3), "{rest:?}");
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
