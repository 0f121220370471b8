//! Server-sent events: one really arrives after a change.

use super::tour::{Tour, Who};
use crate::buyer::text;
use crate::stream::Stream;
use serde_json::{Value, json};

pub(super) fn follow(tour: &mut Tour<'_>) {
    seats(tour);
    room(tour);
    place(tour);
}

/// Who follows with a token is told of being let in, without polling, and of the end.
fn place(tour: &mut Tour<'_>) {
    let mut ann = tour.buyer();
    let joined = tour.done(&ann, "POST /api/v1/rooms/room_1/places", &Value::Null);
    ann.pass = Some(text(&joined, "token"));
    let path = "/api/v1/rooms/room_1/events";
    let mut stream = open(tour, &ann, path);
    let inside = stream.until(|name, place| name == "place" && place["status"] == "active");
    assert_eq!(inside["place"], joined["place"]);
    assert!(inside["expires_at"].is_string(), "{inside}");
    tour.done(&ann, "DELETE /api/v1/rooms/room_1/place", &Value::Null);
    let over = stream.until(|name, _| name == "place_gone");
    assert_eq!(over["code"], "PLACE_GONE");
    let forged = Who { pass: Some("forged".into()), ..ann };
    tour.refused(&forged, &format!("GET {path}"), "", (401, "UNAUTHENTICATED"));
}

fn seats(tour: &mut Tour<'_>) {
    let ann = tour.buyer_inside();
    let path = "/api/v1/shows/show_1/seats/events";
    let mut stream = open(tour, &ann, path);
    let (name, snapshot) = stream.next();
    assert_eq!((name.as_str(), &snapshot["complete"]), ("snapshot", &json!(true)));
    let wish = json!({ "show": "show_1", "seats": ["seat_40"] });
    let held = tour.done(&ann, "POST /api/v1/reservations", &wish);
    let (name, delta) = stream.next();
    assert_eq!((name.as_str(), &delta["complete"]), ("delta", &json!(false)));
    assert_eq!(delta["seats"].as_array().unwrap().len(), 1, "only what changed: {delta}");
    assert_eq!(
        (&delta["seats"][0]["id"], &delta["seats"][0]["state"]),
        (&json!("seat_40"), &json!("held"))
    );
    let release = format!("POST /api/v1/reservations/{}/actions/release", text(&held, "id"));
    tour.done(&ann, &release, &Value::Null);
    assert_eq!(stream.next().1["seats"][0]["state"], "available");
    tour.refused(&Who::default(), &format!("GET {path}"), "", (401, "UNAUTHENTICATED"));
    // Whoever has left sees nothing of what happens inside any more.
    let bob = tour.buyer_inside();
    tour.done(&ann, "DELETE /api/v1/rooms/room_1/place", &Value::Null);
    let held = tour.done(&bob, "POST /api/v1/reservations", &wish);
    let (name, problem) = stream.next();
    assert_eq!((name.as_str(), &problem["code"]), ("problem", &json!("ADMISSION_EXPIRED")));
    let release = format!("POST /api/v1/reservations/{}/actions/release", text(&held, "id"));
    tour.done(&bob, &release, &Value::Null);
}

fn room(tour: &mut Tour<'_>) {
    let staff = tour.operator();
    let mut stream = open(tour, &Who::default(), "/api/v1/rooms/room_1/events");
    let (name, first) = stream.next();
    assert_eq!((name.as_str(), &first["message"]), ("room", &json!("")));
    let change = json!({ "settings": { "message": "doors at seven" } });
    tour.done(&staff, "PATCH /api/v1/operator/rooms/room_1", &change);
    stream.until(|name, document| name == "room" && document["message"] == "doors at seven");
    let nowhere = "GET /api/v1/rooms/room_999/events";
    tour.refused(&Who::default(), nowhere, "", (404, "NOT_FOUND"));
}

/// Opens a stream and notes that the operation was tried.
fn open(tour: &mut Tour<'_>, who: &Who, path: &str) -> Stream {
    let (status, stream) = Stream::open(&tour.house.address, &who.headers(), path);
    tour.note(&format!("GET {path}"), status);
    stream
}
