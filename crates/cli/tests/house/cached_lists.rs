//! Lists that two instances read through one cache: read once, and never older than an answer.

use crate::process::House;
use crate::redis::shared;
use crate::shared_store::Server;
use crate::shopper::import;

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
        // Who was answered sees it, whichever instance is asked.
        assert!(titles(&second).contains(&name), "the list is older than the answer");
        assert!(titles(&first).contains(&name));
    }
    let count = |house: &House, outcome: &str| {
        let all = house.connect().get("/metrics", &[]).body;
        let name = format!("admitone_cache_reads_total{{outcome=\"{outcome}\"}} ");
        let line = all.lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned));
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    // Of four reads of a round, two come behind the change and one of those reads the store.
    assert!(count(&first, "hit") >= 5, "what the second read is kept for the first");
    assert!(count(&second, "miss") >= 5, "and what was kept before a change is not");
    assert!(first.stop() && second.stop());
}
