//! The whole sale, as a buyer and an operator go through it.

use crate::buyer::{Buyer, text};
use crate::process::{House, admitone};
use serde_json::json;

fn demo() -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    (directory, house)
}

#[test]
fn a_buyer_goes_from_the_line_to_a_ticket_and_back() {
    let (directory, house) = demo();
    let mut ann = Buyer::new(&house).admitted("room_1");
    let seats = ann.get("/api/v1/shows/show_1/seats").json();
    assert_eq!(seats["seats"].as_array().unwrap().len(), 50);

    let wanted = r#"{"show":"show_1","seats":["seat_7","seat_8"]}"#;
    let held = ann.post("/api/v1/reservations", wanted);
    assert_eq!(held.status, 201, "{}", held.body);
    let reservation = text(&held.json(), "id");
    let since = text(&seats, "version");
    let changed = ann.get(&format!("/api/v1/shows/show_1/seats?since={since}")).json();
    assert_eq!(changed["complete"], false);
    assert_eq!(changed["seats"][0]["state"], "held");
    assert_eq!(changed["seats"].as_array().unwrap().len(), 2);

    let pay = json!({ "reservation": reservation, "amount": 2_000 }).to_string();
    let poor = ann.post("/api/v1/payments", &pay);
    assert_eq!((poor.status, text(&poor.json(), "code")), (409, "INSUFFICIENT_FUNDS".into()));
    ann.post("/api/v1/wallet/charges", r#"{"amount":5000}"#);
    let paid = ann.post("/api/v1/payments", &pay);
    assert_eq!(paid.status, 201, "{}", paid.body);
    assert_eq!(paid.json()["balance"], 3_000);
    assert_eq!(ann.get("/api/v1/tickets").json()["data"].as_array().unwrap().len(), 2);

    let again = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_9"]}"#);
    assert_eq!(text(&again.json(), "code"), "ADMISSION_EXPIRED", "the payment ended the pass");

    let cancel = format!("/api/v1/reservations/{reservation}/actions/cancel");
    let cancelled = ann.post(&cancel, r#"{"items":[0]}"#).json();
    assert_eq!((&cancelled["amount"], &cancelled["balance"]), (&json!(1_000), &json!(4_000)));
    assert_eq!(ann.get("/api/v1/tickets").json()["data"].as_array().unwrap().len(), 1);
    let kinds: Vec<String> = ann.get("/api/v1/wallet/entries").json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(entry, "kind"))
        .collect();
    assert_eq!(kinds, ["refund", "use", "charge"], "newest first");

    assert!(house.stop(), "a graceful end is a good end");
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_repeated_key_is_answered_again_and_another_wish_under_it_is_refused() {
    let (_directory, house) = demo();
    let mut ann = Buyer::new(&house);
    let first = ann.post_as("one", "/api/v1/wallet/charges", r#"{"amount":100}"#);
    let second = ann.post_as("one", "/api/v1/wallet/charges", r#"{"amount":100}"#);
    assert_eq!(first.body, second.body);
    assert!(second.has_header("idempotent-replayed: true"));
    assert!(!first.has_header("idempotent-replayed: true"));
    let other = ann.post_as("one", "/api/v1/wallet/charges", r#"{"amount":200}"#);
    assert_eq!((other.status, text(&other.json(), "code")), (422, "IDEMPOTENCY_KEY_REUSED".into()));
    assert_eq!(ann.get("/api/v1/wallet").json()["balance"], 100);
}

#[test]
fn nobody_reads_or_pays_what_is_anothers() {
    let (_directory, house) = demo();
    let mut ann = Buyer::new(&house).admitted("room_1");
    let mut bob = Buyer::new(&house).admitted("room_1");
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#).json();
    let id = text(&held, "id");
    bob.post("/api/v1/wallet/charges", r#"{"amount":5000}"#);
    assert_eq!(bob.get(&format!("/api/v1/reservations/{id}")).status, 404);
    let pay = json!({ "reservation": id }).to_string();
    assert_eq!(bob.post("/api/v1/payments", &pay).status, 404);
    let release = format!("/api/v1/reservations/{id}/actions/release");
    assert_eq!(bob.post(&release, "").status, 404);
    bob.pass.clone_from(&ann.pass);
    let stolen = bob.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_2"]}"#);
    assert_eq!(text(&stolen.json(), "code"), "ADMISSION_REQUIRED", "a pass is its buyer's alone");
    assert_eq!(ann.get(&format!("/api/v1/reservations/{id}")).json()["state"], "held");
}

#[test]
fn the_best_seats_are_together_and_a_taken_seat_is_named() {
    let (_directory, house) = demo();
    let mut ann = Buyer::new(&house).admitted("room_1");
    let best = r#"{"show":"show_3","best_available":{"quantity":4,"section":"S"}}"#;
    let held = ann.post("/api/v1/reservations", best);
    assert_eq!(held.status, 201, "{}", held.body);
    let items = held.json()["items"].as_array().unwrap().clone();
    let numbers: Vec<u64> = items
        .iter()
        .map(|item| text(item, "seat").trim_start_matches("seat_").parse().unwrap())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    assert!(items.iter().all(|item| item["price"] == 110_000));
    let seat = format!("seat_{}", numbers[0]);
    let mut bob = Buyer::new(&house).admitted("room_1");
    let wanted = json!({ "show": "show_3", "seats": [seat] }).to_string();
    let refused = bob.post("/api/v1/reservations", &wanted);
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["context"]["seats"], json!([seat]));
    let fifth = r#"{"show":"show_3","best_available":{"quantity":1}}"#;
    assert_eq!(text(&ann.post("/api/v1/reservations", fifth).json(), "code"), "LIMIT_PER_BUYER");
}

#[test]
fn an_operator_turns_the_dial_and_a_buyer_may_not() {
    let (_directory, house) = demo();
    let key = format!("Bearer {}", house.operator_key.clone().unwrap());
    let headers =
        |key: &'static str| [("idempotency-key", key), ("content-type", "application/json")];
    let mut connection = house.connect();
    let mut as_operator = |request: &str, name: &'static str, body: &str| {
        let mut all = headers(name).to_vec();
        all.push(("authorization", &key));
        connection.send(request, &all, body)
    };
    let paused = as_operator("POST /api/v1/operator/rooms/room_1/actions/pause", "a", "{}");
    assert_eq!(paused.status, 200, "{}", paused.body);
    let mut ann = Buyer::new(&house);
    assert_eq!(ann.post("/api/v1/operator/rooms/room_1/actions/resume", "{}").status, 403);
    std::thread::sleep(std::time::Duration::from_millis(600));
    let place = ann.post("/api/v1/rooms/room_1/places", "").json();
    assert_ne!(place["status"], "active", "a paused room admits nobody: {place}");
    let resumed = as_operator("POST /api/v1/operator/rooms/room_1/actions/resume", "b", "{}");
    assert_eq!(resumed.status, 200);
    drop(ann.admitted("room_1"));
    let refused =
        as_operator("PATCH /api/v1/operator/rooms/room_1", "c", r#"{"settings":{"claim_ms":1}}"#);
    assert_eq!(refused.status, 400, "{}", refused.body);
    let made =
        as_operator("POST /api/v1/operator/concerts", "d", r#"{"title":"New","category":"rock"}"#);
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(connection_title(&house, &text(&made.json(), "id")), "New");
}

fn connection_title(house: &House, id: &str) -> String {
    text(&house.connect().get(&format!("/api/v1/concerts/{id}"), &[]).json(), "title")
}

#[test]
fn concerts_are_found_by_name_date_and_category_soonest_first() {
    let (_directory, house) = demo();
    let mut connection = house.connect();
    let mut titles = |query: &str| -> Vec<String> {
        let list = connection.get(&format!("/api/v1/concerts{query}"), &[]).json();
        list["data"].as_array().unwrap().iter().map(|concert| text(concert, "title")).collect()
    };
    assert_eq!(titles(""), ["Morning Jazz", "Winter Lights", "Seoul Arena Night"]);
    assert_eq!(titles("?category=rock"), ["Seoul Arena Night"]);
    assert_eq!(titles("?name=win%20LIG"), ["Winter Lights"]);
    assert_eq!(titles("?name=nothing"), Vec::<String>::new());
    assert_eq!(titles("?date=1999-01-01"), Vec::<String>::new());
    assert_eq!(titles("?limit=1"), ["Morning Jazz"]);
    let first = connection.get("/api/v1/concerts?limit=1", &[]).json();
    let next = format!("/api/v1/concerts?limit=1&after={}", text(&first, "next_cursor"));
    assert_eq!(text(&connection.get(&next, &[]).json()["data"][0], "title"), "Winter Lights");
}
