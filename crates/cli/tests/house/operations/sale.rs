//! The sale: hold, extend, release, pay, tickets, give back by seat and whole.

use super::tour::{Tour, Who};
use crate::buyer::text;
use serde_json::{Value, json};
use std::time::Duration;

/// What is another document once a payment for seats and tickets went back.
const BEFORE_A_REFUND: [&str; 6] = [
    "/api/v1/reservations",
    "/api/v1/payments",
    "/api/v1/tickets",
    "/api/v1/wallet",
    "/api/v1/wallet/entries",
    "/api/v1/shows/show_1/ticket-types",
];

pub(super) fn hold_pay_and_give_back(tour: &mut Tour<'_>) {
    let mut ann = tour.buyer_inside();
    extend_and_release(tour, &ann);
    given_another_seat(tour, &ann);
    let reservation = buy(tour, &ann, &json!({ "show": "show_1", "seats": ["seat_3", "seat_4"] }));
    tickets(tour, &ann);
    let cancel = format!("POST /api/v1/reservations/{reservation}/actions/cancel");
    let part = tour.done(&ann, &cancel, &json!({ "items": [1] }));
    assert_eq!((&part["amount"], &part["reservation"]["state"]), (&1_000.into(), &"sold".into()));
    assert_eq!(states(&part["reservation"]), ["sold", "cancelled"]);
    tour.refused(&ann, &cancel, r#"{"items":[7]}"#, (404, "ITEM_NOT_FOUND"));
    tour.refused(&ann, &cancel, r#"{"items":[1]}"#, (409, "INVALID_STATE"));
    let whole = tour.done(&ann, &cancel, &Value::Null);
    assert_eq!(whole["balance"], 1_000_000, "all of it is back");
    assert_eq!(states(&whole["reservation"]), ["cancelled", "cancelled"]);
    tour.refused(&ann, &cancel, "", (409, "INVALID_STATE"));

    tour.let_in(&mut ann);
    let both = json!({ "show": "show_1", "seats": ["seat_3"],
                       "tickets": [{ "ticket_type": "type_1", "quantity": 2 }] });
    let reservation = buy(tour, &ann, &both);
    let payments = tour.read(&ann, "/api/v1/payments?limit=1");
    assert_eq!(payments["has_more"], true);
    let next = text(&payments, "next_cursor");
    let older = tour.read(&ann, &format!("/api/v1/payments?limit=1&after={next}"));
    assert_ne!(older["data"][0]["id"], payments["data"][0]["id"]);
    let payment = text(&payments["data"][0], "id");
    tour.read_unchanged(&ann, &format!("/api/v1/payments/{payment}"));
    let before = BEFORE_A_REFUND.map(|path| (path, tour.read_unchanged(&ann, path)));
    let refund = format!("POST /api/v1/payments/{payment}/actions/refund");
    tour.refused(&ann, &refund, r#"{"amount":1}"#, (409, "NOT_REFUNDABLE"));
    let refunded = tour.done(&ann, &refund, &Value::Null);
    assert_eq!((&refunded["amount"], &refunded["balance"]), (&21_000.into(), &1_000_000.into()));
    let read = tour.read(&ann, &format!("/api/v1/reservations/{reservation}"));
    assert_eq!(read["state"], "cancelled");
    for (path, etag) in before {
        tour.read_changed(&ann, path, &etag);
    }
    strangers(tour, &reservation, &payment);
}

fn extend_and_release(tour: &mut Tour<'_>, ann: &Who) {
    let wish = json!({ "show": "show_1", "seats": ["seat_1"] });
    let held = tour.done(ann, "POST /api/v1/reservations", &wish);
    let id = text(&held, "id");
    assert!((295..=300).contains(&held["expires_in_seconds"].as_u64().unwrap()), "{held}");
    // How many seconds are left of a hold is another number a second later, and no change: the
    // validator is a weak one.
    let paths = [format!("/api/v1/reservations/{id}"), "/api/v1/reservations?limit=1".to_owned()];
    let etags = paths.each_ref().map(|path| tour.read_unchanged(ann, path));
    assert!(etags.iter().all(|etag| etag.starts_with("W/\"")), "{etags:?}");
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(paths.each_ref().map(|path| tour.read_unchanged(ann, path)), etags);
    let extend = format!("POST /api/v1/reservations/{id}/actions/extend");
    let mut extensions = 0;
    let refused = loop {
        let answer = tour.ask(ann, &extend, "");
        if answer.status != 200 {
            break answer;
        }
        extensions += 1;
        assert_eq!(answer.json()["extensions"], extensions);
    };
    assert_eq!((refused.status, text(&refused.json(), "code")), (409, "EXTENSION_LIMIT".into()));
    assert_eq!(refused.json()["context"]["max"], extensions, "as often as the show says");
    let release = format!("POST /api/v1/reservations/{id}/actions/release");
    assert_eq!(tour.done(ann, &release, &Value::Null)["state"], "released");
    tour.refused(ann, &extend, "", (409, "INVALID_STATE"));
    tour.refused(ann, &release, "", (409, "INVALID_STATE"));
    let listed = tour.read(ann, "/api/v1/reservations");
    assert_eq!(listed["data"][0]["id"], id.as_str());
    let again = tour.done(ann, "POST /api/v1/reservations", &wish);
    let again = text(&again, "id");
    assert_ne!(again, id, "what was released is free");
    tour.done(ann, &format!("POST /api/v1/reservations/{again}/actions/release"), &Value::Null);
    refusals(tour, ann);
}

/// An operator gives a hold another seat and lets it go, and says why.
fn given_another_seat(tour: &mut Tour<'_>, ann: &Who) {
    let staff = tour.operator();
    let hold = "POST /api/v1/reservations";
    let wish = json!({ "show": "show_1", "seats": ["seat_5"],
                       "tickets": [{ "ticket_type": "type_1", "quantity": 1 }] });
    let id = text(&tour.done(ann, hold, &wish), "id");
    let of_it = format!("POST /api/v1/operator/reservations/{id}/actions");
    let reseat = format!("{of_it}/reseat");
    for (body, expected) in [
        (r#"{"item":0,"seat":"seat_5"}"#, (409, "SEAT_TAKEN")),
        (r#"{"item":0,"seat":"seat_999999"}"#, (404, "SEAT_NOT_FOUND")),
        (r#"{"item":1,"seat":"seat_6"}"#, (409, "ITEM_WITHOUT_SEAT")),
        (r#"{"item":7,"seat":"seat_6"}"#, (404, "ITEM_NOT_FOUND")),
        (r#"{"item":0,"seat":"6"}"#, (400, "INVALID_REQUEST")),
        (r#"{"seat":"seat_6"}"#, (400, "INVALID_REQUEST")),
    ] {
        tour.refused(&staff, &reseat, body, expected);
    }
    tour.refused(ann, &reseat, r#"{"item":0,"seat":"seat_6"}"#, (403, "FORBIDDEN"));
    let body = json!({ "item": 0, "seat": "seat_6" });
    let moved = tour.done(&staff, &format!("{reseat}?why=a+broken+chair"), &body);
    assert_eq!((&moved["items"][0]["seat"], &moved["state"]), (&"seat_6".into(), &"held".into()));
    let seen = tour.read(ann, &format!("/api/v1/reservations/{id}"));
    assert_eq!(seen["items"][0]["seat"], "seat_6", "the buyer sees it");
    let other = tour.done(ann, hold, &json!({ "show": "show_1", "seats": ["seat_5"] }));
    let other = text(&other, "id");
    tour.refused(&staff, &reseat, r#"{"item":0,"seat":"seat_5"}"#, (409, "SEAT_TAKEN"));
    let told: Vec<_> = [(&id, "nobody+answers"), (&other, "nobody+comes")]
        .into_iter()
        .map(|(id, why)| {
            let release = format!("POST /api/v1/operator/reservations/{id}/actions/release");
            tour.done(&staff, &format!("{release}?why={why}"), &Value::Null)["state"].clone()
        })
        .collect();
    assert_eq!(told, ["released", "released"]);
    let log = tour.read(&staff, "/api/v1/operator/log?limit=20").to_string();
    for words in ["a broken chair", "nobody answers", "nobody comes", "reseated", "explained"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let wordy = format!("{reseat}?why={}", "x".repeat(501));
    tour.refused(&staff, &wordy, &body.to_string(), (400, "INVALID_REQUEST"));
}

fn refusals(tour: &mut Tour<'_>, ann: &Who) {
    let hold = "POST /api/v1/reservations";
    for (body, expected) in [
        (r#"{"show":"show_1"}"#, (422, "RESERVATION_EMPTY")),
        (r#"{"show":"show_1","seats":["seat_1","seat_1"]}"#, (422, "SEAT_REPEATED")),
        (r#"{"show":"show_1","seats":["seat_999999"]}"#, (404, "SEAT_NOT_FOUND")),
        (r#"{"show":"show_1","seats":["seat_60"]}"#, (404, "SEAT_NOT_FOUND")),
        (r#"{"show":"show_1","seats":["7"]}"#, (400, "INVALID_REQUEST")),
        (r#"{"show":"show_999","seats":["seat_1"]}"#, (404, "NOT_FOUND")),
        (r#"{"seats":["seat_1"]}"#, (400, "INVALID_REQUEST")),
        (r#"{"show":"show_1","best_available":{"quantity":0}}"#, (400, "INVALID_REQUEST")),
    ] {
        tour.refused(ann, hold, body, expected);
    }
    let many = |quantity: u32| {
        let tickets = [json!({ "ticket_type": "type_1", "quantity": quantity })];
        json!({ "show": "show_1", "tickets": tickets }).to_string()
    };
    tour.refused(ann, hold, &many(0), (400, "INVALID_REQUEST"));
    // The limit comes before the stock, whatever is left of it.
    tour.refused(ann, hold, &many(u32::MAX), (422, "LIMIT_PER_RESERVATION"));
    tour.refused(ann, hold, &many(11), (422, "LIMIT_PER_RESERVATION"));
    let unknown = many(1).replace("type_1", "type_999");
    tour.refused(ann, hold, &unknown, (404, "TICKET_TYPE_NOT_FOUND"));
    let outside = Who { pass: None, ..ann.clone() };
    let seat = r#"{"show":"show_1","seats":["seat_1"]}"#;
    tour.refused(&outside, hold, seat, (403, "ADMISSION_REQUIRED"));
    tour.refused(&Who::default(), hold, seat, (401, "UNAUTHENTICATED"));
}

/// Holds and pays; the reservation.
fn buy(tour: &mut Tour<'_>, ann: &Who, wish: &Value) -> String {
    let held = tour.done(ann, "POST /api/v1/reservations", wish);
    let (id, total) = (text(&held, "id"), held["total"].as_i64().unwrap());
    let pay = "POST /api/v1/payments";
    let wrong = json!({ "reservation": id, "amount": total - 1 }).to_string();
    tour.refused(ann, pay, &wrong, (422, "AMOUNT_MISMATCH"));
    let wish = json!({ "reservation": id, "amount": total });
    let paid = tour.done(ann, pay, &wish);
    assert_eq!(paid["reservation"]["state"], "sold");
    assert_eq!(paid["payment"]["amount"], total);
    tour.refused(ann, pay, &wish.to_string(), (409, "ALREADY_PAID"));
    id
}

fn tickets(tour: &mut Tour<'_>, ann: &Who) {
    let tickets = tour.read(ann, "/api/v1/tickets");
    assert_eq!(tickets["data"].as_array().unwrap().len(), 2);
    let id = text(&tickets["data"][0], "id");
    tour.read_unchanged(ann, &format!("/api/v1/tickets/{id}"));
    let other = id.rsplit_once('_').unwrap().0.to_owned() + "_9";
    tour.refused(ann, &format!("GET /api/v1/tickets/{other}"), "", (404, "NOT_FOUND"));
}

fn strangers(tour: &mut Tour<'_>, reservation: &str, payment: &str) {
    let bob = tour.buyer();
    for (what, code) in [
        (format!("GET /api/v1/reservations/{reservation}"), "RESERVATION_NOT_FOUND"),
        (
            format!("POST /api/v1/reservations/{reservation}/actions/cancel"),
            "RESERVATION_NOT_FOUND",
        ),
        (
            format!("POST /api/v1/reservations/{reservation}/actions/extend"),
            "RESERVATION_NOT_FOUND",
        ),
        (format!("GET /api/v1/payments/{payment}"), "PAYMENT_NOT_FOUND"),
        (format!("POST /api/v1/payments/{payment}/actions/refund"), "PAYMENT_NOT_FOUND"),
    ] {
        tour.refused(&bob, &what, "", (404, code));
    }
}

fn states(reservation: &Value) -> Vec<String> {
    reservation["items"].as_array().unwrap().iter().map(|item| text(item, "state")).collect()
}
