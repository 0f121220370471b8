//! The line: join, poll, leave, and what comes after leaving.

use super::tour::{Tour, Who};
use crate::buyer::text;
use serde_json::Value;

pub(super) fn join_poll_and_leave(tour: &mut Tour<'_>) {
    let (nobody, mut ann) = (Who::default(), tour.buyer());
    tour.read_unchanged(&nobody, "/api/v1/rooms/room_1");
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
