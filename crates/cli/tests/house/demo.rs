//! The demo as somebody finds it who starts it for the first time.

use crate::buyer::Buyer;
use crate::process::House;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn house() -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    (directory, house)
}

#[test]
fn there_are_several_concerts_a_small_hall_and_a_large_one_behind_a_room() {
    let (_directory, house) = house();
    let mut line = house.connect();
    let concerts = line.get("/api/v1/concerts", &[]).json();
    assert_eq!(concerts["data"].as_array().unwrap().len(), 3);
    let key = format!("Bearer {}", house.operator_key.as_deref().unwrap());
    let headers = [("authorization", key.as_str())];
    let settings = line.get("/api/v1/operator/rooms/room_1", &headers).json()["settings"].clone();
    assert_eq!(settings["active_max"], 1_000);
    assert_eq!(
        (&settings["rate"]["users"], &settings["rate"]["interval_ms"]),
        (&json!(20), &json!(1_000))
    );
    let mut ann = Buyer::new(&house).admitted("room_1");
    let mut seats = |show: &str| -> Vec<Value> {
        let board = ann.get(&format!("/api/v1/shows/{show}/seats")).json();
        board["seats"].as_array().unwrap().clone()
    };
    let small = seats("show_1");
    let numbers: BTreeSet<u64> =
        small.iter().map(|seat| seat["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=50).collect());
    let large = seats("show_3");
    let sections: BTreeSet<&str> =
        large.iter().map(|seat| seat["section"].as_str().unwrap()).collect();
    assert_eq!((large.len(), sections.len()), (2_000, 4));
}

#[test]
fn the_first_page_shows_the_concerts_and_leads_to_the_api() {
    let (_directory, house) = house();
    let mut line = house.connect();
    let page = line.get("/", &[("accept", "text/html")]);
    assert_eq!(page.status, 200);
    for told in ["Winter Lights", "Seoul Arena Night", "Morning Jazz", "href=\"/api-docs\""] {
        assert!(page.body.contains(told), "{told} is not on the page");
    }
    let moved = line.get("/api-docs", &[]);
    assert!(moved.has_header("location: /api-docs/"), "{}", moved.head);
    let swagger = line.get("/api-docs/", &[]);
    assert!(swagger.status == 200 && swagger.body.contains("swagger-ui"), "{}", swagger.body);
    let files: Vec<&str> = swagger
        .body
        .split(['"', '\''])
        .filter(|word| matches!(word.rsplit_once('.'), Some((_, "js" | "css"))))
        .collect();
    assert!(files.len() > 2, "{files:?}");
    for file in files {
        assert!(!file.contains("//") && !file.starts_with('/'), "{file} comes from elsewhere");
        let path = format!("/api-docs/{}", file.trim_start_matches("./"));
        assert_eq!(line.get(&path, &[]).status, 200, "{path}");
    }
    let started = line.get("/api-docs/swagger-initializer.js", &[]);
    assert!(started.body.contains("/api/v1/openapi.json"), "{}", started.body);
    let document = line.get("/api/v1/openapi.json", &[]).json();
    assert_eq!(document["openapi"], "3.1.0");
}
