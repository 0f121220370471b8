//! The reference routes, as their clients use them.

use crate::process::{Answer, Connection, House};
use serde_json::{Value, json};

fn demo() -> (tempfile::TempDir, House) {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    (directory, house)
}

pub(crate) struct Client {
    connection: Connection,
    token: String,
}

impl Client {
    pub(crate) fn new(house: &House, user: &str) -> Self {
        let mut connection = house.connect();
        let body = json!({ "userId": user }).to_string();
        let issued = connection.send("POST /queue/issue", &[], &body).json();
        let token = issued["data"]["token"].as_str().unwrap().to_owned();
        Self { connection, token }
    }

    pub(crate) fn send(&mut self, request: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.connection.send(request, &[("queue-token", &self.token)], &body)
    }

    pub(crate) fn data(&mut self, request: &str, body: &Value) -> Value {
        let answer = self.send(request, body);
        assert_eq!(answer.status, 200, "{request}: {}", answer.body);
        let answer = answer.json();
        assert_eq!(answer["success"], true);
        answer["data"].clone()
    }
}

#[test]
fn the_booking_service_goes_from_token_to_payment() {
    let (_directory, house) = demo();
    let mut ann = Client::new(&house, "ann");
    assert_eq!(ann.token.len(), 36, "a UUID");
    let state = ann.data("GET /queue", &Value::Null);
    assert_eq!((&state["status"], &state["token"]), (&json!("active"), &json!(ann.token)));
    let again = Client::new(&house, "ann");
    assert_eq!(again.token, ann.token, "one place for each user");

    let dates = ann.data("GET /concert/available-dates", &Value::Null);
    assert_eq!((&dates[0]["id"], &dates[0]["totalSeats"]), (&json!(1), &json!(50)));
    let seats = ann.data("GET /concert/available-seats?concertScheduleId=1", &Value::Null);
    assert_eq!(seats[0], json!({ "id": 1, "seatNumber": "1", "price": 1_000 }));

    let held = ann.data("POST /reservation", &json!({ "seatId": 1 }));
    assert_eq!((&held["status"], &held["seat"]["seatNumber"]), (&json!("PENDING"), &json!(1)));
    assert_eq!(ann.data("POST /reservation", &json!({ "seatId": 1 }))["id"], held["id"]);
    let mut bob = Client::new(&house, "bob");
    assert_eq!(bob.send("POST /reservation", &json!({ "seatId": 1 })).status, 409);
    assert_eq!(ann.send("POST /payment", &json!({ "seatId": 1 })).status, 409, "no money yet");
    let charge = json!({ "userId": "ann", "amount": 1_000 });
    assert_eq!(ann.data("POST /user/charge", &charge)["balance"], 1_000);
    let paid = ann.data("POST /payment", &json!({ "seatId": 1 }));
    assert_eq!(
        (&paid["totalAmount"], &paid["concertName"]),
        (&json!(1_000), &json!("Winter Lights"))
    );
    assert_eq!(ann.data("GET /user/check?userId=ann", &Value::Null)["balance"], 0);
    let over = ann.send("POST /reservation", &json!({ "seatId": 2 }));
    assert_eq!(over.status, 401, "the payment ended the token");
}

#[test]
fn a_payment_that_is_repeated_is_told_again_and_taken_once() {
    let (_directory, house) = demo();
    let mut ann = Client::new(&house, "ann");
    let seat = json!({ "seatId": 1 });
    ann.data("POST /reservation", &seat);
    ann.data("POST /user/charge", &json!({ "userId": "ann", "amount": 5_000 }));
    let paid = ann.data("POST /payment", &seat);
    // The answer may have been lost, and the payment has ended the token.
    assert_eq!(ann.data("POST /payment", &seat), paid);
    assert_eq!(ann.data("GET /user/check?userId=ann", &Value::Null)["balance"], 4_000);
    // The waiting room hears of it a moment later; until then there is nothing to pay.
    let has_ended = (0..100).any(|_| {
        let status = ann.send("POST /payment", &json!({ "seatId": 2 })).status;
        assert!([401, 409].contains(&status), "{status}");
        std::thread::sleep(std::time::Duration::from_millis(20));
        status == 401
    });
    assert!(has_ended, "its token is good for ever");
    let mut bob = Client::new(&house, "bob");
    assert_eq!(bob.send("POST /payment", &seat).status, 409, "it is another's");
    // Another turn of the same user tells it too.
    let mut again = Client::new(&house, "ann");
    assert_ne!(again.token, ann.token);
    assert_eq!(again.data("POST /payment", &seat), paid);
}

#[test]
fn the_booking_service_says_what_is_invalid() {
    let (_directory, house) = demo();
    let mut ann = Client::new(&house, "ann");
    for (request, body, message) in [
        ("POST /queue/issue", json!({ "userId": "" }), "Invalid userId"),
        ("POST /queue/issue", json!({ "userId": "a b" }), "Invalid userId"),
        ("POST /queue/issue", json!([]), "Invalid userId"),
        ("POST /user/charge", json!({ "userId": "ann", "amount": 0 }), "Invalid amount or userId"),
        ("POST /user/charge", json!({ "userId": "ann", "amount": -1 }), "Invalid amount or userId"),
        ("POST /user/charge", json!({ "amount": 1 }), "Invalid amount or userId"),
        ("GET /user/check?userId=%20", Value::Null, "Invalid userId"),
        ("POST /reservation", json!({ "seatId": 999_999 }), "Invalid seatId"),
        ("POST /payment", json!({ "seatId": "x" }), "Invalid seatId"),
        (
            "GET /concert/available-seats?concertScheduleId=x",
            Value::Null,
            "Invalid concertScheduleId",
        ),
    ] {
        let answer = ann.send(request, &body);
        assert_eq!(answer.status, 400, "{request} {body}: {}", answer.body);
        assert_eq!(answer.json(), json!({ "success": false, "message": message }), "{request}");
    }
    ann.token = "00000000-0000-8000-8000-000000000000".into();
    for request in
        ["GET /queue", "GET /concert/available-dates", "POST /reservation", "POST /payment"]
    {
        let answer = ann.send(request, &json!({ "seatId": 1 }));
        assert_eq!(
            (answer.status, &answer.json()["message"]),
            (401, &json!("Unauthorized")),
            "{request}"
        );
    }
}

#[test]
fn a_confirmed_payment_takes_from_the_ticket_type_once() {
    let (_directory, house) = demo();
    let mut connection = house.connect();
    let mut confirm = |order: &str, amount: u32| {
        let body = json!({
            "paymentKey": "test-key", "orderId": order, "amount": amount,
            "ticketTypeId": 1, "memberId": 7,
        });
        connection.send("POST /v1/api/payments/confirm", &[], &body.to_string())
    };
    let first = confirm("order-1", 10_000);
    assert_eq!(first.status, 200, "{}", first.body);
    assert!(first.body.contains("성공"));
    assert_eq!(confirm("order-1", 10_000).body, first.body, "the order is the key");
    assert_eq!(confirm("order-2", 9_999).status, 422);
    for order in 3..12 {
        assert_eq!(confirm(&format!("order-{order}"), 10_000).status, 200);
    }
    let types = house.connect().get("/api/v1/shows/show_1/ticket-types", &[]).json();
    assert_eq!(types["data"][0]["sold"], 10);
}

#[test]
fn a_confirmation_is_the_same_however_it_is_written() {
    let (_directory, house) = demo();
    let mut connection = house.connect();
    let mut confirm = |body: &str| connection.send("POST /v1/api/payments/confirm", &[], body);
    let first = confirm(
        r#"{"paymentKey":"k","orderId":"o-1","amount":10000,"ticketTypeId":1,"memberId":7}"#,
    );
    assert_eq!(first.status, 200, "{}", first.body);
    let again = confirm(
        r#"{ "memberId": 7, "ticketTypeId": 1, "amount": 10000, "orderId": "o-1", "paymentKey": "k" }"#,
    );
    assert_eq!((again.status, &again.body), (200, &first.body), "the fields in another order");
    let other = confirm(
        r#"{"paymentKey":"k","orderId":"o-1","amount":10000,"ticketTypeId":1,"memberId":8}"#,
    );
    assert_eq!(other.status, 422, "somebody else under the same order: {}", other.body);
}

#[test]
fn a_key_that_is_sent_makes_a_repetition_one_command() {
    let (_directory, house) = demo();
    let mut connection = house.connect();
    let mut charge = |key: Option<&str>, user: &str, amount: u32| {
        let body = json!({ "userId": user, "amount": amount }).to_string();
        let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        connection.send("POST /user/charge", &headers, &body)
    };
    for _ in 0..2 {
        assert_eq!(charge(Some("one"), "ann", 100).json()["data"]["balance"], 100);
    }
    assert_eq!(charge(Some("two"), "ann", 100).json()["data"]["balance"], 200);
    assert_eq!(charge(Some("one"), "ann", 7).status, 422, "another wish under the same key");
    assert_eq!(charge(Some("one"), "bob", 7).json()["data"]["balance"], 7, "keys are each user's");
    assert_eq!(charge(Some(""), "ann", 100).status, 400);
    for balance in [300, 400] {
        assert_eq!(charge(None, "ann", 100).json()["data"]["balance"], balance);
    }
    let mut ann = Client::new(&house, "ann");
    let seat = json!({ "seatId": 1 }).to_string();
    let token = ann.token.clone();
    let headers = [("queue-token", token.as_str()), ("idempotency-key", "seat")];
    let mut reserve = |body: &str| ann.connection.send("POST /reservation", &headers, body);
    let held = reserve(&seat);
    assert_eq!((held.status, reserve(&seat).body), (200, held.body));
    assert_eq!(reserve(&json!({ "seatId": 2 }).to_string()).status, 422);
}

#[test]
fn the_reference_routes_are_off_unless_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &[]);
    let answer = house.connect().send("POST /queue/issue", &[], r#"{"userId":"ann"}"#);
    assert_eq!(answer.status, 404);
}

#[test]
fn a_body_without_end_is_refused_in_the_words_of_these_clients() {
    let (_directory, house) = demo();
    let mut connection = house.connect();
    let body = json!({ "userId": "x".repeat(300_000) }).to_string();
    let refused = connection.send("POST /queue/issue", &[], &body);
    assert_eq!((refused.status, &refused.json()["success"]), (413, &json!(false)));
}
