//! What is asked twice under one key is answered the same, refusals and changes included.

use crate::buyer::{Buyer, text};
use crate::process::{Answer, House};

const REPLAYED: &str = "idempotent-replayed: true";

#[test]
fn a_refusal_that_is_given_again_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house).admitted("room_1");
    let mut ask = || ann.post_as("empty", "/api/v1/reservations", r#"{"show":"show_1"}"#);
    let (first, second) = (ask(), ask());
    assert_eq!((first.status, &first.body), (422, &second.body));
    assert!(!first.has_header(REPLAYED));
    assert!(second.has_header(REPLAYED), "{}", second.head);
}

#[test]
fn who_lacked_a_pass_may_come_back_with_one_under_the_same_key() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house);
    let wish = r#"{"show":"show_1","seats":["seat_1"]}"#;
    let refused = ann.post_as("one", "/api/v1/reservations", wish);
    assert_eq!(
        (refused.status, text(&refused.json(), "code").as_str()),
        (403, "ADMISSION_REQUIRED")
    );
    assert_eq!(refused.json()["retryable"], true);
    let mut ann = ann.admitted("room_1");
    let held = ann.post_as("one", "/api/v1/reservations", wish);
    assert_eq!(held.status, 201, "{}", held.body);
}

#[test]
fn a_change_of_a_version_is_answered_again_and_not_refused_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let operator = format!("Bearer {}", house.operator_key.as_ref().unwrap());
    let mut connection = house.connect();
    for (path, body) in [
        ("/api/v1/operator/rooms/room_1", r#"{"name":"Side door"}"#),
        ("/api/v1/operator/shows/show_1", r#"{"per_reservation_max":3}"#),
        ("/api/v1/operator/concerts/concert_1", r#"{"venue":"Elsewhere"}"#),
    ] {
        let mut change = |key: &str, version: &str, body: &str| -> Answer {
            let headers = [
                ("authorization", operator.as_str()),
                ("idempotency-key", key),
                ("if-match", version),
                ("content-type", "application/json"),
            ];
            connection.send(&format!("PATCH {path}"), &headers, body)
        };
        let known = change("look", "999", body).json();
        let version = known["context"]["version"].as_u64().unwrap().to_string();
        let (first, second) = (change("once", &version, body), change("once", &version, body));
        assert_eq!(first.status, 200, "{path}: {}", first.body);
        assert_eq!((second.status, &second.body), (200, &first.body), "{path}");
        assert!(second.has_header(REPLAYED), "{path}: {}", second.head);
        let stale = change("stale", &version, body);
        assert_eq!(stale.status, 412, "{path}: {}", stale.body);
        let other = change("once", "7", body);
        assert!(other.status == 422 || other.status == 412, "another version is another wish");
    }
}
