//! Keys of those who work here: made once, good for what their role allows, refused.

use super::tour::{Tour, Who};
use crate::buyer::text;
use serde_json::{Value, json};

const ALL: &str = "/api/v1/operator/keys";
const LOG: &str = "/api/v1/operator/log";

pub(super) fn make_list_and_refuse(tour: &mut Tour<'_>) {
    let opal = tour.operator();
    let create = format!("POST {ALL}");
    made_once(tour, &opal);
    for wrong in [
        json!({ "name": " ", "role": "door" }),
        json!({ "name": "a".repeat(101), "role": "door" }),
        json!({ "name": "Rita", "role": "emperor" }),
        json!({ "name": "Rita" }),
        json!({ "name": "Rita", "role": "door", "key": "amo_mine" }),
    ] {
        tour.refused(&opal, &create, &wrong.to_string(), (400, "INVALID_REQUEST"));
    }
    let all = ["owner", "operator", "door", "read-only"];
    let [otto, oda, dora, rita] = all.map(|role| made(tour, &opal, role));
    let listed = tour.read(&opal, ALL);
    let listed: Vec<(String, &Value)> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "role"), &one["refused"]))
        .collect();
    let open = json!(false);
    let roles = ["owner", "door", "owner", "operator", "door", "read-only"];
    assert_eq!(listed, roles.map(|role| (role.to_owned(), &open)));

    // What each allows, and that all but owners are kept from keys.
    for (id, who) in [&oda, &dora, &rita] {
        tour.refused(who, &format!("GET {ALL}"), "", (403, "FORBIDDEN"));
        let wish = json!({ "name": "Me too", "role": "owner" }).to_string();
        tour.refused(who, &create, &wish, (403, "FORBIDDEN"));
        let refuse = format!("POST {ALL}/{id}/actions/refuse");
        tour.refused(who, &refuse, "", (403, "FORBIDDEN"));
    }
    tour.read(&rita.1, LOG);
    tour.refused(&dora.1, &format!("GET {LOG}"), "", (403, "FORBIDDEN"));

    // Nobody refuses the own key, and whoever is refused comes in no more.
    let refuse = |id: &str| format!("POST {ALL}/{id}/actions/refuse");
    tour.refused(&opal, &refuse("op_1"), "", (403, "OWNER_NEEDED"));
    tour.refused(&opal, &refuse("op_99"), "", (404, "NOT_FOUND"));
    for (id, who) in [&oda, &dora, &rita] {
        assert_eq!(text(&tour.done(&otto.1, &refuse(id), &Value::Null), "id"), *id);
        tour.refused(who, &format!("GET {LOG}"), "", (401, "UNAUTHENTICATED"));
    }
    tour.done(&opal, &refuse(&otto.0), &Value::Null);
    tour.refused(&otto.1, &refuse("op_1"), "", (401, "UNAUTHENTICATED"));
    let log = tour.read(&opal, LOG);
    let newest = &log["data"][0];
    assert_eq!((&newest["by"], &newest["kind"]), (&json!("op_1"), &json!("operator")), "{log}");
}

/// A lost answer is given again, with the same key: there is one operator more and no two.
fn made_once(tour: &mut Tour<'_>, opal: &Who) {
    let what = format!("POST {ALL}");
    let wish = json!({ "name": "Dora", "role": "door" });
    let mut once = |body: &Value| {
        let mut headers = opal.headers();
        headers.extend([("idempotency-key", "a door"), ("content-type", "application/json")]);
        let answer = tour.house.connect().send(&what, &headers, &body.to_string());
        tour.note(&what, answer.status);
        answer
    };
    let first = once(&wish);
    assert_eq!(first.status, 201, "{}", first.body);
    let again = once(&wish);
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert!(again.has_header("idempotent-replayed: true"), "{}", again.head);
    let other = once(&json!({ "name": "Dora", "role": "owner" }));
    assert_eq!(other.json()["code"], "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(tour.read(opal, ALL)["data"].as_array().unwrap().len(), 2);
}

/// Somebody with a new key of a role.
fn made(tour: &mut Tour<'_>, opal: &Who, role: &str) -> (String, Who) {
    let wish = json!({ "name": format!("The {role}"), "role": role });
    let made = tour.done(opal, &format!("POST {ALL}"), &wish);
    let authorization = Some(format!("Bearer {}", text(&made, "key")));
    (text(&made, "id"), Who { authorization, pass: None })
}
