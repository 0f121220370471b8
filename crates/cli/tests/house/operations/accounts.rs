//! Accounts: open one, read it.

use super::tour::{Tour, Who};
use crate::buyer::text;
use serde_json::json;

pub(super) fn open_and_read(tour: &mut Tour<'_>) {
    let nobody = Who::default();
    let opened = tour.done(&nobody, "POST /api/v1/users", &json!({ "name": "Ann" }));
    let ann = Who { authorization: Some(format!("bearer {}", text(&opened, "token"))), pass: None };
    let read = tour.read(&ann, "/api/v1/users/me");
    assert_eq!(read, json!({ "id": text(&opened, "id"), "name": "Ann" }), "the token is told once");

    let open = "POST /api/v1/users";
    for body in
        ["{}", "[\"Ann\"]", "{\"name\":7}", "{\"name\":\"\"}", "{\"name\":\"a\",\"x\":1}", "{"]
    {
        tour.refused(&nobody, open, body, (400, "INVALID_REQUEST"));
    }
    let long = json!({ "name": "a".repeat(201) }).to_string();
    tour.refused(&nobody, open, &long, (400, "INVALID_REQUEST"));
    let token = text(&opened, "token");
    let (start, end) = token.split_at(token.len() - 3);
    for authorization in
        [None, Some(format!("Basic {token}")), Some(format!("Bearer {start}A{}", &end[1..]))]
    {
        let who = Who { authorization, pass: None };
        tour.refused(&who, "GET /api/v1/users/me", "", (401, "UNAUTHENTICATED"));
    }
}
