//! Limits of two instances: one for both where they share a Redis, and one for each where they do
//! not, or where it is away. The address of a client is the proxy's word only where that is set.

use crate::process::{Answer, House, serve};
use crate::redis::Redis;
use crate::shared_store::Server;
use crate::shopper::import;
use std::path::Path;

/// Few at once, and one more after the test.
const LIMITS: [(&str, &str); 4] = [
    ("ADMITONE_LIMIT_ACCOUNTS_PER_MINUTE", "1"),
    ("ADMITONE_LIMIT_ACCOUNTS_BURST", "60"),
    ("ADMITONE_LIMIT_SALE_PER_SECOND", "1"),
    ("ADMITONE_LIMIT_SALE_BURST", "8"),
];

fn start(directory: &Path, flags: &[&str], more: &[(&str, &str)]) -> House {
    let mut command = serve(directory, flags);
    command.envs(LIMITS.iter().chain(more).copied());
    House::run(command, directory)
}

fn open_account(house: &House, headers: &[(&str, &str)]) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    house.connect().send("POST /api/v1/users", &headers, r#"{"name":"l"}"#)
}

fn token(house: &House) -> String {
    let opened = open_account(house, &[]);
    assert_eq!(opened.status, 201, "{}", opened.body);
    format!("Bearer {}", opened.json()["token"].as_str().unwrap())
}

/// Charges a wallet at one instance after the other; how many charges were done.
fn charges(houses: [&House; 2], token: &str, attempts: usize) -> usize {
    let mut done = 0;
    for (number, house) in (0..attempts).zip(houses.into_iter().cycle()) {
        let key = format!("charge-{number}");
        let headers = [
            ("authorization", token),
            ("idempotency-key", key.as_str()),
            ("content-type", "application/json"),
        ];
        let body = r#"{"amount":1}"#;
        let charged = house.connect().send("POST /api/v1/wallet/charges", &headers, body);
        if charged.status == 201 {
            assert!(charged.head.contains("ratelimit: \"sale\";r="), "{}", charged.head);
            done += 1;
            continue;
        }
        assert_eq!(charged.status, 429, "{}", charged.body);
        assert_eq!(charged.json()["code"], "RATE_LIMITED");
        assert_eq!(charged.json()["context"]["limit"], "sale");
        for line in [
            "retry-after: 1",
            "ratelimit-policy: \"sale\";q=8;w=8",
            "ratelimit: \"sale\";r=0;t=1",
            "x-rate-limit-limit: 8",
            "x-rate-limit-remaining: 0",
            "x-rate-limit-reset: 1",
        ] {
            assert!(charged.has_header(line), "no {line} in {}", charged.head);
        }
    }
    done
}

fn fallbacks(house: &House) -> u64 {
    let figures = house.connect().get("/metrics", &[]).body;
    let line =
        figures.lines().find_map(|line| line.strip_prefix("admitone_limit_fallbacks_total "));
    line.map_or(0, |count| count.parse().unwrap())
}

/// A bucket of eight, which one more comes into each second: what a slow machine adds.
fn more_in(begun: std::time::Instant) -> usize {
    usize::try_from(begun.elapsed().as_secs()).unwrap() + 1
}

#[test]
fn two_instances_have_one_limit_and_each_its_own_while_redis_is_away() {
    let (Some(store), Some(mut redis)) = (Server::Postgres.fresh(), Redis::start()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let address = redis.address();
    let flags = ["--store", store.as_str(), "--redis", address.as_str()];
    let instance = || start(directory.path(), &flags, &[]);
    let (first, second) = (instance(), instance());
    let (ann, bob, eve) = (token(&first), token(&first), token(&second));
    let begun = std::time::Instant::now();
    let shared = charges([&first, &second], &ann, 40);
    assert!((8..=8 + more_in(begun)).contains(&shared), "{shared} of one bucket");
    assert_eq!(fallbacks(&first) + fallbacks(&second), 0);
    let others = charges([&first, &second], &bob, 2);
    assert_eq!(others, 2, "another buyer has another");
    redis.kill();
    let begun = std::time::Instant::now();
    let apart = charges([&first, &second], &eve, 40);
    assert!((16..=16 + 2 * more_in(begun)).contains(&apart), "{apart} of two buckets");
    assert!(fallbacks(&first) > 0 && fallbacks(&second) > 0);
    // Who only reads is not limited here, and health never is.
    assert_eq!(first.connect().get("/api/v1/concerts", &[]).status, 200);
}

#[test]
fn two_instances_that_share_no_redis_have_two_limits() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let instance = || start(directory.path(), &["--store", store.as_str()], &[]);
    let (first, second) = (instance(), instance());
    let ann = token(&first);
    let begun = std::time::Instant::now();
    let apart = charges([&first, &second], &ann, 40);
    assert!((16..=16 + 2 * more_in(begun)).contains(&apart), "{apart}: twice as many");
}

#[test]
fn an_address_is_the_proxys_word_only_where_that_is_set() {
    let few = ("ADMITONE_LIMIT_ACCOUNTS_BURST", "2");
    let named = ("ADMITONE_LIMIT_CLIENT_HEADER", "x-forwarded-for");
    let statuses = |more: &[(&str, &str)]| {
        let directory = tempfile::tempdir().unwrap();
        let house = start(directory.path(), &[], more);
        ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1, 192.0.2.3"]
            .map(|address| open_account(&house, &[("x-forwarded-for", address)]).status)
    };
    assert_eq!(statuses(&[few]), [201, 201, 429, 429, 429], "all from one address");
    assert_eq!(statuses(&[few, named]), [201, 201, 429, 201, 201], "as the proxy says");
}

#[test]
fn nothing_is_limited_unless_it_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::run(serve(directory.path(), &[]), directory.path());
    for _ in 0..200 {
        let opened = open_account(&house, &[]);
        assert_eq!(opened.status, 201, "{}", opened.body);
        assert!(!opened.head.contains("ratelimit"), "{}", opened.head);
    }
}
