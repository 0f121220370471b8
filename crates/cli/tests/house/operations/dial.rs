//! A waiting room from the operator's side: create, look, turn, pause, drain, close, bypass.

use super::tour::{Tour, Who, header};
use crate::buyer::text;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) fn turn(tour: &mut Tour<'_>) {
    let staff = tour.operator();
    let wish = json!({ "name": "Back door", "settings": { "active_max": 1 } });
    let id = text(&tour.done(&staff, "POST /api/v1/operator/rooms", &wish), "id");
    let dial = format!("/api/v1/operator/rooms/{id}");
    let blank = r#"{"name":""}"#;
    tour.refused(&staff, "POST /api/v1/operator/rooms", blank, (400, "INVALID_REQUEST"));
    let read = tour.read(&staff, &dial);
    assert_eq!((&read["name"], &read["settings"]["active_max"]), (&json!("Back door"), &json!(1)));
    limit_and_message(tour, &staff, &dial, &id);
    modes(tour, &staff, &dial, &id);
    tour.refused(&staff, &format!("POST {dial}/actions/dance"), "", (404, "NOT_FOUND"));
    tour.refused(&staff, "GET /api/v1/operator/rooms/room_999", "", (404, "NOT_FOUND"));
    let ann = tour.buyer();
    tour.refused(&ann, &format!("PATCH {dial}"), "{}", (403, "FORBIDDEN"));
    nothing_waits_for_anybody(tour, &staff);
}

/// Nothing travels in this house, one writer has done all that waited, and every payment is known.
fn nothing_waits_for_anybody(tour: &mut Tour<'_>, staff: &Who) {
    let queues = tour.read(staff, "/api/v1/operator/queues");
    let [queue] = &queues["data"].as_array().unwrap()[..] else { panic!("{queues}") };
    assert_eq!((&queue["kind"], &queue["waiting"]), (&json!("channel"), &json!(0)), "{queue}");
    assert!(queue["done"].as_u64() > Some(0) && !queue["lacks"][0].is_null(), "{queue}");
    let inbox = tour.read(staff, "/api/v1/operator/payments/inbox");
    assert_eq!(inbox["data"], json!([]));
}

/// Two users and one slot: the second is in when the limit is raised.
fn limit_and_message(tour: &mut Tour<'_>, staff: &Who, dial: &str, room: &str) {
    let (mut ann, mut bob) = (tour.buyer(), tour.buyer());
    join(tour, &mut ann, room);
    join(tour, &mut bob, room);
    until(tour, &ann, room, "active");
    assert_ne!(status(tour, &bob, room), "active", "one at a time");
    let change = format!("PATCH {dial}");
    let more = json!({ "settings": { "active_max": 2, "message": "soon" } });
    tour.done(staff, &change, &more);
    until(tour, &bob, room, "active");
    assert_eq!(tour.read(&ann, &format!("/api/v1/rooms/{room}"))["message"], "soon");
    tour.refused(staff, &change, r#"{"settings":{"nonsense":1}}"#, (400, "INVALID_REQUEST"));
    let stale = tour.ask_with(staff, &change, &[("if-match", "1")], "{}");
    assert_eq!(stale.status, 412, "{}", stale.body);
}

fn modes(tour: &mut Tour<'_>, staff: &Who, dial: &str, room: &str) {
    let wider = json!({ "settings": { "active_max": 100 } });
    tour.done(staff, &format!("PATCH {dial}"), &wider);
    let act = |tour: &mut Tour<'_>, action: &str| {
        tour.done(staff, &format!("POST {dial}/actions/{action}"), &Value::Null);
        mode_is(tour, room, action);
    };
    act(tour, "pause");
    let mut ann = tour.buyer();
    join(tour, &mut ann, room);
    std::thread::sleep(Duration::from_millis(600));
    assert_ne!(status(tour, &ann, room), "active", "a paused room admits nobody");
    behind_the_room(tour, staff, &ann, room);
    act(tour, "resume");
    until(tour, &ann, room, "active");
    for action in ["drain", "close"] {
        act(tour, action);
        let late = tour.buyer();
        let join = format!("POST /api/v1/rooms/{room}/places");
        tour.refused(&late, &join, "", (409, "ROOM_CLOSED"));
    }
    assert_eq!(status(tour, &ann, room), "active", "who is inside stays");
    act(tour, "resume");
    bypass(tour, staff);
}

/// Who waits needs a pass and had none that could be over; a show that stands behind no room any more
/// needs none.
fn behind_the_room(tour: &mut Tour<'_>, staff: &Who, waiting: &Who, room: &str) {
    let show = json!({ "opens_at": "2126-07-01T10:00:00Z", "closes_at": "2126-07-01T12:00:00Z",
        "booking_opens_at": "2026-01-01T00:00:00Z", "booking_closes_at": "2126-07-01T10:00:00Z",
        "room": room, "per_buyer_max": 1 });
    let concert = tour.done(
        staff,
        "POST /api/v1/operator/concerts",
        &json!({ "title": "Behind", "category": "rock" }),
    );
    let wish = json!({ "concert": concert["id"], "show": show });
    let show = text(&tour.done(staff, "POST /api/v1/operator/shows", &wish), "id");
    let seats = format!("GET /api/v1/shows/{show}/seats");
    tour.refused(waiting, &seats, "", (403, "ADMISSION_REQUIRED"));
    let best = json!({ "show": show, "best_available": { "quantity": 1 } }).to_string();
    let hold = "POST /api/v1/reservations";
    tour.refused(waiting, hold, &best, (403, "ADMISSION_REQUIRED"));

    let change = format!("PATCH /api/v1/operator/shows/{show}");
    let read = |tour: &mut Tour<'_>| tour.read(staff, &format!("/api/v1/shows/{show}"));
    tour.done(staff, &change, &json!({ "hold_seconds": 60 }));
    let known = read(tour);
    assert_eq!((&known["room"], &known["per_buyer_max"]), (&json!(room), &json!(1)), "they stay");
    tour.done(staff, &change, &json!({ "room": null, "per_buyer_max": null }));
    let known = read(tour);
    assert_eq!((&known["room"], &known["per_buyer_max"]), (&Value::Null, &Value::Null));
    tour.done(waiting, &seats, &Value::Null);
    // It has no seats: there is nothing to wait for.
    never(tour, waiting, &best);
    let block = json!({ "section": "A", "row": "1", "first_number": 1, "count": 2, "price": 1 });
    let blocks = json!({ "blocks": [block] });
    tour.done(staff, &format!("POST /api/v1/operator/shows/{show}/seats"), &blocks);
    for wish in [json!({ "quantity": 3 }), json!({ "quantity": 1, "section": "B" })] {
        never(tour, waiting, &json!({ "show": show, "best_available": wish }).to_string());
    }
    tour.done(waiting, hold, &json!({ "show": show, "best_available": { "quantity": 2 } }));
    let taken = json!({ "show": show, "best_available": { "quantity": 1 } }).to_string();
    tour.refused(waiting, hold, &taken, (409, "GROUPS_TAKEN"));
}

/// Seats that can never be had: nobody is told to try again.
fn never(tour: &mut Tour<'_>, who: &Who, wish: &str) {
    let refused = tour.ask(who, "POST /api/v1/reservations", wish);
    let problem = refused.json();
    assert_eq!((refused.status, text(&problem, "code").as_str()), (404, "SEAT_NOT_FOUND"));
    assert_eq!(problem["retryable"], false, "{problem}");
    assert_eq!(header(&refused, "retry-after"), None, "{}", refused.head);
}

/// While everybody passes, a buyer without a place sees the seats and holds one.
fn bypass(tour: &mut Tour<'_>, staff: &Who) {
    let ann = tour.buyer();
    let seats = "/api/v1/shows/show_1/seats";
    tour.refused(&ann, &format!("GET {seats}"), "", (403, "ADMISSION_REQUIRED"));
    tour.done(staff, "POST /api/v1/operator/rooms/room_1/actions/bypass", &Value::Null);
    mode_is(tour, "room_1", "bypass");
    tour.read(&ann, seats);
    let wish = json!({ "show": "show_1", "seats": ["seat_30"] });
    tour.done(&ann, "POST /api/v1/reservations", &wish);
    tour.done(staff, "POST /api/v1/operator/rooms/room_1/actions/resume", &Value::Null);
    mode_is(tour, "room_1", "resume");
    tour.refused(&ann, &format!("GET {seats}"), "", (403, "ADMISSION_REQUIRED"));
}

fn join(tour: &mut Tour<'_>, who: &mut Who, room: &str) {
    let place = tour.done(who, &format!("POST /api/v1/rooms/{room}/places"), &Value::Null);
    who.pass = Some(text(&place, "token"));
}

fn status(tour: &mut Tour<'_>, who: &Who, room: &str) -> String {
    text(&tour.read(who, &format!("/api/v1/rooms/{room}/place")), "status")
}

fn until(tour: &mut Tour<'_>, who: &Who, room: &str, wanted: &str) {
    for _ in 0..100 {
        if status(tour, who, room) == wanted {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("never {wanted} in {room}");
}

/// The room hears of its settings behind the commit.
fn mode_is(tour: &mut Tour<'_>, room: &str, action: &str) {
    let wanted = match action {
        "pause" => "paused",
        "drain" => "draining",
        "close" => "closed",
        "bypass" => "bypass",
        _ => "open",
    };
    for _ in 0..100 {
        let document = tour.read(&Who::default(), &format!("/api/v1/rooms/{room}"));
        if document["mode"].to_string().contains(wanted) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{room} is not {wanted}");
}
