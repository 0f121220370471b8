//! Lists that two instances read through one cache: read once, never older than an answer where it
//! was given, and soon as new at the other. And copies of boards, for an instance that has none yet.

use crate::process::House;
use crate::redis::shared;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import};
use std::time::{Duration, Instant};

/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn what_one_instance_changes_is_in_the_cached_list_of_the_other() {
    let (Some(store), Some(redis)) = (Server::Postgres.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let flags = ["--store", &store, "--redis", &redis];
    let first = House::start(directory.path(), &flags);
    let second = House::start(directory.path(), &flags);
    let bearer = format!("Bearer {}", first.operator_key.as_deref().unwrap());
    let titles = |house: &House| {
        let list = house.connect().get("/api/v1/concerts", &[]).json();
        let list = list["data"].as_array().unwrap().clone();
        list.iter().map(|concert| concert["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for round in 0..5 {
        let name = format!("Round {round}");
        assert!(!titles(&second).contains(&name) && !titles(&first).contains(&name));
        let body = format!(r#"{{"title":"{name}","category":"rock"}}"#);
        let headers = [
            ("authorization", bearer.as_str()),
            ("idempotency-key", name.as_str()),
            ("content-type", "application/json"),
        ];
        let made = first.connect().send("POST /api/v1/operator/concerts", &headers, &body);
        assert_eq!(made.status, 201, "{}", made.body);
        // Who was answered sees it at once where he was answered, and soon everywhere.
        let begun = Instant::now();
        while !titles(&second).contains(&name) {
            assert!(begun.elapsed() < PATIENCE, "the list is older than the answer");
        }
        assert!(titles(&first).contains(&name), "the list is older than the answer");
    }
    let count = |house: &House, outcome: &str| cache_reads(house, "lists", outcome);
    // Of four reads of a round, two come behind the change and one of those reads the store.
    assert!(count(&first, "hit") >= 5, "what the second read is kept for the first");
    assert!(count(&second, "miss") >= 5, "and what was kept before a change is not");
    // A crowd that opens accounts makes no list old.
    let misses = count(&first, "miss") + count(&second, "miss");
    for house in [&first, &second, &first, &second] {
        crate::buyer::Buyer::new(house);
        titles(house);
    }
    let misses = count(&first, "miss") + count(&second, "miss") - misses;
    // One, at most, whose time was over.
    assert!(misses < 2, "{misses} lists were read anew");
    assert!(first.stop() && second.stop());
}

fn cache_reads(house: &House, of: &str, outcome: &str) -> u64 {
    let all = house.connect().get("/metrics", &[]).body;
    let name = format!("admitone_cache_reads_total{{of=\"{of}\",outcome=\"{outcome}\"}} ");
    let line = all.lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned));
    line.map_or(0, |count| count.parse::<u64>().unwrap())
}

#[test]
fn an_instance_that_was_started_opens_its_boards_from_copies_on_postgres() {
    opens_from_copies(Server::Postgres);
}

#[test]
fn an_instance_that_was_started_opens_its_boards_from_copies_on_mariadb() {
    opens_from_copies(Server::Mariadb);
}

fn opens_from_copies(server: Server) {
    let (Some(store), Some(redis)) = (server.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 300, None);
    let flags = ["--store", &store, "--redis", &redis];
    let start = || House::start(directory.path(), &flags);
    let first = start();
    let states = |house: &House| {
        let board = house.connect().get("/api/v1/shows/show_1/seats", &[]).json();
        let seats = board["seats"].as_array().unwrap().clone();
        let taken = seats.iter().filter(|seat| seat["state"] != "available").count();
        (seats.len(), taken)
    };
    assert_eq!(states(&first), (300, 0));
    let reads = |house: &House| ["hit", "miss"].map(|outcome| cache_reads(house, "seats", outcome));
    assert_eq!(reads(&first), [0, 1], "the first reads the store");
    // What happens behind the copy is not in it, and is on the boards that are opened from it.
    for held in 1..4 {
        let front = Front::of(&[&first], 300);
        let answer = Shopper::new(&front, 0).hold_best();
        assert_eq!(answer.status, 201, "{}", answer.body);
        let later = start();
        assert_eq!(states(&later), (300, held));
        assert_eq!(reads(&later), [1, 0], "the others read its copy");
        assert!(later.stop());
    }
    // An operator's change makes an end of it.
    let bearer = format!("Bearer {}", first.operator_key.as_deref().unwrap());
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "more"),
        ("content-type", "application/json"),
    ];
    let more = r#"{"blocks":[{"section":"B","row":"1","first_number":1,"count":5,"price":10}]}"#;
    let added = first.connect().send("POST /api/v1/operator/shows/show_1/seats", &headers, more);
    assert!(added.status < 300, "{}", added.body);
    let last = start();
    assert_eq!((states(&last), reads(&last)), ((305, 3), [0, 1]));
    assert!(last.stop() && first.stop());
}
