//! What a pass is good for: its room, its buyer, its time, and nothing else.

use crate::buyer::{Buyer, text};
use crate::process::{Answer, House, admitone};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// So long a pass of the third room lasts: on a busy machine a buyer comes in, charges and holds in it.
const BRIEF_MS: u64 = 6_000;

const HOLD: &str = "/api/v1/reservations";

/// A show behind each of three rooms: `show_1` behind `room_1`, and so on.
fn import(directory: &Path) {
    let room = |name: &str, pass_ttl_ms: u64| {
        json!({ "name": name, "settings": {
            "rate": null, "poll_floor_ms": 250, "react_slack_ms": 250, "invite_per_s": 1_000,
            "pass_ttl_ms": pass_ttl_ms,
        }})
    };
    let show = |room: &str, hour: u32| {
        json!({
            "room": room, "hold_seconds": 60,
            "opens_at": format!("2099-01-01T{hour}:00:00Z"), "closes_at": "2099-01-01T22:00:00Z",
            "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
            "seats": [{ "section": "A", "row": "1", "numbers": [1, 100], "price": 1 }],
        })
    };
    let document = json!({
        "rooms": [room("Door", 600_000), room("Side", 600_000), room("Brief", BRIEF_MS)],
        "concerts": [{ "name": "One", "category": "rock", "shows": [
            show("Door", 18), show("Side", 19), show("Brief", 20),
        ]}],
    });
    let file = directory.join("programme.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let (code, said) = admitone(&["import", file.to_str().unwrap()], directory);
    assert_eq!(code, 0, "{said}");
}

fn seat(number: u64) -> String {
    let show = number / 100 + 1;
    json!({ "show": format!("show_{show}"), "seats": [format!("seat_{}", number + 1)] }).to_string()
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, text(&answer.json(), "code"))
}

fn required() -> (u16, String) {
    (403, "ADMISSION_REQUIRED".into())
}

fn over() -> (u16, String) {
    (403, "ADMISSION_EXPIRED".into())
}

/// What a buyer has reserved.
fn reserved(buyer: &mut Buyer) -> Vec<Value> {
    buyer.get("/api/v1/reservations").json()["data"].as_array().unwrap().clone()
}

#[test]
fn a_pass_is_good_for_its_room_and_its_buyer_alone() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path());
    let house = House::start(directory.path(), &[]);
    let mut ann = Buyer::new(&house).admitted("room_1");
    let of_the_door = ann.pass.clone();
    assert_eq!(ann.get("/api/v1/shows/show_1/seats").status, 200);
    assert_eq!(ann.post(HOLD, &seat(0)).status, 201);
    assert_eq!(refused(&ann.get("/api/v1/shows/show_2/seats")), required());
    assert_eq!(refused(&ann.post(HOLD, &seat(100))), required());
    assert_ne!(ann.get("/api/v1/rooms/room_2/place").status, 200, "nor is it a place there");

    let mut ann = ann.admitted("room_2");
    assert_eq!(ann.post("/api/v1/wallet/charges", r#"{"amount":10}"#).status, 201);
    let held = ann.post(HOLD, &seat(100));
    assert_eq!(held.status, 201, "{}", held.body);
    let wish = json!({ "reservation": text(&held.json(), "id") }).to_string();
    let of_the_side = std::mem::replace(&mut ann.pass, of_the_door.clone());
    assert_eq!(refused(&ann.post("/api/v1/payments", &wish)), required());
    assert_eq!(ann.get("/api/v1/wallet").json()["balance"], 10, "nothing was taken");
    ann.pass = of_the_side;
    let paid = ann.post("/api/v1/payments", &wish);
    assert_eq!(paid.status, 201, "{}", paid.body);

    let mut bob = Buyer::new(&house);
    bob.pass = of_the_door;
    assert_eq!(refused(&bob.get("/api/v1/shows/show_1/seats")), required());
    assert_eq!(refused(&bob.post(HOLD, &seat(1))), required());
    assert_eq!(reserved(&mut bob), Vec::<Value>::new());
    assert!(house.stop());
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_pass_is_good_until_its_time_and_as_long_as_a_hold_under_it() {
    let directory = tempfile::tempdir().unwrap();
    import(directory.path());
    let house = House::start(directory.path(), &[]);
    let mut carl = Buyer::new(&house).admitted("room_3");
    assert_eq!(carl.get("/api/v1/shows/show_3/seats").status, 200);
    let mut dora = Buyer::new(&house).admitted("room_3");
    assert_eq!(dora.post("/api/v1/wallet/charges", r#"{"amount":10}"#).status, 201);
    let held = dora.post(HOLD, &seat(200));
    assert_eq!(held.status, 201, "{}", held.body);

    std::thread::sleep(Duration::from_millis(BRIEF_MS + 500));
    assert_eq!(refused(&carl.get("/api/v1/shows/show_3/seats")), over());
    assert_eq!(refused(&carl.post(HOLD, &seat(201))), over());
    assert_eq!(reserved(&mut carl), Vec::<Value>::new());
    let place = carl.get("/api/v1/rooms/room_3/place");
    assert!(place.status == 410 || place.json()["status"] != "active", "{}", place.body);
    let again = Buyer { token: carl.token.clone(), keys: 100, ..Buyer::new(&house) };
    let mut again = again.admitted("room_3");
    assert_eq!(again.post(HOLD, &seat(201)).status, 201, "with a new pass as ever");

    let wish = json!({ "reservation": text(&held.json(), "id") }).to_string();
    let paid = dora.post("/api/v1/payments", &wish);
    assert_eq!(paid.status, 201, "a hold keeps its pass good: {}", paid.body);
    assert_eq!(refused(&dora.post(HOLD, &seat(202))), over(), "and the payment ended it");
}
