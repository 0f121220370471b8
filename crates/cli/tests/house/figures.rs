//! The figures: what is exported is what the document explains, and they count what happens.

use crate::buyer::{Buyer, text};
use crate::process::House;
use std::collections::BTreeMap;
use std::time::Duration;

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");

/// The name and kind of every figure that the document has.
pub(crate) fn documented() -> BTreeMap<String, String> {
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    cells.map(|cells| (cells[0].trim_matches('`').to_owned(), cells[1].to_owned())).collect()
}

pub(crate) fn scrape(house: &House) -> String {
    let answer = house.connect().get("/metrics", &[]);
    assert_eq!(answer.status, 200);
    answer.body
}

/// The name and kind of every figure of a scrape.
pub(crate) fn exported(scrape: &str) -> BTreeMap<String, String> {
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split_once(' ')).map(|(n, k)| (n.into(), k.into())).collect()
}

/// The value of a figure, with its labels as they are written.
fn value(scrape: &str, figure: &str) -> u64 {
    let line = scrape.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {figure} in {scrape}")).parse().unwrap()
}

#[test]
fn every_figure_is_explained_and_every_explained_one_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let mut ann = Buyer::new(&house).admitted("room_1");
    assert_eq!(ann.post("/api/v1/rooms/room_1/places", "").status, 201, "a second join");
    ann.post("/api/v1/wallet/charges", r#"{"amount":5000}"#);
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#);
    let pay = format!(r#"{{"reservation":"{}"}}"#, text(&held.json(), "id"));
    assert_eq!(ann.post("/api/v1/payments", &pay).status, 201);
    let mut bob = Buyer::new(&house).admitted("room_1");
    let taken = bob.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#);
    assert_eq!(taken.status, 409);
    // The room hears of the payment behind the commit, and its totals are published four times a
    // second; the tables are folded twice a second.
    let over = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        // A poll of a place that is over is refused; the poll of one inside makes the room publish.
        ann.get("/api/v1/rooms/room_1/place");
        bob.get("/api/v1/rooms/room_1/place");
        let scrape = scrape(&house);
        let has_ended = scrape.contains("wr_ended_total{room=\"room_1\",reason=\"paid\"} 1");
        (has_ended && exported(&scrape).contains_key("admitone_fold_rows")).then_some(scrape)
    });
    let scrape = over.expect("the room never heard of the payment");
    let mut expected = documented();
    // Observed only where a strategy has a lock, and the embedded store's has none.
    let waits =
        ["admitone_lock_wait_seconds", "admitone_lock_hold_seconds", "admitone_turn_wait_seconds"];
    for name in waits {
        assert!(expected.remove(name).is_some());
    }
    // Counted only where there are others to follow.
    assert!(expected.remove("admitone_follower_looks_total").is_some());
    // Counted only where there is a cache, which is beside stores that instances share.
    assert!(expected.remove("admitone_cache_reads_total").is_some());
    // Counted only where a gateway is asked.
    assert!(expected.remove("admitone_gateway_answers_total").is_some());
    // Counted only where commands travel.
    for name in ["done", "given_back", "astray", "dead"] {
        assert!(expected.remove(&format!("admitone_jobs_{name}_total")).is_some());
    }
    // Counted only where events leave the house.
    for name in ["carried_total", "failed_total", "parked", "oldest_seconds", "passed_over_total"] {
        assert!(expected.remove(&format!("admitone_events_{name}")).is_some());
    }
    for name in ["admitone_webhook_attempts_total", "admitone_notices_total"] {
        assert!(expected.remove(name).is_some());
    }
    // Told by servers, and the embedded store is none.
    expected.retain(|name, _| !name.starts_with("admitone_store_"));
    assert_eq!(exported(&scrape), expected, "docs/metrics.md and the scrape");
    for name in expected.keys() {
        assert!(scrape.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
    let room = |name: &str| value(&scrape, &format!("{name}{{room=\"room_1\"}}"));
    assert_eq!((room("wr_issued"), room("wr_active_limit")), (2, 1_000));
    assert_eq!((room("wr_admitted_total"), room("wr_duplicate_join_total")), (2, 1));
    assert_eq!((room("wr_overshoot_total"), room("wr_order_violation_total")), (0, 0));
    assert_eq!(room("wr_wait_seconds_count"), 2);
    let seat_taken = value(&scrape, "admitone_refusals_total{code=\"SEAT_TAKEN\"}");
    assert_eq!(seat_taken, 1);
    let (commits, commands) =
        (value(&scrape, "admitone_commits_total"), value(&scrape, "admitone_commands_total"));
    assert!(commits >= 6 && commands >= commits, "{commits} commits of {commands} commands");
    assert_eq!(value(&scrape, "admitone_queue_commands"), 0);
}
