//! What operators make: concerts, shows, seats, ticket types, imports; and any reservation.

use super::tour::{Tour, Who};
use crate::buyer::text;
use serde_json::{Value, json};

const LATER: &str = "2126-05-01T10:00:00Z";
const LAST: &str = "2126-05-01T12:00:00Z";

pub(super) fn create_and_change(tour: &mut Tour<'_>) {
    let staff = tour.operator();
    let concert = concert(tour, &staff);
    let show = show(tour, &staff, &concert);
    stock(tour, &staff, &show);
    spaces(tour, &staff, &show);
    windows(tour, &staff, &show);
    import(tour, &staff);
    log(tour, &staff, &concert);
    for (what, body) in [
        ("POST /api/v1/operator/concerts", r#"{"title":"A","category":"b"}"#),
        ("PATCH /api/v1/operator/shows/show_1", "{}"),
        ("GET /api/v1/operator/reservations", ""),
        ("GET /api/v1/operator/log", ""),
        ("POST /api/v1/operator/import", "{}"),
    ] {
        let ann = tour.buyer();
        tour.refused(&ann, what, body, (403, "FORBIDDEN"));
        tour.refused(&Who::default(), what, body, (401, "UNAUTHENTICATED"));
    }
}

fn concert(tour: &mut Tour<'_>, staff: &Who) -> String {
    let create = "POST /api/v1/operator/concerts";
    let made = tour.done(staff, create, &json!({ "title": "One", "category": "rock" }));
    assert_eq!(made["version"], 1);
    for body in [
        r#"{"title":" ","category":"rock"}"#,
        r#"{"title":"One","category":"rock","currency":"won"}"#,
        r#"["One","rock"]"#,
    ] {
        tour.refused(staff, create, body, (400, "INVALID_REQUEST"));
    }
    let id = text(&made, "id");
    let change = format!("PATCH /api/v1/operator/concerts/{id}");
    let body = json!({ "title": "Two" }).to_string();
    let changed = tour.ask_with(staff, &change, &[("if-match", "\"1\"")], &body);
    assert_eq!((changed.status, &changed.json()["version"]), (200, &json!(2)));
    let stale = tour.ask_with(staff, &change, &[("if-match", "1")], &body);
    assert_eq!((stale.status, &stale.json()["context"]["version"]), (412, &json!(2)));
    assert_eq!(tour.read(staff, &format!("/api/v1/concerts/{id}"))["title"], "Two");
    tour.refused(staff, "PATCH /api/v1/operator/concerts/concert_999", "{}", (404, "NOT_FOUND"));
    id
}

fn show(tour: &mut Tour<'_>, staff: &Who, concert: &str) -> String {
    let create = "POST /api/v1/operator/shows";
    let times = json!({ "opens_at": LATER, "closes_at": LAST,
        "booking_opens_at": "2026-01-01T00:00:00Z", "booking_closes_at": LATER });
    let made = tour.done(staff, create, &json!({ "concert": concert, "show": times }));
    let id = text(&made, "id");
    let few = json!({ "concert": concert, "show": { "opens_at": LATER } }).to_string();
    tour.refused(staff, create, &few, (400, "INVALID_REQUEST"));
    let orphan = json!({ "concert": "concert_999", "show": times }).to_string();
    tour.refused(staff, create, &orphan, (404, "PARENT_NOT_FOUND"));
    let change = format!("PATCH /api/v1/operator/shows/{id}");
    let changed = json!({ "per_buyer_max": 3, "hold_seconds": 60, "time_zone": "Asia/Seoul" });
    assert_eq!(tour.done(staff, &change, &changed)["version"], 2);
    let read = tour.read(staff, &format!("/api/v1/shows/{id}"));
    assert_eq!((&read["per_buyer_max"], &read["hold_seconds"]), (&json!(3), &json!(60)));
    tour.refused(staff, &change, r#"{"per_reservation_max":0}"#, (400, "INVALID_REQUEST"));
    on_each_day(tour, staff, concert, &change);
    let backwards = json!({ "closes_at": "2000-01-01T00:00:00Z" }).to_string();
    tour.refused(staff, &change, &backwards, (422, "INVALID_WINDOW"));
    tour.refused(staff, &change, r#"{"time_zone":"Mars"}"#, (400, "INVALID_REQUEST"));
    id
}

/// A concert is found on each day that has a show, and on none that has none any more.
fn on_each_day(tour: &mut Tour<'_>, staff: &Who, concert: &str, change: &str) {
    let found = |tour: &mut Tour<'_>, day: &str| {
        let list = tour.read(staff, &format!("/api/v1/concerts?date={day}"));
        list["data"].as_array().unwrap().iter().any(|one| one["id"] == concert)
    };
    let dates = |tour: &mut Tour<'_>| {
        let known = tour.read(staff, &format!("/api/v1/concerts/{concert}"));
        (text(&known, "first_at"), text(&known, "last_at"))
    };
    let (june, july) = ("2126-06-01T10:00:00Z", "2126-07-01T10:00:00Z");
    assert!(found(tour, "2126-05-01") && !found(tour, "2126-06-01"));
    tour.done(staff, change, &json!({ "opens_at": june, "closes_at": "2126-06-01T12:00:00Z" }));
    assert!(!found(tour, "2126-05-01") && found(tour, "2126-06-01"), "it moved");
    assert_eq!(dates(tour), (june.to_owned(), june.to_owned()));
    let second = json!({ "opens_at": july, "closes_at": "2126-07-01T12:00:00Z",
        "booking_opens_at": "2026-01-01T00:00:00Z", "booking_closes_at": july });
    let wish = json!({ "concert": concert, "show": second });
    tour.done(staff, "POST /api/v1/operator/shows", &wish);
    assert!(found(tour, "2126-06-01") && found(tour, "2126-07-01") && !found(tour, "2126-06-15"));
    tour.done(staff, change, &json!({ "opens_at": LATER, "closes_at": LAST }));
    assert_eq!(dates(tour), (LATER.to_owned(), july.to_owned()), "the other stays");
}

fn stock(tour: &mut Tour<'_>, staff: &Who, show: &str) {
    let seats = format!("/api/v1/operator/shows/{show}/seats");
    let block = json!({ "section": "A", "row": "1", "first_number": 1, "count": 4, "price": 700 });
    let blocks = json!({ "blocks": [block] });
    tour.done(staff, &format!("POST {seats}"), &blocks);
    tour.refused(staff, &format!("POST {seats}"), &blocks.to_string(), (409, "SEAT_EXISTS"));
    let known = tour.read(staff, &format!("/api/v1/shows/{show}/seats"));
    let ids: Vec<Value> = (0..4).map(|at| known["seats"][at]["id"].clone()).collect();
    tour.done(staff, &format!("PATCH {seats}"), &json!({ "seats": [ids[0]], "price": 900 }));
    tour.done(
        staff,
        &format!("PATCH {seats}"),
        &json!({ "seats": [ids[1]], "blocked": true, "label": "sponsors" }),
    );
    let known = tour.read(staff, &format!("/api/v1/shows/{show}/seats"));
    assert_eq!(
        (&known["seats"][0]["price"], &known["seats"][1]["state"]),
        (&json!(900), &json!("blocked"))
    );
    let ann = tour.buyer();
    let hold = "POST /api/v1/reservations";
    let blocked = json!({ "show": show, "seats": [ids[1]] }).to_string();
    tour.refused(&ann, hold, &blocked, (409, "SEAT_TAKEN"));
    tour.done(staff, &format!("PATCH {seats}"), &json!({ "seats": [ids[1]], "blocked": false }));

    let types = format!("POST /api/v1/operator/shows/{show}/ticket-types");
    let wish = json!({ "name": "Standing", "price": 500, "capacity": 2 });
    let made = tour.done(staff, &types, &wish);
    let id = text(&made, "id");
    tour.refused(staff, &types, r#"{"name":"Standing"}"#, (400, "INVALID_REQUEST"));
    let two = json!({ "show": show, "tickets": [{ "ticket_type": id, "quantity": 2 }] });
    let reserved = tour.done(&ann, hold, &two);
    let bob = tour.buyer();
    tour.refused(&bob, hold, &two.to_string(), (409, "ALL_HELD"));
    let change = format!("PATCH /api/v1/operator/ticket-types/{id}");
    tour.refused(staff, &change, r#"{"capacity":1}"#, (409, "CAPACITY_IN_USE"));
    tour.done(staff, &change, &json!({ "capacity": 5, "price": 600 }));
    tour.refused(&ann, hold, &two.to_string(), (422, "LIMIT_PER_BUYER"));
    let known = tour.read(staff, &format!("/api/v1/shows/{show}/ticket-types"));
    assert_eq!((&known["data"][0]["left"], &known["data"][0]["price"]), (&json!(3), &json!(600)));
    any_reservation(tour, staff, &ann, &text(&reserved, "id"));
}

/// Spaces for wheelchairs and seats beside them: told in the list, and handed out to those who ask for them
/// until a moment.
fn spaces(tour: &mut Tour<'_>, staff: &Who, show: &str) {
    let seats = format!("/api/v1/operator/shows/{show}/seats");
    let change = format!("PATCH {seats}");
    let block = |number: u32, said: &str| {
        json!({ "section": "W", "row": "1", "first_number": number, "count": 1, "price": 700,
            "attribute": said })
    };
    let blocks = json!({ "blocks": [block(1, "wheelchair"), block(2, "companion")] });
    tour.done(staff, &format!("POST {seats}"), &blocks);
    let kept = |tour: &mut Tour<'_>| tour.read(staff, &format!("/api/v1/shows/{show}/seats"));
    let known = kept(tour);
    let said: Vec<&Value> =
        known["seats"].as_array().unwrap().iter().map(|seat| &seat["attribute"]).collect();
    assert_eq!(said[4..], [&json!("wheelchair"), &json!("companion")]);
    assert!(said[..4].iter().all(|said| said.is_null()) && known["kept_until"].is_null());

    let hold = "POST /api/v1/reservations";
    let best = |wish: Value| json!({ "show": show, "best_available": wish });
    let plain = best(json!({ "quantity": 2, "section": "W" }));
    let (ann, bob) = (tour.buyer(), tour.buyer());
    tour.refused(&ann, hold, &plain.to_string(), (404, "SEAT_NOT_FOUND"));
    let more = best(json!({ "quantity": 1, "wheelchairs": 2 })).to_string();
    tour.refused(&ann, hold, &more, (400, "INVALID_REQUEST"));
    let both = best(json!({ "quantity": 2, "wheelchairs": 1 }));
    let taken = text(&tour.done(&ann, hold, &both), "id");
    tour.refused(&bob, hold, &both.to_string(), (409, "GROUPS_TAKEN"));
    let release = format!("POST /api/v1/reservations/{taken}/actions/release");
    tour.done(&ann, &release, &Value::Null);

    // The last of them go to whoever wants a seat.
    tour.done(staff, &change, &json!({ "kept_until": "2020-01-01T00:00:00Z" }));
    assert_eq!(kept(tour)["kept_until"], "2020-01-01T00:00:00Z");
    let taken = text(&tour.done(&bob, hold, &plain), "id");
    let release = format!("POST /api/v1/reservations/{taken}/actions/release");
    tour.done(&bob, &release, &Value::Null);
    tour.done(staff, &change, &json!({ "kept_until": "always" }));
    tour.refused(&bob, hold, &plain.to_string(), (404, "SEAT_NOT_FOUND"));
    let ids = [&known["seats"][4]["id"], &known["seats"][5]["id"]];
    tour.done(staff, &change, &json!({ "seats": ids, "attribute": "none" }));
    tour.done(&bob, hold, &best(json!({ "quantity": 1, "section": "W" })));
    for wrong in [
        json!({ "seats": ids, "attribute": "throne" }),
        json!({ "seats": ids, "attribute": "companion", "price": 1 }),
        json!({ "seats": ids, "kept_until": "always" }),
        json!({ "kept_until": "soon" }),
        json!({ "seats": ids, "label": "sponsors" }),
        json!({}),
    ] {
        tour.refused(staff, &change, &wrong.to_string(), (400, "INVALID_REQUEST"));
    }
}

/// An operator looks at what a buyer holds and has, and takes it back.
fn any_reservation(tour: &mut Tour<'_>, staff: &Who, ann: &Who, held: &str) {
    let any = "/api/v1/operator/reservations";
    assert_eq!(tour.read(staff, any)["data"][0]["id"], held);
    tour.read_unchanged(staff, &format!("{any}/{held}"));
    let etag = tour.read_unchanged(staff, any);
    let release = format!("POST {any}/{held}/actions/release");
    assert_eq!(tour.done(staff, &release, &Value::Null)["state"], "released");
    assert_eq!(tour.read_changed(staff, any, &etag)["data"][0]["state"], "released");
    tour.refused(staff, &format!("GET {any}/res_999999"), "", (404, "RESERVATION_NOT_FOUND"));

    let mut rich = tour.buyer_inside();
    tour.let_in(&mut rich);
    let wish = json!({ "show": "show_1", "seats": ["seat_20", "seat_21"] });
    let bought = text(&tour.done(&rich, "POST /api/v1/reservations", &wish), "id");
    let cancel = format!("POST {any}/{bought}/actions/cancel");
    tour.refused(staff, &cancel, "", (409, "INVALID_STATE"));
    tour.done(&rich, "POST /api/v1/payments", &json!({ "reservation": bought }));
    assert_eq!(tour.done(staff, &cancel, &json!({ "items": [0] }))["amount"], 1_000);
    assert_eq!(tour.done(staff, &cancel, &Value::Null)["amount"], 1_000);
    tour.refused(ann, &format!("GET {any}/{bought}"), "", (403, "FORBIDDEN"));
}

/// A sale that has not begun, and one that is over.
fn windows(tour: &mut Tour<'_>, staff: &Who, show: &str) {
    let change = format!("PATCH /api/v1/operator/shows/{show}");
    let best = json!({ "show": show, "best_available": { "quantity": 1 } }).to_string();
    let ann = tour.buyer();
    for (opens, closes, code) in [
        ("2126-01-01T00:00:00Z", LATER, "SALE_NOT_OPEN"),
        ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "SALE_CLOSED"),
    ] {
        let times = json!({ "booking_opens_at": opens, "booking_closes_at": closes });
        tour.done(staff, &change, &times);
        tour.refused(&ann, "POST /api/v1/reservations", &best, (403, code));
    }
}

fn import(tour: &mut Tour<'_>, staff: &Who) {
    let document: Value =
        serde_json::from_str(include_str!("../../../../../docs/programme.example.json")).unwrap();
    let import = "POST /api/v1/operator/import";
    let first = tour.done(staff, import, &document);
    let again = tour.done(staff, import, &document);
    for part in ["rooms", "concerts"] {
        assert_eq!(first[part], again[part], "imported twice, it is there once");
    }
    assert_eq!((&again["added"]["shows"], &again["found"]["shows"]), (&json!(0), &json!(1)));
    let made = text(&first["concerts"][0], "id");
    assert_eq!(tour.read(staff, &format!("/api/v1/concerts/{made}"))["title"], "Winter Lights");
    let mut wrong = document;
    let first_opens = wrong["concerts"][0]["shows"][0]["opens_at"].clone();
    wrong["concerts"][0]["shows"][0]["opens_at"] = "soon".into();
    let answer = tour.ask(staff, import, &wrong.to_string());
    assert_eq!((answer.status, text(&answer.json(), "code")), (400, "INVALID_REQUEST".into()));
    tour.refused(staff, import, "[]", (400, "INVALID_REQUEST"));
    let titled = |tour: &mut Tour<'_>| {
        let list = tour.read(staff, "/api/v1/concerts?name=winter&limit=200");
        list["data"].as_array().unwrap().len()
    };
    let before = titled(tour);
    let last = wrong["concerts"].as_array().unwrap().len();
    let mut second = wrong["concerts"][0].clone();
    wrong["concerts"][0]["shows"][0]["opens_at"] = first_opens;
    second["name"] = "".into();
    wrong["concerts"].as_array_mut().unwrap().push(second);
    let answer = tour.ask(staff, import, &wrong.to_string());
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(text(&answer.json(), "detail").starts_with(&format!("concerts[{last}]")));
    assert_eq!(titled(tour), before, "nothing is made of a document with a mistake at its end");
}

/// Who changed what, page by page: the same as in one page, newest first.
fn log(tour: &mut Tour<'_>, staff: &Who, concert: &str) {
    let whole = tour.read(staff, "/api/v1/operator/log?limit=200");
    let whole = whole["data"].as_array().unwrap().clone();
    let of_concert: Vec<&Value> = whole.iter().filter(|entry| entry["id"] == concert).collect();
    let versions: Vec<u64> = of_concert.iter().map(|e| e["version"].as_u64().unwrap()).collect();
    assert!(versions.ends_with(&[2, 1]) && versions.is_sorted_by(|a, b| a > b), "{of_concert:?}");
    let made = of_concert.last().unwrap();
    let who = json!({ "by": made["by"], "name": made["name"], "kind": made["kind"] });
    assert_eq!(who, json!({ "by": "op_1", "name": "first operator", "kind": "concert" }));
    assert!(whole.iter().any(|entry| entry["by"] == "house"), "the demo was made by the house");
    for (what, kind) in [("released", "reservation"), ("cancelled", "reservation")] {
        let is_deed = |entry: &&Value| entry["what"] == what;
        let deed = whole.iter().find(is_deed).unwrap_or_else(|| panic!("{what} is not told"));
        assert_eq!((text(deed, "by"), text(deed, "kind")), ("op_1".into(), kind.into()), "{deed}");
    }
    let of_buyer = |entry: &&Value| text(entry, "by").starts_with("buyer");
    assert_eq!(whole.iter().find(of_buyer), None);
    let mut paged = Vec::new();
    let mut path = "/api/v1/operator/log?limit=7".to_owned();
    loop {
        let page = tour.read(staff, &path);
        paged.extend(page["data"].as_array().unwrap().clone());
        if page["has_more"] == false {
            break;
        }
        path = format!("/api/v1/operator/log?limit=7&after={}", text(&page, "next_cursor"));
    }
    assert_eq!(paged, whole);
    tour.refused(staff, "GET /api/v1/operator/log?after=x", "", (400, "INVALID_REQUEST"));
}
