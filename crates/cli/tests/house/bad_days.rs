//! Bad input and bad days: each gets a clear answer, and nothing changes.

use crate::buyer::{Buyer, text};
use crate::process::{House, admitone, serve};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

#[test]
fn a_wish_without_a_key_or_of_another_type_is_answered_with_a_code() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house);
    let token = ann.token.clone();
    let body = r#"{"amount":5}"#;
    for (headers, status, code) in [
        (vec![("content-type", "application/json")], 400, "IDEMPOTENCY_KEY_REQUIRED"),
        (
            vec![("content-type", "application/json"), ("idempotency-key", "")],
            400,
            "IDEMPOTENCY_KEY_REQUIRED",
        ),
        (
            vec![("content-type", "text/plain"), ("idempotency-key", "one")],
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (vec![("idempotency-key", "two")], 415, "UNSUPPORTED_MEDIA_TYPE"),
    ] {
        let headers = [headers, vec![("authorization", token.as_str())]].concat();
        let answer = house.connect().send("POST /api/v1/wallet/charges", &headers, body);
        assert_eq!((answer.status, text(&answer.json(), "code").as_str()), (status, code));
    }
    assert_eq!(ann.get("/api/v1/wallet").json()["balance"], 0);
}

#[test]
fn an_operator_is_told_of_a_show_that_is_not_and_a_buyer_of_another_currency() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let key = format!("Bearer {}", house.operator_key.clone().unwrap());
    let mut connection = house.connect();
    let mut asked = 0;
    let mut operate = |request: &str, body: &serde_json::Value| {
        asked += 1;
        let name = format!("staff-{asked}");
        let headers = [
            ("authorization", key.as_str()),
            ("idempotency-key", name.as_str()),
            ("content-type", "application/json"),
        ];
        connection.send(request, &headers, &body.to_string())
    };
    let kind = json!({ "name": "Standing", "price": 5, "capacity": 2 });
    let nowhere = operate("POST /api/v1/operator/shows/show_99/ticket-types", &kind);
    assert_eq!((nowhere.status, text(&nowhere.json(), "code")), (404, "SHOW_NOT_FOUND".into()));

    let concert = json!({ "title": "Abroad", "category": "rock", "currency": "USD" });
    let concert = text(&operate("POST /api/v1/operator/concerts", &concert).json(), "id");
    let show = json!({ "concert": concert, "show": {
        "opens_at": "2126-07-01T10:00:00Z", "closes_at": "2126-07-01T12:00:00Z",
        "booking_opens_at": "2026-01-01T00:00:00Z", "booking_closes_at": "2126-07-01T10:00:00Z" } });
    let show = text(&operate("POST /api/v1/operator/shows", &show).json(), "id");
    let types = format!("/api/v1/operator/shows/{show}/ticket-types");
    let kind = text(&operate(&format!("POST {types}"), &kind).json(), "id");
    let mut ann = Buyer::new(&house);
    ann.post("/api/v1/wallet/charges", r#"{"amount":5000}"#);
    let state = |ann: &mut Buyer| {
        let types = ann.get(&format!("/api/v1/shows/{show}/ticket-types")).json();
        text(&types["data"][0], "state")
    };
    assert_eq!(state(&mut ann), "available");
    let wish = json!({ "show": show, "tickets": [{ "ticket_type": kind, "quantity": 2 }] });
    let held = text(&ann.post("/api/v1/reservations", &wish.to_string()).json(), "id");
    assert_eq!(state(&mut ann), "all_held");
    let pay = json!({ "reservation": held }).to_string();
    let refused = ann.post("/api/v1/payments", &pay);
    let code = text(&refused.json(), "code");
    assert_eq!((refused.status, code.as_str()), (422, "CURRENCY_MISMATCH"), "{}", refused.body);
}

#[test]
fn a_type_of_which_all_are_sold_is_sold_out_and_not_held() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let order = |number: u32| {
        json!({ "paymentKey": "k", "orderId": format!("o-{number}"), "amount": 10_000,
            "ticketTypeId": 1, "memberId": number })
    };
    let key = format!("Bearer {}", house.operator_key.clone().unwrap());
    let mut connection = house.connect();
    let headers = [
        ("authorization", key.as_str()),
        ("idempotency-key", "fewer"),
        ("content-type", "application/json"),
    ];
    let change = "PATCH /api/v1/operator/ticket-types/type_1";
    assert_eq!(connection.send(change, &headers, r#"{"capacity":2}"#).status, 200);
    let mut states = Vec::new();
    for number in 1..=2 {
        let types = connection.get("/api/v1/shows/show_1/ticket-types", &[]).json();
        states.push(text(&types["data"][0], "state"));
        let body = order(number).to_string();
        let confirmed = connection.send("POST /v1/api/payments/confirm", &[], &body);
        assert_eq!(confirmed.status, 200, "{}", confirmed.body);
    }
    let types = connection.get("/api/v1/shows/show_1/ticket-types", &[]).json();
    states.push(text(&types["data"][0], "state"));
    assert_eq!(states, ["available", "available", "sold_out"]);
}

#[test]
fn a_path_that_is_no_text_is_answered_with_a_code() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house);
    let key = format!("Bearer {}", house.operator_key.clone().unwrap());
    let mut connection = house.connect();
    for (request, is_for_staff) in [
        ("POST /api/v1/reservations/%FF/actions/extend", false),
        ("POST /api/v1/reservations/%FF/actions/release", false),
        ("POST /api/v1/reservations/%FF/actions/cancel", false),
        ("POST /api/v1/payments/%FF/actions/refund", false),
        ("GET /api/v1/reservations/%FF", false),
        ("GET /api/v1/commands/%FF", false),
        ("GET /api/v1/commands/%FF/events", false),
        ("POST /api/v1/operator/rooms/room_1/actions/%FF", true),
        ("GET /api/v1/operator/queues/%FF/jobs", true),
        ("POST /api/v1/operator/queues/%FF/actions/pause", true),
        ("POST /api/v1/operator/queues/jobs/jobs/%FF/actions/drop", true),
        ("POST /api/v1/operator/endpoints/endpoint_1/messages/%FF/actions/replay", true),
    ] {
        let answer = if is_for_staff {
            let headers = [("authorization", key.as_str()), ("idempotency-key", request)];
            connection.send(request, &headers, "")
        } else if let Some(path) = request.strip_prefix("POST ") {
            ann.post(path, "")
        } else {
            ann.get(request.trim_start_matches("GET "))
        };
        let code = text(&answer.json(), "code");
        assert_eq!((answer.status, code.as_str()), (404, "NOT_FOUND"), "{request}");
        assert!(answer.has_header("content-type: application/problem+json"), "{}", answer.head);
    }
}

#[test]
fn bad_input_is_answered_with_a_code_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house).admitted("room_1");
    let hold = "/api/v1/reservations";
    let many = format!(r#"{{"show":"show_1","seats":["{}"]}}"#, "x".repeat(300_000));
    for (path, body, status, code) in [
        (hold, "{", 400, "INVALID_REQUEST"),
        (hold, r#"{"show":1}"#, 400, "INVALID_REQUEST"),
        (hold, r#"{"show":"show_1","colour":"red"}"#, 400, "INVALID_REQUEST"),
        (hold, r#"{"show":"seat_1"}"#, 400, "INVALID_REQUEST"),
        (hold, r#"{"show":"show_1"}"#, 422, "RESERVATION_EMPTY"),
        (hold, r#"{"show":"show_99","seats":["seat_1"]}"#, 404, "NOT_FOUND"),
        (hold, r#"{"show":"show_1","seats":["seat_999999"]}"#, 404, "SEAT_NOT_FOUND"),
        (hold, r#"{"show":"show_1","seats":["seat_51"]}"#, 404, "SEAT_NOT_FOUND"),
        (hold, r#"{"show":"show_1","seats":["seat_1","seat_1"]}"#, 422, "SEAT_REPEATED"),
        (
            hold,
            r#"{"show":"show_1","tickets":[{"ticket_type":"type_1","quantity":0}]}"#,
            400,
            "INVALID_REQUEST",
        ),
        (
            hold,
            r#"{"show":"show_1","tickets":[{"ticket_type":"type_1","quantity":11}]}"#,
            422,
            "LIMIT_PER_RESERVATION",
        ),
        (
            hold,
            r#"{"show":"show_1","tickets":[{"ticket_type":"type_1","quantity":4000000000}]}"#,
            422,
            "LIMIT_PER_RESERVATION",
        ),
        (hold, many.as_str(), 413, "BODY_TOO_LARGE"),
        ("/api/v1/wallet/charges", r#"{"amount":0}"#, 422, "INVALID_AMOUNT"),
        ("/api/v1/wallet/charges", r#"{"amount":-5}"#, 422, "INVALID_AMOUNT"),
        ("/api/v1/wallet/charges", r#"{"amount":99999999999999999999}"#, 400, "INVALID_REQUEST"),
        ("/api/v1/wallet/uses", r#"{"amount":9223372036854775807}"#, 409, "INSUFFICIENT_FUNDS"),
        ("/api/v1/payments", r#"{"reservation":"res_99999"}"#, 404, "RESERVATION_NOT_FOUND"),
        ("/api/v1/nothing", "{}", 404, "NOT_FOUND"),
        ("/api/v1/wallet", "{}", 405, "METHOD_NOT_ALLOWED"),
    ] {
        let answer = ann.post(path, body);
        let shown: String = body.chars().take(80).collect();
        assert_eq!(
            (answer.status, text(&answer.json(), "code")),
            (status, code.to_owned()),
            "{path} {shown}"
        );
        assert!(answer.has_header("content-type: application/problem+json"));
        let (page, anchor) = leads_to(&answer.json());
        assert!(ann.get(&page).body.contains(&format!("<tr id=\"{anchor}\">")), "{page}#{anchor}");
    }
    let seats = ann.get("/api/v1/shows/show_1/seats").json();
    assert!(seats["seats"].as_array().unwrap().iter().all(|seat| seat["state"] == "available"));
    assert_eq!(ann.get("/api/v1/wallet").json()["balance"], 0);
    assert_eq!(ann.get("/api/v1/wallet?limit=x").status, 200, "what is not asked for is not read");
    assert_eq!(ann.get("/api/v1/reservations?limit=0").status, 400);
    assert_eq!(ann.get("/api/v1/reservations?after=x").status, 400);
}

/// The page and the anchor where a problem says it is explained.
fn leads_to(problem: &serde_json::Value) -> (String, String) {
    let explained = text(problem, "type");
    let (page, anchor) = explained.split_once('#').unwrap();
    (page.to_owned(), anchor.to_owned())
}

#[test]
fn forged_and_missing_credentials_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house);
    let hold = r#"{"show":"show_1","seats":["seat_1"]}"#;
    let without = ann.post("/api/v1/reservations", hold);
    assert_eq!((without.status, text(&without.json(), "code")), (403, "ADMISSION_REQUIRED".into()));
    ann.pass =
        "EQEAAAABAAEAAAAAAAAAAAF7x0ZPBGtQ5ARfaFU0UuOVAAABofwzr_4gGw3U3E_doqmuQivZvRxw".into();
    assert_eq!(text(&ann.post("/api/v1/reservations", hold).json(), "code"), "ADMISSION_REQUIRED");
    assert_eq!(ann.get("/api/v1/shows/show_1/seats").status, 403);
    ann.token = "Bearer amb_forged".into();
    assert_eq!(ann.post("/api/v1/reservations", hold).status, 401);
    assert_eq!(ann.get("/api/v1/wallet").status, 401);
    let bare = house.connect().get("/api/v1/wallet", &[]);
    assert!(bare.has_header("www-authenticate: Bearer"));
}

#[test]
fn a_data_directory_has_one_master() {
    let directory = tempfile::tempdir().unwrap();
    let _house = House::start(directory.path(), &[]);
    let output = serve(directory.path(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 3);
    assert!(said.contains("in use by another admitone"), "{said}");
}

#[test]
fn a_port_in_use_is_said_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_admitone"))
        .args(["serve", "--listen", &address, "--data-dir"])
        .arg(directory.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3));
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[test]
fn a_corrupt_database_is_said_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    assert!(House::start(directory.path(), &["--demo"]).stop());
    let tables = directory.path().join("tables.db");
    std::fs::remove_file(directory.path().join("tables.db-wal")).ok();
    std::fs::write(
        &tables,
        "this is no database, and it is long enough to be looked at".repeat(99),
    )
    .unwrap();
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("tables.db") && said.contains("restore"), "{said}");
    assert!(std::fs::read(&tables).unwrap().starts_with(b"this is no database"));
}

#[test]
fn a_directory_that_cannot_be_made_is_said() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (code, said) = admitone(&["migrate"], &file.path().join("below"));
    assert_eq!(code, 3);
    assert!(said.contains("cannot be used"), "{said}");
}

#[test]
fn a_slow_client_is_not_waited_for_and_garbage_is_survived() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut slow = TcpStream::connect(&house.address).unwrap();
    slow.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
    let mut garbage = TcpStream::connect(&house.address).unwrap();
    garbage.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").unwrap();
    let mut said = String::new();
    garbage.shutdown(std::net::Shutdown::Write).unwrap();
    let _ = garbage.read_to_string(&mut said);
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    assert_eq!(house.connect().get("/health/live", &[]).status, 200);
    slow.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut left = Vec::new();
    slow.read_to_end(&mut left).expect("the connection is closed after ten seconds");
}

#[test]
fn a_body_that_trickles_is_answered_408_and_does_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house);
    let mut slow = TcpStream::connect(&house.address).unwrap();
    let head = format!(
        "POST /api/v1/wallet/charges HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n\
         idempotency-key: slow\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{{",
        ann.token
    );
    slow.write_all(head.as_bytes()).unwrap();
    slow.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut said = [0; 12];
    slow.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 408");
    // Ann's own connection was idle for as long, and is closed by now.
    ann.connection = house.connect();
    assert_eq!(ann.get("/api/v1/wallet").json()["balance"], 0);
}

#[test]
fn a_body_that_is_not_as_its_head_says_is_answered_400() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &[]);
    let mut stream = TcpStream::connect(&house.address).unwrap();
    let head = "POST /api/v1/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(format!("{head}no length\r\n{{}}").as_bytes()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let mut said = [0; 12];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 400");
}

#[test]
fn the_demo_is_filled_once() {
    let directory = tempfile::tempdir().unwrap();
    assert!(House::start(directory.path(), &["--demo"]).stop());
    let house = House::start(directory.path(), &["--demo"]);
    assert!(house.operator_key.is_none(), "the key is printed once");
    let concerts = house.connect().get("/api/v1/concerts", &[]).json();
    assert_eq!(concerts["data"].as_array().unwrap().len(), 3);
}
