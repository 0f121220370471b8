//! Payments through a gateway, with real processes: the house and the gateway that takes no money,
//! each of which may be killed at a bad moment. In the end the gateway's own ledger must say what
//! our tickets say.

mod fake;

pub(crate) use fake::{Gateway, Place};

use crate::buyer::{Buyer, text};
use crate::process::{Answer, House, admitone, serve};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);

/// So long a hold lasts that shall be over while it is paid: it is begun to be paid within it.
const BRIEF_S: u64 = 3;

/// The house of a directory, which asks the gateway at this place. Whatever takes its time there has answered
/// before the house gives it up.
fn house(directory: &Path, place: &Place) -> House {
    let mut command = serve(directory, &["--gateway", &place.url(), "--reference-routes"]);
    command
        .env("ADMITONE_GATEWAY_SECRET_KEY", "test_sk_admitone")
        .env("ADMITONE_GATEWAY_ANSWER_MS", "20000")
        .env("ADMITONE_GATEWAY_WAIT_MS", "1000");
    House::run(command, directory)
}

/// Five seats for ten, three places to stand for ten, and a hold that lasts so long.
fn sale(directory: &Path, hold_seconds: u64) {
    let show = json!({
        "opens_at": "2099-01-01T19:00:00Z", "closes_at": "2099-01-01T22:00:00Z",
        "booking_opens_at": "2020-01-01T00:00:00Z", "booking_closes_at": "2099-01-01T00:00:00Z",
        "hold_seconds": hold_seconds,
        "seats": [{ "section": "A", "row": "1", "numbers": [1, 5], "price": 10 }],
        "ticket_types": [{ "name": "Standing", "price": 10, "quantity": 3 }],
    });
    let concert = json!({ "name": "One", "category": "rock", "shows": [show] });
    let programme = directory.join("programme.json");
    std::fs::write(&programme, json!({ "rooms": [], "concerts": [concert] }).to_string()).unwrap();
    let (code, said) = admitone(&["import", programme.to_str().unwrap()], directory);
    assert_eq!(code, 0, "{said}");
}

impl Buyer {
    fn hold(&mut self, seat: u32) -> Answer {
        let body = json!({ "show": "show_1", "seats": [format!("seat_{seat}")] });
        self.post("/api/v1/reservations", &body.to_string())
    }

    /// Pays a reservation under a key of the gateway, which says how it goes.
    fn pay_through(&mut self, reservation: &str, key: &str) -> Answer {
        let order = format!("{reservation}-{}", key.rsplit('.').next().unwrap());
        let body = json!({
            "reservation": reservation, "method": "gateway", "amount": 10,
            "payment_key": key, "order_id": order,
        });
        self.post("/api/v1/payments", &body.to_string())
    }

    /// Looks at a payment until it is in one of these states.
    fn wait_for(&mut self, payment: &str, states: &[&str]) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.get(&format!("/api/v1/payments/{payment}")).json();
            if states.contains(&found["state"].as_str().unwrap()) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "never {states:?}: {found}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn state(&mut self, reservation: &str) -> String {
        text(&self.get(&format!("/api/v1/reservations/{reservation}")).json(), "state")
    }

    fn tickets(&mut self) -> usize {
        self.get("/api/v1/tickets").json()["data"].as_array().unwrap().len()
    }
}

fn verified(directory: &Path, house: House) {
    assert!(house.stop());
    let (code, said) = admitone(&["verify"], directory);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_payment_through_a_gateway_has_three_outcomes_and_is_done_once() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), 60);
    let place = Place::keep();
    let house = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, Some(&house));
    let mut ann = Buyer::new(&house);
    let held = text(&ann.hold(1).json(), "id");

    let mut wrong = json!({
        "reservation": held, "method": "gateway", "amount": 9, "payment_key": "k",
        "order_id": format!("{held}-w"),
    });
    let refused = ann.post("/api/v1/payments", &wrong.to_string());
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("AMOUNT_MISMATCH")));
    wrong["order_id"] = json!("res_999999-w");
    assert_eq!(ann.post("/api/v1/payments", &wrong.to_string()).status, 400);

    let declined = ann.pay_through(&held, "decline-REJECT_CARD_COMPANY.a");
    assert_eq!(declined.status, 402, "{}", declined.body);
    assert_eq!(declined.json()["context"]["provider_code"], "REJECT_CARD_COMPANY");
    assert_eq!(ann.state(&held), "held", "the seat is hers still");

    let paid = ann.pay_through(&held, "plain.b");
    assert_eq!(paid.status, 200, "{}", paid.body);
    assert_eq!(paid.json()["reservation"]["state"], "sold");
    let again = ann.pay_through(&held, "plain.b");
    assert_eq!((again.status, again.has_header("idempotent-replayed: true")), (200, true));
    assert_eq!((ann.tickets(), gateway.balance("plain.b")), (1, 10));

    // Taken, and not answered; told twice besides.
    let held = text(&ann.hold(2).json(), "id");
    let unknown = ann.pay_through(&held, "silent.delay-1500.twice.c");
    assert_eq!(unknown.status, 202, "{}", unknown.body);
    assert!(unknown.head.to_ascii_lowercase().contains("retry-after: "));
    let url = text(&unknown.json(), "status_url");
    let payment = text(&unknown.json()["payment"], "id");
    assert_eq!(url, format!("/api/v1/payments/{payment}"));
    ann.wait_for(&payment, &["approved"]);
    assert_eq!((ann.tickets(), gateway.balance("silent")), (2, 10));

    // The first refund is not answered, and is paid once all the same.
    let held = text(&ann.hold(3).json(), "id");
    let paid = ann.pay_through(&held, "quiet-1.d");
    let payment = text(&paid.json()["payment"], "id");
    let refunded = ann.post(&format!("/api/v1/payments/{payment}/actions/refund"), "{}");
    assert_eq!(refunded.status, 200, "{}", refunded.body);
    ann.wait_for(&payment, &["refunded"]);
    assert_eq!((ann.tickets(), gateway.balance("quiet")), (2, 0));
    verified(directory.path(), house);
}

#[test]
fn a_seat_that_is_being_paid_is_nobody_elses_though_its_hold_is_over() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), BRIEF_S);
    let place = Place::keep();
    let house = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, None);
    let (mut ann, mut bob) = (Buyer::new(&house), Buyer::new(&house));
    let held = text(&ann.hold(1).json(), "id");
    let over = Instant::now() + Duration::from_secs(BRIEF_S);
    let asked = ann.pay_through(&held, "delay-8000.a");
    assert_eq!(asked.status, 202, "{}", asked.body);
    let payment = text(&asked.json()["payment"], "id");
    std::thread::sleep(over.saturating_duration_since(Instant::now()));
    let taken = bob.hold(1);
    // Pinned, or sold by now; never Bob's.
    assert_eq!((taken.status, &taken.json()["code"]), (409, &json!("SEAT_TAKEN")));
    ann.wait_for(&payment, &["approved"]);

    // Without a payment the same seat is Bob's when its hold is over, and no gateway is asked.
    let lapsed = text(&ann.hold(2).json(), "id");
    let begun = Instant::now();
    while bob.hold(2).status != 201 {
        assert!(begun.elapsed() < PATIENCE, "the hold is never over");
        std::thread::sleep(Duration::from_millis(100));
    }
    let late = ann.pay_through(&lapsed, "plain.b");
    assert_eq!((late.status, &late.json()["code"]), (410, &json!("HOLD_EXPIRED")));
    assert_eq!(gateway.balance("plain.b"), 0);
    verified(directory.path(), house);
}

#[test]
fn money_that_surfaces_when_the_seat_is_gone_goes_back_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), BRIEF_S);
    let place = Place::keep();
    let house = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, Some(&house));
    let (mut ann, mut bob) = (Buyer::new(&house), Buyer::new(&house));
    let held = text(&ann.hold(1).json(), "id");
    let declined = ann.pay_through(&held, "late-12000.a");
    assert_eq!(declined.status, 402, "{}", declined.body);
    let payment = text(&declined.json()["context"], "payment");
    let begun = Instant::now();
    while bob.hold(1).status != 201 {
        assert!(begun.elapsed() < PATIENCE, "Ann's hold is never over");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(gateway.balance("late"), 0, "the seat is gone before the money surfaces");
    let held = bob.get("/api/v1/reservations").json();
    let his = text(&held["data"][0], "id");
    assert_eq!(bob.pay_through(&his, "plain.b").status, 200);
    ann.wait_for(&payment, &["refunded"]);
    assert_eq!((gateway.balance("late"), ann.tickets(), bob.tickets()), (0, 0, 1));
    verified(directory.path(), house);
}

#[test]
fn a_gateway_that_is_killed_while_it_is_asked_takes_nothing_without_a_ticket() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), 60);
    let place = Place::keep();
    let house = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, None);
    let mut ann = Buyer::new(&house);
    let held = text(&ann.hold(1).json(), "id");
    let killer = std::thread::spawn(move || {
        gateway.await_question("delay-5000.a");
        gateway.kill();
    });
    let asked = ann.pay_through(&held, "delay-5000.a");
    assert_eq!(asked.status, 202, "{}", asked.body);
    let payment = text(&asked.json()["payment"], "id");
    killer.join().unwrap();
    ann.wait_for(&payment, &["unknown"]);
    assert_eq!(ann.state(&held), "confirming");
    let gateway = Gateway::start(directory.path(), &place, None);
    assert_eq!(gateway.balance("delay"), 0, "it was killed before it took anything");
    ann.wait_for(&payment, &["approved"]);
    assert_eq!((ann.tickets(), gateway.balance("delay")), (1, 10));
    verified(directory.path(), house);
}

#[test]
fn a_house_that_is_killed_between_the_money_and_the_ticket_gives_the_ticket_later() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), BRIEF_S);
    let place = Place::keep();
    let first = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, None);
    let mut ann = Buyer::new(&first);
    let held = text(&ann.hold(1).json(), "id");
    let token = ann.token.clone();
    let asking = std::thread::spawn(move || {
        let body = json!({
            "reservation": held, "method": "gateway", "amount": 10, "payment_key": "delay-5000.a",
            "order_id": format!("{held}-a"),
        });
        let headers = [
            ("authorization", ann.token.as_str()),
            ("idempotency-key", "pay"),
            ("content-type", "application/json"),
        ];
        // Whatever comes of it: the house is killed meanwhile.
        let _ = ann.connection.try_send("POST /api/v1/payments", &headers, &body.to_string());
    });
    gateway.await_question("delay-5000.a");
    first.kill();
    asking.join().unwrap();
    let begun = Instant::now();
    while gateway.balance("delay") != 10 {
        assert!(begun.elapsed() < PATIENCE, "the gateway never took it");
        std::thread::sleep(Duration::from_millis(50));
    }
    let second = house(directory.path(), &place);
    let mut ann = Buyer::new(&second);
    ann.token = token;
    let payments = ann.get("/api/v1/payments").json();
    let payment = text(&payments["data"][0], "id");
    ann.wait_for(&payment, &["approved"]);
    assert_eq!((ann.tickets(), gateway.balance("delay")), (1, 10));
    verified(directory.path(), second);
}

#[test]
fn the_reference_confirmation_asks_the_gateway_and_repeats_itself() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), 60);
    let place = Place::keep();
    let house = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, None);
    let mut connection = house.connect();
    let mut confirm = |key: &str, order: &str, member: u64| {
        let body = json!({
            "paymentKey": key, "orderId": order, "amount": 10, "ticketTypeId": 1,
            "memberId": member,
        });
        connection.send("POST /v1/api/payments/confirm", &[], &body.to_string())
    };
    for (order, member) in [("order-1", 1), ("order-1", 1), ("order-2", 2)] {
        let answer = confirm("test-key", order, member);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.body.contains("성공"));
    }
    assert_eq!(confirm("test-key", "order-1", 2).status, 422, "another's order");
    let declined = confirm("decline-INVALID_STOPPED_CARD.a", "order-3", 3);
    assert_eq!((declined.status, &declined.json()["code"]), (402, &json!("PAYMENT_DECLINED")));
    assert_eq!(confirm("test-key", "order-4", 4).status, 200, "what was declined is free again");
    let full = confirm("test-key", "order-5", 5);
    assert_eq!(full.status, 409, "{}", full.body);
    assert!(full.body.contains("잔여 수량"));
    assert_eq!(gateway.balance("test-key"), 30);
    verified(directory.path(), house);
}

#[test]
fn operators_see_what_is_not_known_and_decide() {
    let directory = tempfile::tempdir().unwrap();
    sale(directory.path(), 60);
    let place = Place::keep();
    let house = house(directory.path(), &place);
    let gateway = Gateway::start(directory.path(), &place, None);
    let key = format!("Bearer {}", house.operator_key.clone().unwrap());
    let mut ann = Buyer::new(&house);
    let held = text(&ann.hold(1).json(), "id");
    let asked = ann.pay_through(&held, "more-5.a");
    assert_eq!(asked.status, 202, "{}", asked.body);
    let payment = text(&asked.json()["payment"], "id");
    ann.wait_for(&payment, &["unknown"]);

    let mut office = house.connect();
    let staff = [("authorization", key.as_str())];
    let inbox = office.get("/api/v1/operator/payments/inbox", &staff).json();
    assert_eq!(inbox["data"][0]["kind"], "mismatched", "{inbox}");
    assert_eq!(inbox["data"][0]["payment"]["id"], payment);
    let mut act = |action: &str| {
        let headers = [
            ("authorization", key.as_str()),
            ("idempotency-key", action),
            ("content-type", "application/json"),
        ];
        let path = format!("POST /api/v1/operator/payments/{payment}/actions/{action}");
        office.send(&path, &headers, "")
    };
    assert_eq!(act("requery").json()["state"], "unknown");
    assert_eq!(act("reacquire").status, 409);
    assert_eq!(act("refund").json()["state"], "refund_owed");
    ann.wait_for(&payment, &["refunded"]);
    let log = house.connect().get("/api/v1/operator/log?limit=2", &staff).json();
    let told = [&log["data"][0], &log["data"][1]].map(|one| text(one, "what"));
    assert_eq!(told, ["refunded", "asked_again"], "{log}");
    assert_eq!((ann.state(&held).as_str(), gateway.balance("more")), ("released", 0));
    verified(directory.path(), house);
}
