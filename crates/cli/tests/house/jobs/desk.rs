//! What is seen of queues while a broker is away, and what the command line did about queues.

use super::{NO_WORKERS, Setting, accepts};
use admitone_conformance::kept_ports::KeptPorts;
use serde_json::Value;
use std::process::Command;

#[test]
fn a_broker_that_is_away_hides_no_other_queue() {
    let Some(setting) = Setting::new() else { return };
    let nobodys = KeptPorts::<1>::keep();
    let gone = format!("amqp://guest:secret@127.0.0.1:{}/%2f", nobodys.numbers()[0]);
    let elsewhere = "rabbitmq/none/optimistic";
    let map = format!("job-queue release={elsewhere}");
    let flags = [
        "--store",
        &setting.store,
        "--strategy",
        &map,
        "--redis",
        &setting.redis,
        "--rabbitmq",
        &gone,
    ];
    let house = accepts(setting.directory.path(), &flags, &NO_WORKERS);
    let bearer = format!("Bearer {}", setting.operator_key);
    let listed = house.connect().get("/api/v1/operator/queues", &[("authorization", &bearer)]);
    let told = listed.json();
    assert_eq!((listed.status, &told["data"][0]["name"]), (200, &"job-queue".into()), "{told}");
    let unseen = &told["unseen"][0];
    assert_eq!((&unseen["name"], told["data"].as_array().unwrap().len()), (&elsewhere.into(), 1));
    let why = unseen["why"].as_str().unwrap();
    assert!(why.contains("refused") && !why.contains("secret"), "{told}");
    let mut list = Command::new(env!("CARGO_BIN_EXE_admitone"));
    let ran = list.arg("queue").args(flags).args(["list", "--json"]).output().unwrap();
    let seen: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(seen[0]["name"], "job-queue");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(said.contains(elsewhere) && said.contains("refused"), "{said}");
    assert!(house.stop());
}

#[test]
fn what_the_command_line_does_about_a_queue_stands_in_the_log() {
    let Some(setting) = Setting::new() else { return };
    let house = setting.accepts(&NO_WORKERS[1..]);
    setting.queue(&["pause", "job-queue", "--why", "the venue burns"]);
    setting.queue(&["drain", "job-queue"]);
    setting.queue(&["list"]);
    setting.queue(&["start", "job-queue", "--from", "end"]);
    setting.queue(&["resume", "job-queue"]);
    let mut missing = Command::new(env!("CARGO_BIN_EXE_admitone"));
    missing.arg("queue").args(setting.flags()).args(["drop", "job-queue", "dead-1-1"]);
    assert_eq!(missing.output().unwrap().status.code(), Some(3));
    let mut wordy = Command::new(env!("CARGO_BIN_EXE_admitone"));
    wordy.arg("queue").args(setting.flags()).args(["resume", "job-queue", "--why"]);
    let refused = wordy.arg("w".repeat(501)).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "nobody's words are cut off unseen");
    let bearer = format!("Bearer {}", setting.operator_key);
    let log = house.connect().get("/api/v1/operator/log", &[("authorization", &bearer)]).json();
    let of_queue = log["data"].as_array().unwrap().iter().filter(|one| one["kind"] == "queue");
    let told: Vec<[&str; 4]> = of_queue
        .map(|one| ["by", "what", "id", "end"].map(|part| one[part].as_str().unwrap_or_default()))
        .collect();
    let of_all = |what| ["house", what, "job-queue", "done"];
    let dropped = ["house", "dropped", "job-queue dead-1-1", "failed"];
    let wanted =
        [dropped, of_all("resumed"), of_all("restarted"), of_all("drained"), of_all("paused")];
    assert_eq!(told, wanted, "{log}");
    let mut whys = log["data"].as_array().unwrap().iter().filter(|one| one["what"] == "paused");
    assert_eq!(whys.next().unwrap()["why"], "the venue burns", "{log}");
    assert!(house.stop());
}
