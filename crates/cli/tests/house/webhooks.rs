//! What happens is told to endpoints of others: signed, in order, at least once, from any instance,
//! though endpoints are away and instances are killed.

mod instances;

use crate::buyer::{Buyer, text};
use crate::endpoint::{Endpoint, Message, until};
use crate::figures::{documented, exported, scrape};
use crate::process::{Answer, House, serve};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

const ENDPOINTS: &str = "/api/v1/operator/endpoints";

/// A house whose endpoints may be beside it.
fn open(directory: &Path, flags: &[&str]) -> House {
    let mut command = serve(directory, flags);
    command.env("ADMITONE_WEBHOOKS_PRIVATE_ADDRESSES", "true");
    command.env("ADMITONE_WEBHOOKS_LINKS", "https://tickets.example/");
    House::run(command, directory)
}

/// An operator who asks.
struct Operator<'a> {
    house: &'a House,
    key: String,
}

impl<'a> Operator<'a> {
    /// The first operator of a house.
    fn of(house: &'a House) -> Self {
        Self { house, key: format!("Bearer {}", house.operator_key.as_deref().unwrap()) }
    }

    /// The same person at another instance, or after a restart.
    fn at<'b>(&self, house: &'b House) -> Operator<'b> {
        Operator { house, key: self.key.clone() }
    }

    fn ask(&self, what: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let wish = format!("{what} {body}");
        let headers = [
            ("authorization", self.key.as_str()),
            ("idempotency-key", wish.as_str()),
            ("content-type", "application/json"),
        ];
        self.house.connect().send(what, &headers, &body)
    }

    fn done(&self, what: &str, body: &Value) -> Value {
        let answer = self.ask(what, body);
        assert!((200..300).contains(&answer.status), "{what}: {} {}", answer.status, answer.body);
        answer.json()
    }

    /// An endpoint that is told of these; its id and its secret.
    fn endpoint(&self, shop: &Endpoint, types: &[&str]) -> (String, String) {
        let wanted = json!({ "url": shop.url("/hooks"), "types": types });
        let made = self.done(&format!("POST {ENDPOINTS}"), &wanted);
        (text(&made, "id"), text(&made, "secret"))
    }

    fn attempts(&self, id: &str) -> Vec<Value> {
        let page = self.done(&format!("GET {ENDPOINTS}/{id}/attempts?limit=200"), &Value::Null);
        page["data"].as_array().unwrap().clone()
    }
}

/// Charges a new wallet so many times: as many events of one aggregate.
fn charge(house: &House, times: usize) {
    let mut buyer = Buyer::new(house);
    for _ in 0..times {
        let charged = buyer.post("/api/v1/wallet/charges", r#"{"amount":1}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
    }
}

/// The versions of each aggregate, in the order in which they came first.
fn first_told(messages: &[Message]) -> BTreeMap<String, Vec<u64>> {
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for message in messages {
        let (aggregate, version) = message.version();
        let versions = told.entry(aggregate).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    told
}

/// Whether each of so many wallets was told of from its first version to its last, in order.
fn are_told(messages: &[Message], wallets: usize, versions: u64) -> bool {
    let told = first_told(messages);
    told.len() == wallets && told.values().all(|known| known.iter().copied().eq(1..=versions))
}

#[test]
fn a_sale_is_told_in_its_order_and_signed() {
    let directory = tempfile::tempdir().unwrap();
    let house = open(directory.path(), &["--demo"]);
    let shop = Endpoint::start();
    let operator = Operator::of(&house);
    let (id, secret) = operator.endpoint(&shop, &["reservation.*", "payment.*"]);
    let mut ann = Buyer::new(&house).admitted("room_1");
    ann.post("/api/v1/wallet/charges", r#"{"amount":500000}"#);
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#).json();
    let reservation = text(&held, "id");
    let pay = format!(r#"{{"reservation":"{reservation}"}}"#);
    let paid = ann.post("/api/v1/payments", &pay);
    assert_eq!(paid.status, 201, "{}", paid.body);
    let told = shop.until("the sale", |all| (all.len() >= 2).then(|| all.to_vec()));
    let kinds: Vec<&Value> = told.iter().map(|message| &message.body["type"]).collect();
    assert_eq!(kinds, ["reservation.held", "reservation.sold"]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    for (version, message) in (1_u64..).zip(&told) {
        assert!(message.is_signed_with(&secret), "{message:?}");
        assert!(!message.is_signed_with("whsec_c3dvcmRmaXNoc3dvcmRmaXNoc3dvcmRmaXNo"));
        assert!(now.abs_diff(message.timestamp().cast_unsigned()) < 300, "{message:?}");
        assert_eq!(message.version(), (reservation.clone(), version));
        let link = format!("https://tickets.example/api/v1/operator/reservations/{reservation}");
        assert_eq!(message.body["data"]["link"], link.as_str());
    }
    assert_ne!(told[0].id, told[1].id);
    assert_eq!(told[0].body["data"]["show"], "show_1");
    // With a new secret both sign, so that the other side has time to change its own.
    let rotated = operator.done(&format!("POST {ENDPOINTS}/{id}/actions/rotate"), &Value::Null);
    let replay = format!("POST {ENDPOINTS}/{id}/messages/{}/actions/replay", told[0].id);
    assert_eq!(operator.done(&replay, &Value::Null)["outcome"], "arrived");
    let again = shop.messages().pop().unwrap();
    assert_eq!((&again.id, &again.body), (&told[0].id, &told[0].body));
    assert!(again.is_signed_with(&secret) && again.is_signed_with(&text(&rotated, "secret")));
    let figures = exported(&scrape(&house));
    for name in ["admitone_events_carried_total", "admitone_webhook_attempts_total"] {
        assert_eq!(figures.get(name), documented().get(name), "{name}");
        assert!(figures.contains_key(name), "{name}");
    }
    assert!(house.stop());
}

#[test]
fn an_endpoint_that_is_down_is_told_later_and_stops_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let house = open(directory.path(), &["--demo"]);
    let (down, up) = (Endpoint::start(), Endpoint::start());
    down.answers(503);
    let operator = Operator::of(&house);
    let (id, _) = operator.endpoint(&down, &["wallet.*"]);
    operator.endpoint(&up, &["wallet.*"]);
    charge(&house, 3);
    up.until("the other is told", |all| are_told(all, 1, 3).then_some(()));
    down.until("it was tried", |all| (!all.is_empty()).then_some(()));
    down.answers(200);
    until("it has all", || are_told(&down.taken(), 1, 3).then_some(()));
    let all = down.messages();
    assert_eq!(all[0].id, all[1].id, "the same message is tried first");
    let attempts = until("the log", || {
        let log = operator.attempts(&id);
        (log.len() == all.len()).then_some(log)
    });
    let first = attempts.last().unwrap();
    assert_eq!((&first["status"], &first["outcome"]), (&json!(503), &json!("failed")));
    assert!(first["next_at"].is_string(), "{first}");
    assert!(attempts.iter().any(|attempt| attempt["attempt"] == 2), "{attempts:?}");
}

#[test]
fn an_instance_that_is_killed_loses_no_message() {
    let directory = tempfile::tempdir().unwrap();
    let shop = Endpoint::start();
    shop.answers(500);
    let house = open(directory.path(), &[]);
    Operator::of(&house).endpoint(&shop, &["wallet.*"]);
    for _ in 0..4 {
        charge(&house, 3);
    }
    shop.until("some were tried", |all| (!all.is_empty()).then_some(()));
    house.kill();
    shop.answers(200);
    // Killed again and again while it tells, each time with something new.
    for round in 0..5_u64 {
        let house = open(directory.path(), &[]);
        charge(&house, 3);
        std::thread::sleep(Duration::from_millis(round * 150));
        house.kill();
    }
    let house = open(directory.path(), &[]);
    until("all is told", || are_told(&shop.taken(), 9, 3).then_some(()));
    assert!(house.stop());
}

#[test]
fn what_happened_is_told_again_to_who_asks_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let house = open(directory.path(), &["--demo"]);
    // Before there was an endpoint.
    charge(&house, 3);
    let shop = Endpoint::start();
    let operator = Operator::of(&house);
    let (id, secret) = operator.endpoint(&shop, &["wallet.*"]);
    charge(&house, 2);
    shop.until("what happens now", |all| (all.len() == 2).then_some(()));
    let since = json!({ "since": "2020-01-01T00:00:00Z" });
    let replay = format!("POST {ENDPOINTS}/{id}/actions/replay");
    let replayed = operator.done(&replay, &since);
    assert_eq!(replayed["replays"].as_array().unwrap().len(), 1);
    let told = shop.until("all of it", |all| (all.len() == 7).then(|| all.to_vec()));
    assert!(told.iter().all(|message| message.is_signed_with(&secret)));
    let again = first_told(&told[2..]);
    assert_eq!(again.values().map(Vec::len).collect::<BTreeSet<_>>(), BTreeSet::from([2, 3]));
    assert!(again.values().all(|versions| versions.is_sorted()), "{again:?}");
    let now: BTreeSet<&String> = told[..2].iter().map(|message| &message.id).collect();
    let then: BTreeSet<&String> = told[2..].iter().map(|message| &message.id).collect();
    assert!(now.is_subset(&then), "under the same ids");
    // A restart does not tell it once more.
    assert!(house.stop());
    let house = open(directory.path(), &["--demo"]);
    charge(&house, 1);
    shop.until("what happens after it", |all| (all.len() == 8).then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(shop.messages().len(), 8);
}

#[test]
fn a_house_asks_no_neighbour_unless_it_is_allowed_to() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let inside = Endpoint::start();
    let operator = Operator::of(&house);
    let port = inside.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let refused = operator.ask(&format!("POST {ENDPOINTS}"), &json!({ "url": url }));
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("INVALID_REQUEST")));
        assert!(refused.body.contains("private_addresses"), "{}", refused.body);
    }
    // Where a name leads is seen when it is asked.
    let named = json!({ "url": format!("https://localhost:{port}/") });
    let id = text(&operator.done(&format!("POST {ENDPOINTS}"), &named), "id");
    let tried = operator.done(&format!("POST {ENDPOINTS}/{id}/actions/test"), &Value::Null);
    assert_eq!((&tried["outcome"], &tried["status"]), (&json!("failed"), &Value::Null));
    assert!(text(&tried, "error").contains("localhost leads to"), "{tried}");
    charge(&house, 1);
    until("a message was refused too", || {
        operator.attempts(&id).iter().any(|one| one["type"] == "wallet.moved").then_some(())
    });
    assert_eq!(inside.connections(), 0);
    assert!(house.stop());
}

#[test]
fn a_buyer_is_told_of_tickets_through_whoever_sends_notices() {
    let directory = tempfile::tempdir().unwrap();
    let post = Endpoint::start();
    post.answers(503);
    let secret = "whsec_bm90aWNlcyBub3RpY2VzIG5vdGljZXMgbm90";
    let start = || {
        let mut command = serve(directory.path(), &["--demo"]);
        command.env("ADMITONE_NOTICES", post.url("/notices"));
        command.env("ADMITONE_NOTICES_SECRET", secret);
        House::run(command, directory.path())
    };
    let house = start();
    let mut ann = Buyer::new(&house).admitted("room_1");
    let buyer = text(&ann.get("/api/v1/users/me").json(), "id");
    ann.post("/api/v1/wallet/charges", r#"{"amount":500000}"#);
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#).json();
    let pay = format!(r#"{{"reservation":"{}"}}"#, text(&held, "id"));
    assert_eq!(ann.post("/api/v1/payments", &pay).status, 201);
    post.until("it was tried", |all| (!all.is_empty()).then_some(()));
    let operator = Operator::of(&house);
    let page = format!("GET /api/v1/operator/notices?reservation={}", text(&held, "id"));
    let stands = |operator: &Operator<'_>, state: &str| {
        until(&format!("it is {state}"), || {
            let told = operator.done(&page, &Value::Null)["data"][0].clone();
            (told["state"] == state).then_some(told)
        })
    };
    let trying = stands(&operator, "trying");
    assert_eq!((&trying["what"], &trying["buyer"]), (&json!("confirmed"), &json!(buyer)));
    assert_eq!(trying["why"], "it answered 503", "{trying}");
    let key = operator.key.clone();
    house.kill();
    post.answers(204);
    let house = start();
    let operator = Operator { house: &house, key };
    let taken = stands(&operator, "taken");
    assert_eq!((&taken["id"], &taken["why"]), (&trying["id"], &Value::Null));
    assert!(taken["attempts"].as_u64() > trying["attempts"].as_u64(), "{taken}");
    // Sent again as somebody wishes, it may be refused; both stand in the list.
    post.answers(422);
    let notify = format!("POST /api/v1/operator/reservations/{}/actions/notify", text(&held, "id"));
    let refused = operator.done(&notify, &Value::Null);
    assert_eq!((&refused["state"], &refused["status"]), (&json!("refused"), &json!(422)));
    let all = operator.done(&page, &Value::Null);
    let states = [0, 1, 2].map(|nth| &all["data"][nth]["state"]);
    assert_eq!(states, [&json!("refused"), &json!("taken"), &Value::Null]);
    let notice = until("the notice is taken", || post.taken().pop());
    assert!(notice.is_signed_with(secret), "{notice:?}");
    let (kind, data) = (&notice.body["type"], &notice.body["data"]);
    assert_eq!((kind, &data["buyer"]), (&json!("notice.confirmed"), &json!(buyer)));
    assert_eq!(data["reservation"], held["id"]);
    assert!(text(&data["en"], "body").contains("1 tickets for"), "{data}");
    assert!(text(&data["ko"], "title").contains("예매가 완료"), "{data}");
    assert!(house.stop());
}

#[test]
fn a_buyer_is_told_of_a_hold_that_ended_and_of_money_that_went_back() {
    let directory = tempfile::tempdir().unwrap();
    let post = Endpoint::start();
    let mut command = serve(directory.path(), &["--demo"]);
    command.env("ADMITONE_NOTICES", post.url("/notices"));
    command.env("ADMITONE_NOTICES_SECRET", "whsec_bm90aWNlcyBub3RpY2VzIG5vdGljZXMgbm90");
    let house = House::run(command, directory.path());
    let mut ann = Buyer::new(&house).admitted("room_1");
    ann.post("/api/v1/wallet/charges", r#"{"amount":500000}"#);
    let hold = |buyer: &mut Buyer, seat: &str| {
        let body = format!(r#"{{"show":"show_1","seats":["{seat}"]}}"#);
        let held = buyer.post("/api/v1/reservations", &body);
        assert_eq!(held.status, 201, "{}", held.body);
        text(&held.json(), "id")
    };
    let sold = hold(&mut ann, "seat_1");
    let pay = format!(r#"{{"reservation":"{sold}"}}"#);
    assert_eq!(ann.post("/api/v1/payments", &pay).status, 201);
    let cancelled = ann.post(&format!("/api/v1/reservations/{sold}/actions/cancel"), "{}");
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    let operator = Operator::of(&house);
    operator.done("PATCH /api/v1/operator/shows/show_1", &json!({ "hold_seconds": 1 }));
    let mut bob = Buyer::new(&house).admitted("room_1");
    let ended = hold(&mut bob, "seat_2");
    for (kind, reservation) in [("refunded", &sold), ("expired", &ended)] {
        let kind = format!("notice.{kind}");
        let notice = post.until(&kind, |all| {
            all.iter().find(|message| message.body["type"] == kind.as_str()).cloned()
        });
        assert_eq!(&text(&notice.body["data"], "reservation"), reservation, "{notice:?}");
    }
    assert!(house.stop());
}
