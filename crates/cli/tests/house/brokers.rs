//! Sales whose commands travel through real brokers: instances that share one queue, one of them
//! killed while it settles, and what an earlier run left over.

mod confirmed;
mod paused;
mod put_away;

use crate::gateway::{Gateway, Place};
use crate::jobs::Work;
use crate::process::{House, admitone, serve};
use crate::redis::shared;
use crate::reference::Client;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import, until};
use admitone_conformance::own_broker::Broker;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

const SEATS: usize = 12;
const BUYERS: usize = 20;

/// Where the brokers are that a strategy may need; none where some are missing.
fn flags(store: &str, strategy: &str) -> Option<Vec<String>> {
    let (redis, rabbitmq) = (shared()?, Broker::Rabbitmq.shared()?);
    let kafka = Broker::Kafka.shared()?;
    let pairs = [
        ("--store", store),
        ("--strategy", strategy),
        ("--redis", &redis),
        ("--rabbitmq", &rabbitmq),
        ("--kafka", &kafka),
    ];
    Some(pairs.iter().flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()]).collect())
}

/// A house that waits as long as it takes: a group notices after some seconds that one is dead.
fn house(directory: &Path, flags: &[String], workers: &str, wait_ms: &str) -> House {
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut command = serve(directory, &flags);
    command
        .env("ADMITONE_WORKERS", workers)
        .env("ADMITONE_DELIVERY_WAIT_MS", wait_ms)
        .env("ADMITONE_DELIVERY_DEADLINE_MS", wait_ms)
        .env("ADMITONE_ANSWER_MS", "70000")
        .env("ADMITONE_GATEWAY_SECRET_KEY", "test_sk_admitone")
        .env("ADMITONE_KAFKA_LANES", "4");
    House::run(command, directory)
}

#[test]
fn through_rabbitmq_every_seat_is_sold_once_though_a_worker_is_killed() {
    sell_through("rabbitmq-lock");
}

#[test]
fn through_kafka_every_seat_is_sold_once_though_a_worker_is_killed() {
    sell_through("kafka-batch");
}

#[test]
fn in_lanes_of_kafka_every_seat_is_paid_for_once_though_a_worker_is_killed() {
    // A wallet has another lane than a show: a payment is taken apart.
    sell_through("kafka");
}

fn sell_through(strategy: &str) {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(flags) = flags(&store, strategy) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let houses = [(); 3].map(|()| house(directory.path(), &flags, "2", "60000"));
    // Everybody asks the first two; the third only settles.
    let front = Front::of(&[&houses[0], &houses[1]], SEATS);
    let buyers = front.send(BUYERS);
    until_sold(&front, SEATS / 3, &buyers);
    let [first, second, third] = houses;
    third.kill();
    let tickets: Vec<String> = buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect();
    assert_eq!(tickets.len(), SEATS, "{tickets:?}");
    assert_eq!(tickets.iter().collect::<BTreeSet<_>>().len(), SEATS, "{tickets:?}");
    assert!(first.stop() && second.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

/// Waits until so many seats are sold.
fn until_sold<T>(front: &Front, count: usize, buyers: &[JoinHandle<T>]) {
    while front.sold.load(Ordering::SeqCst) < count {
        assert!(buyers.iter().any(|buyer| !buyer.is_finished()), "nobody buys any more");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn workers_alone_carry_payments_from_lane_to_lane_though_one_is_killed() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(flags) = flags(&store, "kafka") else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS + 1, None);
    let house = house(directory.path(), &flags, "0", "60000");
    let plain: Vec<&str> = flags.iter().map(String::as_str).collect();
    let lanes = [("ADMITONE_KAFKA_LANES", "4")];
    let [first, second] = [(); 2].map(|()| Work::start(directory.path(), &plain, &lanes));
    let front = Front::of(&[&house], SEATS);
    let mut ann = Shopper::new(&front, BUYERS);
    let bought = buy_one(&mut ann);
    let buyers = front.send(BUYERS);
    until_sold(&front, SEATS / 3, &buyers);
    drop(first);
    let tickets: Vec<String> = buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect();
    assert_eq!(tickets.iter().collect::<BTreeSet<_>>().len(), SEATS, "{tickets:?}");
    // What is given back comes into the wallet by a step of its own.
    let cancel = format!("POST /api/v1/reservations/{bought}/actions/cancel");
    let cancelled = ann.send(&cancel, "{}");
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    until("the money is back", || balance(&mut ann.beside(BUYERS + 1)) == 10);
    assert!(house.stop());
    drop(second);
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

/// Buys a seat before anybody else does, and asks later what became of it; its reservation.
fn buy_one(buyer: &mut Shopper<'_>) -> String {
    assert_eq!(buyer.send("POST /api/v1/wallet/charges", r#"{"amount":10}"#).status, 201);
    let held = buyer.hold_best().json()["id"].as_str().unwrap().to_owned();
    let pay = format!(r#"{{"reservation":"{held}"}}"#);
    let accepted = buyer.send_async("POST /api/v1/payments", &pay);
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let command = accepted.json()["id"].as_str().unwrap().to_owned();
    let look = || buyer.beside(1).send(&format!("GET /api/v1/commands/{command}"), "").json();
    // Begun is not done: what is told is how it ended.
    until("the payment is done", || look()["state"] != "accepted");
    let done = look();
    assert_eq!(
        (&done["state"], &done["outcome"]["balance"]),
        (&json!("done"), &json!(0)),
        "{done}"
    );
    assert_eq!(done["outcome"]["reservation"]["state"], "sold", "{done}");
    assert_eq!(balance(buyer), 0);
    held
}

#[test]
fn in_lanes_of_kafka_the_reference_payment_is_answered_by_the_retry_that_it_invites() {
    let (Some(store), Some(kafka)) = (Server::Postgres.fresh(), Broker::Kafka.shared()) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 2, Some("Door"));
    let flags = ["--store", &store, "--strategy", "kafka", "--kafka", &kafka, "--reference-routes"];
    let mut command = serve(directory.path(), &flags);
    // Nobody waits for the wallet: the first answer invites to ask again.
    command.env("ADMITONE_KAFKA_LANES", "4").env("ADMITONE_GATEWAY_WAIT_MS", "0");
    let house = House::run(command, directory.path());
    let mut ann = Client::new(&house, "ann");
    let seat = json!({ "seatId": 1 });
    ann.data("POST /user/charge", &json!({ "userId": "ann", "amount": 15 }));
    ann.data("POST /reservation", &seat);
    let mut answers = Vec::new();
    until("it is paid", || {
        let answer = ann.send("POST /payment", &seat);
        answers.push((answer.status, answer.body));
        answers.last().is_some_and(|(status, _)| *status != 503)
    });
    assert_eq!(answers[0].0, 503, "{answers:?}");
    assert_eq!(answers.last().unwrap().0, 200, "{answers:?}");
    assert_eq!(ann.data("GET /user/check?userId=ann", &serde_json::Value::Null)["balance"], 5);
    assert!(house.stop());
}

fn balance(buyer: &mut Shopper<'_>) -> i64 {
    buyer.send("GET /api/v1/wallet", "").json()["balance"].as_i64().unwrap()
}

#[test]
fn through_rabbitmq_payments_through_a_gateway_end_well_though_a_worker_is_killed() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(mut flags) = flags(&store, "rabbitmq-lock") else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let place = Place::keep();
    let gateway = Gateway::start(directory.path(), &place, None);
    flags.extend(["--gateway".to_owned(), place.url()]);
    let houses = [(); 3].map(|()| house(directory.path(), &flags, "2", "60000"));
    let front = Front::of(&[&houses[0], &houses[1]], SEATS);
    let buyers: Vec<JoinHandle<usize>> = (0..SEATS)
        .map(|number| {
            let front = Arc::clone(&front);
            std::thread::spawn(move || pay_through_gateway(&front, number))
        })
        .collect();
    until_sold(&front, SEATS / 3, &buyers);
    let [first, second, third] = houses;
    third.kill();
    let tickets: usize = buyers.into_iter().map(|buyer| buyer.join().unwrap()).sum();
    assert_eq!(tickets, SEATS);
    assert_eq!(gateway.balance("delay"), 10 * i64::try_from(SEATS).unwrap());
    assert!(first.stop() && second.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

/// Buys one seat; how many tickets there are then.
fn pay_through_gateway(front: &Front, number: usize) -> usize {
    let mut buyer = Shopper::new(front, number);
    let held = buyer.hold_best();
    assert_eq!(held.status, 201, "{}", held.body);
    let held = held.json()["id"].as_str().unwrap().to_owned();
    let paid = buyer.pay_through(&held, &format!("delay-100.n{number}"));
    assert_eq!(paid.status, 200, "{}", paid.body);
    front.sold.fetch_add(1, Ordering::SeqCst);
    buyer.send("GET /api/v1/tickets", "").json()["data"].as_array().unwrap().len()
}

#[test]
fn what_an_earlier_run_left_over_does_not_sell_out_the_next() {
    for strategy in ["rabbitmq-lock", "kafka-batch"] {
        let (Some(store), Some(next)) = (Server::Postgres.fresh(), Server::Postgres.fresh()) else {
            return;
        };
        let Some(flags_of_first) = flags(&store, strategy) else { return };
        let directory = tempfile::tempdir().unwrap();
        import(directory.path(), &store, 1, None);
        // Nobody settles here: what is wished for is left in the queue, and is good for a second.
        let idle = house(directory.path(), &flags_of_first, "0", "1000");
        let front = Front::of(&[&idle], 1);
        // An account is opened by a command too: it is a wish that was accepted.
        let wish = r#"{"name":"s"}"#;
        let accepted = idle.connect().send(
            "POST /api/v1/users",
            &[("idempotency-key", "early"), ("content-type", "application/json")],
            wish,
        );
        assert_eq!(accepted.status, 202, "{}", accepted.body);
        drop(front);
        idle.kill();
        // Another sale on the same brokers has queues of its own.
        let other = tempfile::tempdir().unwrap();
        import(other.path(), &next, 1, None);
        let flags_of_next = flags(&next, strategy).unwrap();
        sells_one(&house(other.path(), &flags_of_next, "1", "60000"), strategy);
        // The same sale refuses what comes too late, and goes on.
        sells_one(&house(directory.path(), &flags_of_first, "1", "60000"), strategy);
    }
}

/// The only seat goes to who asks now.
fn sells_one(house: &House, strategy: &str) {
    let front = Front::of(&[house], 1);
    let held = Shopper::new(&front, 0).hold_best();
    assert_eq!(held.status, 201, "{strategy}: {}", held.body);
}
