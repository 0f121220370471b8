//! Endpoints of webhooks: made, tried, changed, told again, removed.

use super::tour::{Tour, Who};
use crate::buyer::text;
use crate::endpoint::Endpoint;
use crate::process::Answer;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/operator/endpoints";

pub(super) fn make_tell_and_remove(tour: &mut Tour<'_>) {
    let (staff, shop) = (tour.operator(), Endpoint::start());
    let id = make(tour, &staff, &shop);
    change(tour, &staff, &id);
    log(tour, &staff, &shop, &id);
    remove(tour, &staff, &id);
    for what in [
        format!("POST {ALL}"),
        format!("GET {ALL}"),
        format!("GET {ALL}/{id}"),
        format!("PATCH {ALL}/{id}"),
        format!("DELETE {ALL}/{id}"),
        format!("GET {ALL}/{id}/attempts"),
        format!("POST {ALL}/{id}/actions/rotate"),
        format!("POST {ALL}/{id}/actions/test"),
        format!("POST {ALL}/{id}/actions/replay"),
        format!("POST {ALL}/{id}/messages/evt_1/actions/replay"),
    ] {
        let ann = tour.buyer();
        tour.refused(&ann, &what, "{}", (403, "FORBIDDEN"));
        tour.refused(&Who::default(), &what, "{}", (401, "UNAUTHENTICATED"));
    }
}

fn make(tour: &mut Tour<'_>, staff: &Who, shop: &Endpoint) -> String {
    let create = format!("POST {ALL}");
    let wanted = json!({ "url": shop.url("/hooks"), "types": ["concert.*"] });
    let made = under_one_key(tour, staff, &create, &wanted);
    assert_eq!((made.status, made.json()["version"].as_u64()), (201, Some(1)), "{}", made.body);
    let again = under_one_key(tour, staff, &create, &wanted);
    assert_eq!((again.status, again.json()), (201, made.json()), "a lost answer is given again");
    assert!(again.has_header("idempotent-replayed: true"), "{}", again.head);
    let reused = under_one_key(tour, staff, &create, &json!({ "url": shop.url("/other") }));
    assert_eq!(reused.json()["code"], "IDEMPOTENCY_KEY_REUSED");
    for wrong in [
        json!({ "url": "shop.example" }),
        json!({ "url": "ftp://shop.example/" }),
        json!({ "url": "https://ann:secret@shop.example/" }),
        json!({ "url": shop.url("/"), "types": ["concert.sung"] }),
        json!({ "url": format!("https://shop.example/{}", "a".repeat(2_000)) }),
        json!({ "url": shop.url("/"), "types": vec!["show.*"; 65] }),
        json!({ "url": shop.url("/"), "secret": "mine" }),
    ] {
        tour.refused(staff, &create, &wrong.to_string(), (400, "INVALID_REQUEST"));
    }
    let (id, secret) = (text(&made.json(), "id"), text(&made.json(), "secret"));
    assert!(secret.starts_with("whsec_"), "{secret}");
    let all = tour.read(staff, ALL);
    assert_eq!(all["data"].as_array().unwrap().len(), 1);
    let read = tour.read(staff, &format!("{ALL}/{id}"));
    assert_eq!(all["data"][0], read);
    assert_eq!((&read["secret"], &read["enabled"]), (&Value::Null, &json!(true)), "shown once");
    tour.read_unchanged(staff, &format!("{ALL}/{id}"));
    tour.refused(staff, &format!("GET {ALL}/endpoint_9"), "", (404, "NOT_FOUND"));
    tour.refused(staff, &format!("GET {ALL}/shop"), "", (404, "NOT_FOUND"));
    let rotate = format!("POST {ALL}/{id}/actions/rotate");
    let rotated = tour.done(staff, &rotate, &Value::Null);
    assert_ne!(text(&rotated, "secret"), secret);
    id
}

/// Asks under a key that is always the same.
fn under_one_key(tour: &mut Tour<'_>, staff: &Who, what: &str, body: &Value) -> Answer {
    let mut headers = staff.headers();
    headers.extend([("idempotency-key", "one"), ("content-type", "application/json")]);
    let answer = tour.house.connect().send(what, &headers, &body.to_string());
    tour.note(what, answer.status);
    if answer.status == 201 && !answer.has_header("idempotent-replayed: true") {
        tour.look_for_row(what);
    }
    answer
}

fn change(tour: &mut Tour<'_>, staff: &Who, id: &str) {
    let change = format!("PATCH {ALL}/{id}");
    let off = json!({ "enabled": false });
    let stale = tour.ask_with(staff, &change, &[("if-match", "1")], &off.to_string());
    assert_eq!((stale.status, &stale.json()["context"]["version"]), (412, &json!(2)));
    let disabled = tour.done(staff, &change, &off);
    assert_eq!(disabled["disabled_because"], "op_1 disabled it");
    let replay = format!("POST {ALL}/{id}/actions/replay");
    let since = json!({ "since": "2026-01-01T00:00:00Z" }).to_string();
    tour.refused(staff, &replay, &since, (409, "ENDPOINT_CANNOT"));
    let on = json!({ "enabled": true, "types": ["concert.changed", "show.*"] });
    let enabled = tour.done(staff, &change, &on);
    assert_eq!((&enabled["enabled"], &enabled["types"]), (&on["enabled"], &on["types"]));
    let wrong = json!({ "types": ["concert"] }).to_string();
    tour.refused(staff, &change, &wrong, (400, "INVALID_REQUEST"));
}

fn log(tour: &mut Tour<'_>, staff: &Who, shop: &Endpoint, id: &str) {
    let tried = tour.done(staff, &format!("POST {ALL}/{id}/actions/test"), &Value::Null);
    assert_eq!((&tried["outcome"], &tried["status"]), (&json!("arrived"), &json!(200)));
    let concert = json!({ "title": "Told", "category": "rock" });
    let concert = tour.done(staff, "POST /api/v1/operator/concerts", &concert);
    let told = shop.until("a concert is told of", |all| {
        all.iter().find(|one| one.body["data"]["id"] == concert["id"]).cloned()
    });
    // The log is written behind the answer.
    let attempts = format!("{ALL}/{id}/attempts");
    let logged = crate::endpoint::until("it stands in the log", || {
        let page = tour.read(staff, &attempts);
        let all = page["data"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["message"] == told.id.as_str())
    });
    assert_eq!((&logged["body"], &logged["attempt"]), (&told.body, &json!(1)));
    let page = tour.read(staff, &format!("{attempts}?limit=1"));
    assert_eq!(page["has_more"], true);
    let cursor = text(&page, "next_cursor");
    let next = tour.read(staff, &format!("{attempts}?limit=1&after={cursor}"));
    assert_ne!(next["data"][0], page["data"][0]);
    tour.refused(staff, &format!("GET {attempts}?limit=0"), "", (400, "INVALID_REQUEST"));

    let replay = format!("POST {ALL}/{id}/messages/{}/actions/replay", told.id);
    assert_eq!(tour.done(staff, &replay, &Value::Null)["outcome"], "arrived");
    let again = shop.messages().pop().unwrap();
    assert_eq!((&again.id, &again.body), (&told.id, &told.body));
    for nothing in ["evt_0", "evt_99999999", "12"] {
        let replay = format!("POST {ALL}/{id}/messages/{nothing}/actions/replay");
        tour.refused(staff, &replay, "", (404, "NOT_FOUND"));
    }
    let replay = format!("POST {ALL}/{id}/actions/replay");
    for wrong in [r#"{"since":"soon"}"#, "{}", r#"{"since":"2126-01-01T00:00:00Z"}"#] {
        tour.refused(staff, &replay, wrong, (400, "INVALID_REQUEST"));
    }
    let replayed = tour.done(staff, &replay, &json!({ "since": "2026-01-01T00:00:00Z" }));
    assert_eq!(replayed["replays"].as_array().unwrap().len(), 1);
    shop.until("the concert is told of a third time", |all| {
        (all.iter().filter(|one| one.id == told.id).count() == 3).then_some(())
    });
}

fn remove(tour: &mut Tour<'_>, staff: &Who, id: &str) {
    let removed = tour.done(staff, &format!("DELETE {ALL}/{id}"), &Value::Null);
    assert_eq!(removed, Value::Null);
    tour.refused(staff, &format!("DELETE {ALL}/{id}"), "", (404, "NOT_FOUND"));
    tour.refused(staff, &format!("GET {ALL}/{id}/attempts"), "", (404, "NOT_FOUND"));
}
