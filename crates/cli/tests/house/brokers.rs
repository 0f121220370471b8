//! Sales whose commands travel through real brokers: instances that share one queue, one of them
//! killed while it settles, and what an earlier run left over.

use crate::process::{House, admitone, serve};
use crate::redis::shared;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import};
use admitone_conformance::own_broker::Broker;
use std::collections::BTreeSet;
use std::path::Path;

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

fn sell_through(strategy: &str) {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(flags) = flags(&store, strategy) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let houses = [(); 3].map(|()| house(directory.path(), &flags, "2", "60000"));
    // Everybody asks the first two; the third only settles.
    let front = Front::of(&[&houses[0], &houses[1]], SEATS);
    let buyers = front.send(BUYERS);
    while front.sold.load(std::sync::atomic::Ordering::SeqCst) < SEATS / 3 {
        assert!(buyers.iter().any(|buyer| !buyer.is_finished()), "nobody buys any more");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let [first, second, third] = houses;
    third.kill();
    let tickets: Vec<String> = buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect();
    assert_eq!(tickets.len(), SEATS, "{tickets:?}");
    assert_eq!(tickets.iter().collect::<BTreeSet<_>>().len(), SEATS, "{tickets:?}");
    assert!(first.stop() && second.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
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
