//! The line: join, poll, leave, and what comes after leaving.

use super::tour::{Tour, Who};
use crate::buyer::text;
use serde_json::{Value, json};
use std::time::Duration;

/// So often it is looked, ten times a second, whether what is shown is that of now.
const LOOKS_MAX: usize = 100;

/// Whoever waits sees what there is to wait for.
fn what_is_left_is_shown(tour: &mut Tour<'_>) {
    let nobody = Who::default();
    let mut stock = 0;
    let staff = tour.operator();
    tour.done(&staff, "POST /api/v1/operator/rooms/room_1/actions/bypass", &Value::Null);
    let ann = tour.buyer();
    let is_bypassed =
        |tour: &mut Tour<'_>| tour.ask(&ann, "GET /api/v1/shows/show_1/seats", "").status == 200;
    while !is_bypassed(tour) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut prices = Vec::new();
    for show in ["show_1", "show_2", "show_3", "show_4"] {
        if tour.read(&nobody, &format!("/api/v1/shows/{show}"))["room"] != "room_1" {
            continue;
        }
        let seats = tour.read(&ann, &format!("/api/v1/shows/{show}/seats"));
        let free = seats["seats"].as_array().unwrap().iter();
        let free: Vec<&Value> = free.filter(|seat| seat["state"] == "available").collect();
        stock += free.len() as u64;
        prices.extend(free.iter().map(|seat| seat["price"].as_i64().unwrap()));
        let types = tour.read(&nobody, &format!("/api/v1/shows/{show}/ticket-types"));
        for kind in types["data"].as_array().unwrap().iter().filter(|kind| kind["left"] != 0) {
            stock += kind["left"].as_u64().unwrap();
            prices.push(kind["price"].as_i64().unwrap());
        }
    }
    tour.done(&staff, "POST /api/v1/operator/rooms/room_1/actions/resume", &Value::Null);
    while is_bypassed(tour) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let range =
        json!([{ "currency": "KRW", "from": prices.iter().min(), "to": prices.iter().max() }]);
    // It is a second old at most, or what a busy machine makes of that, and others have held something before.
    let mut room = Value::Null;
    for _ in 0..LOOKS_MAX {
        room = tour.read(&nobody, "/api/v1/rooms/room_1");
        if room["stock"] == stock {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(room["room"], "room_1", "as it is called everywhere");
    assert_eq!((&room["stock"], &room["prices"]), (&json!(stock), &range));
}

pub(super) fn join_poll_and_leave(tour: &mut Tour<'_>) {
    let (nobody, mut ann) = (Who::default(), tour.buyer());
    tour.read_unchanged(&nobody, "/api/v1/rooms/room_1");
    what_is_left_is_shown(tour);
    let join = "POST /api/v1/rooms/room_1/places";
    let first = tour.done(&ann, join, &Value::Null);
    let again = tour.done(&ann, join, &Value::Null);
    assert_eq!(first["place"], again["place"], "one place for each buyer");
    ann.pass = Some(text(&first, "token"));
    let poll = "/api/v1/rooms/room_1/place";
    assert_eq!(tour.read(&ann, poll)["place"], first["place"]);

    tour.refused(&nobody, join, "", (401, "UNAUTHENTICATED"));
    tour.refused(&ann, "POST /api/v1/rooms/room_999/places", "", (404, "NOT_FOUND"));
    tour.refused(&nobody, "GET /api/v1/rooms/room_999", "", (404, "NOT_FOUND"));
    tour.refused(&nobody, &format!("GET {poll}"), "", (400, "INVALID_REQUEST"));
    let forged = Who { pass: Some("forged".into()), ..ann.clone() };
    tour.refused(&forged, &format!("GET {poll}"), "", (401, "UNAUTHENTICATED"));

    tour.let_in(&mut ann);
    let left = tour.done(&ann, "DELETE /api/v1/rooms/room_1/place", &Value::Null);
    assert_eq!(left, Value::Null);
    tour.refused(&ann, &format!("GET {poll}"), "", (410, "PLACE_GONE"));
    let seats = "GET /api/v1/shows/show_1/seats";
    tour.refused(&ann, seats, "", (403, "ADMISSION_EXPIRED"));
    let new = tour.done(&ann, join, &Value::Null);
    assert!(new["place"].as_u64() > first["place"].as_u64(), "a place is never given twice");
}
