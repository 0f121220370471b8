//! Queues of brokers as operators see them, and pause them: by a word in the store, that the workers of all
//! processes obey.

use super::{balance, flags, house};
use crate::jobs::Work;
use crate::operators::{Browser, QUEUES};
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import, until};
use serde_json::Value;
use std::process::Command;

const LANES: (&str, &str) = ("ADMITONE_KAFKA_LANES", "4");

#[test]
fn a_topic_of_kafka_is_paused_for_all_workers_and_goes_on() {
    pause_and_resume("kafka-batch", "log");
}

#[test]
fn queues_of_rabbitmq_are_paused_for_all_workers_and_go_on() {
    pause_and_resume("rabbitmq-lock", "delivering");
}

/// Whether it went well, and what `admitone queue` said.
pub(super) fn queue(flags: &[String], task: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    command.arg("queue").args(flags).args(task).env(LANES.0, LANES.1);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// How the first queue stands.
pub(super) fn listed(flags: &[String]) -> Value {
    let (is_well, said) = queue(flags, &["list", "--json"]);
    assert!(is_well, "{said}");
    serde_json::from_str::<Value>(&said).unwrap()[0].clone()
}

/// `cannot` is a word of why a job that waits is not dropped.
fn pause_and_resume(strategy: &str, cannot: &str) {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(flags) = flags(&store, strategy) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 1, None);
    let house = house(directory.path(), &flags, "1", "60000");
    let plain: Vec<&str> = flags.iter().map(String::as_str).collect();
    let worker = Work::start(directory.path(), &plain, &[LANES]);
    let listed = || listed(&flags);
    let front = Front::of(&[&house], 1);
    let mut ann = Shopper::new(&front, 0);
    let charge = r#"{"amount":7}"#;
    assert_eq!(ann.send("POST /api/v1/wallet/charges", charge).status, 201);
    let before = balance(&mut ann);
    assert_eq!(queue(&flags, &["pause", strategy]), (true, String::new()));
    // They leave: nobody takes anything, and a group could be moved now.
    until("everybody has left", || listed()["consumers"] == 0);
    let accepted = ann.send_async("POST /api/v1/wallet/charges", charge);
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    until("it is seen to wait", || listed()["waiting"] == 1);
    let paused = listed();
    assert_eq!((&paused["is_paused"], balance(&mut ann)), (&Value::Bool(true), before), "{paused}");
    assert!(paused["done"].as_u64() > Some(0), "{paused}");
    assert!(paused["retries"].is_u64() && paused["done_last_minute"].is_u64(), "{paused}");
    let lacks = paused["lacks"].as_array().unwrap();
    assert!(lacks.iter().any(|why| why.as_str().is_some_and(|why| why.contains(cannot))));
    let (_, said) = queue(&flags, &["list"]);
    assert!(said.contains("paused") && said.contains(cannot), "{said}");
    if strategy.starts_with("kafka") {
        // From the page, as a clean group: what was settled before comes again, and is decided once.
        let key = house.operator_key.clone().unwrap();
        let mut browser = Browser::staff(&house, &key);
        let pressed = format!("queue={strategy}&action=start&from=0");
        let page = browser.get(QUEUES).body;
        assert!(page.contains("offset for all lanes") && page.contains("0-120,3-57"), "{page}");
        let moved = browser.post(QUEUES, QUEUES, &pressed);
        assert_eq!(moved.status, 303, "{}", moved.body);
        let again = listed();
        assert!(again["waiting"].as_u64() > Some(1), "{again}");
        // One lane goes somewhere else, or nowhere if that is no place.
        let from = |from: &str| queue(&flags, &["start", strategy, "--from", from]);
        let (is_moved, said) = from("0-0,1-99999");
        assert!(!is_moved && said.contains("nothing was moved: lane 1 has"), "{said}");
        assert_eq!(listed()["waiting"], again["waiting"]);
        assert_eq!(from("0-0"), (true, String::new()));
    }
    assert_eq!(queue(&flags, &["resume", strategy]), (true, String::new()));
    until("it is settled", || balance(&mut ann) == before + 7);
    let is_behind = |queue: Value| queue["lag"] != 0;
    until("nothing is left", || !is_behind(listed()));
    assert_eq!(balance(&mut ann), before + 7, "each was decided once");
    until("its figures are written down", || listed()["done"].as_u64() > paused["done"].as_u64());
    drop(worker);
    assert!(house.stop());
}
