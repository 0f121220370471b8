//! Accounts: open one, read it.

use super::tour::{Tour, Who};
use crate::buyer::text;
use crate::process::House;
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
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    for authorization in
        [None, Some(format!("Basic {token}")), Some(format!("Bearer {start}{other}{}", &end[1..]))]
    {
        let who = Who { authorization, pass: None };
        tour.refused(&who, "GET /api/v1/users/me", "", (401, "UNAUTHENTICATED"));
    }
    close(tour);
}

/// The account is closed for good: also its place, its tokens, and after a restart.
fn close(tour: &mut Tour<'_>) {
    let ann = tour.buyer_inside();
    let close = "DELETE /api/v1/users/me";
    let id = text(&tour.read(&ann, "/api/v1/users/me"), "id");
    tour.refused(&ann, close, "", (409, "WALLET_NOT_EMPTY"));
    tour.done(&ann, "POST /api/v1/wallet/uses", &json!({ "amount": 1_000_000 }));
    tour.done(&ann, close, &serde_json::Value::Null);
    for what in ["GET /api/v1/users/me", close, "GET /api/v1/shows/show_1/seats"] {
        tour.refused(&ann, what, "", (401, "UNAUTHENTICATED"));
    }
    tour.refused(&ann, "GET /api/v1/rooms/room_1/place", "", (410, "PLACE_GONE"));
    // Nobody could get at what staff put into its wallet.
    let (staff, charge) = (tour.operator(), format!("POST /api/v1/operator/wallets/{id}/charges"));
    tour.refused(&staff, &charge, r#"{"amount":7}"#, (409, "WALLET_CLOSED"));
}

#[test]
fn a_closed_account_is_closed_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let (ann, bob) = {
        let mut tour = Tour::of(&house);
        let (ann, bob) = (tour.buyer(), tour.buyer());
        tour.done(&ann, "DELETE /api/v1/users/me", &serde_json::Value::Null);
        (ann, bob)
    };
    house.kill();
    let house = House::start(directory.path(), &["--demo"]);
    let mut tour = Tour::of(&house);
    tour.refused(&ann, "GET /api/v1/users/me", "", (401, "UNAUTHENTICATED"));
    tour.read(&bob, "/api/v1/users/me");
}
