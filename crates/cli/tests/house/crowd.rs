//! The crowd of the demo: there is a line to see, and something is sold.

use crate::process::{House, serve};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

/// What the house shows of its line, and whether it sold something.
fn seen(house: &House) -> (Value, String, bool) {
    let mut connection = house.connect();
    let room = connection.get("/api/v1/rooms/room_1", &[]).json();
    let figures = connection.get("/metrics", &[]).body;
    let key = format!("Bearer {}", house.operator_key.clone().unwrap());
    let path = "/api/v1/operator/reservations?limit=200";
    let list = connection.get(path, &[("authorization", &key)]).json();
    let is_sold = |reservation: &Value| reservation["state"] == "sold";
    (room, figures, list["data"].as_array().unwrap().iter().any(is_sold))
}

fn waiting(figures: &str) -> f64 {
    let line = figures.lines().find_map(|line| line.strip_prefix("wr_waiting{room=\"room_1\"} "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

#[test]
fn a_crowd_waits_and_buys_and_does_not_keep_the_house_open() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo", "--demo-crowd", "400"]);
    let (mut was_waiting, mut was_sold, mut last) = (false, false, Value::Null);
    for _ in 0..120 {
        let (room, figures, is_sold) = seen(&house);
        let is_beyond_the_deck = room["issued"].as_u64() > room["deck_to"].as_u64();
        was_waiting |= is_beyond_the_deck && waiting(&figures) > 20.0;
        was_sold |= is_sold;
        last = room;
        if was_waiting && was_sold {
            break;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    assert!(was_waiting, "nobody waits: {last}");
    assert!(was_sold, "nothing was sold");
    assert!(last["active"].as_u64().unwrap() > 0, "{last}");
    assert!(house.stop(), "it closes with its crowd inside");
}

#[test]
fn a_crowd_comes_to_a_demo_only() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &["--demo-crowd", "5"]);
    let refused = command.stderr(Stdio::piped()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--demo"));
}
