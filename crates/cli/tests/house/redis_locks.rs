//! Locks in Redis over two instances; and what becomes of a sale whose Redis is killed.

use crate::process::{House, admitone, serve};
use crate::redis::{Redis, shared};
use crate::shared_store::Server;
use crate::shopper::{Front, PATIENCE, Shopper, import, until};
use admitone_conformance::stood_still::Span;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const SEATS: usize = 12;
const BUYERS: usize = 20;

#[test]
fn two_instances_under_one_lock_sell_on_postgres() {
    for map in ["pubsub-lock", "redlock", "double-lock", "redlock@show"] {
        sell(Server::Postgres, map);
    }
}

#[test]
fn two_instances_under_one_lock_sell_on_mariadb() {
    for map in ["pubsub-lock", "redlock"] {
        sell(Server::Mariadb, map);
    }
}

fn sell(server: Server, map: &str) {
    let (Some(store), Some(redis)) = (server.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let flags = ["--store", &store, "--strategy", map, "--redis", &redis];
    let houses = [(); 2].map(|()| House::start(directory.path(), &flags));
    let begun = Instant::now();
    let front = Front::of(&[&houses[0], &houses[1]], SEATS);
    let buyers = front.send(BUYERS).into_iter();
    sold_once(buyers.flat_map(|buyer| buyer.join().unwrap()).collect(), map);
    println!("{server:?}, {map}, two instances: {SEATS} seats in {:.1?}", begun.elapsed());
    for house in houses {
        for name in ["admitone_lock_wait_seconds_count", "admitone_lock_hold_seconds_count"] {
            assert!(figure(&house, name) > 0, "{map} locks nothing: {name}");
        }
        assert!(house.stop());
    }
    verified(&store);
}

fn sold_once(tickets: Vec<String>, map: &str) {
    let count = tickets.len();
    let distinct: BTreeSet<String> = tickets.into_iter().collect();
    assert_eq!((count, distinct.len()), (SEATS, SEATS), "{map}");
}

fn verified(store: &str) {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = admitone(&["verify", "--store", store], directory.path());
    assert_eq!(code, 0, "{said}");
}

/// What a house says of a figure without labels.
pub(crate) fn figure(house: &House, name: &str) -> u64 {
    let all = house.connect().get("/metrics", &[]).body;
    let line = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} is not there")).parse().unwrap()
}

#[test]
fn without_its_redis_a_house_refuses_soon_and_comes_back_by_itself() {
    let (Some(store), Some(mut redis)) = (Server::Postgres.fresh(), Redis::start()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let address = redis.address();
    let flags = ["--store", &store, "--strategy", "pubsub-lock", "--redis", &address];
    let house = House::start(directory.path(), &flags);
    let front = Front::of(&[&house], SEATS);
    let mut ann = Shopper::new(&front, 0);
    assert_eq!(ann.hold_best().status, 201);
    redis.kill();
    let begun = Span::begin();
    for _ in 0..3 {
        let refused = ann.ask("POST /api/v1/wallet/charges", r#"{"amount":10}"#);
        assert_eq!(refused.status, 503, "{}", refused.body);
        assert!(refused.head.to_ascii_lowercase().contains("retry-after"), "{}", refused.head);
    }
    let span = begun.elapsed();
    assert!(span < Duration::from_secs(3), "{span:?}");
    assert!(figure(&house, "admitone_lock_outages_total") >= 3);
    redis.restart();
    until("a charge is taken again", || {
        ann.ask("POST /api/v1/wallet/charges", r#"{"amount":10}"#).status == 201
    });
    assert!(house.stop());
    verified(&store);
    println!("three refusals without Redis took {span:.1?}");
}

#[test]
fn with_a_fallback_a_sale_goes_on_when_its_redis_is_killed() {
    let (Some(store), Some(mut redis)) = (Server::Postgres.fresh(), Redis::start()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let address = redis.address();
    let flags = ["--store", &store, "--strategy", "pubsub-lock", "--redis", &address];
    let houses = [(); 2].map(|()| {
        let mut command = serve(directory.path(), &flags);
        command.env("ADMITONE_REDIS_FALLBACK", "optimistic");
        House::run(command, directory.path())
    });
    let front = Front::of(&[&houses[0], &houses[1]], SEATS);
    let buyers = front.send(BUYERS).into_iter();
    let begun = Instant::now();
    while front.sold.load(Ordering::SeqCst) < SEATS / 3 {
        assert!(begun.elapsed() < PATIENCE, "a third was never sold");
        std::thread::sleep(Duration::from_millis(2));
    }
    redis.kill();
    let killed_at = front.sold.load(Ordering::SeqCst);
    sold_once(buyers.flat_map(|buyer| buyer.join().unwrap()).collect(), "pubsub-lock");
    let fallen_back: u64 =
        houses.iter().map(|house| figure(house, "admitone_lock_fallbacks_total")).sum();
    assert!(fallen_back > 0, "nothing was settled without the lock");
    assert!(houses.into_iter().all(House::stop));
    verified(&store);
    println!("Redis killed at {killed_at} of {SEATS} sold: {fallen_back} batches went on without");
}

/// They settle nothing, so that nothing of it has to be there.
#[test]
fn who_looks_at_a_store_takes_the_flags_of_those_who_sell_from_it() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let away = "redis://127.0.0.1:9";
    for map in ["double-lock", "job-queue", "rabbitmq-lock", "kafka-batch"] {
        for command in ["migrate", "verify"] {
            let flags = ["--store", &store, "--strategy", map, "--redis", away];
            let (code, said) = admitone(&[&[command], &flags[..]].concat(), directory.path());
            assert_eq!(code, 0, "{command} under {map}: {said}");
        }
    }
    let doctor = ["doctor", "--store", &store, "--redis", away];
    let (code, said) = admitone(&doctor, directory.path());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("WRONG Redis at 127.0.0.1:9: "), "{said}");
}

#[test]
fn what_redis_cannot_be_is_refused_with_the_reason() {
    let (Some(store), Some(redis)) = (Server::Postgres.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    let two: Vec<&str> = redis.split(',').take(2).collect();
    let two = two.join(",");
    for (flags, reason) in [
        (vec!["--store", &store, "--strategy", "redlock", "--redis", &two], "three servers"),
        (vec!["--store", &store, "--redis", "http://user:secret@there"], "redis://HOST:PORT"),
        (vec!["--redis", &two], "single instance"),
    ] {
        let mut command = serve(directory.path(), &flags);
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(reason) && !said.contains("secret"), "{said}");
    }
}
