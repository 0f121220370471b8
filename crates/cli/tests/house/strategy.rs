//! Strategies on the command line: the embedded store takes one, and says so to the others; a shared
//! store takes every one that needs no broker, and each sells a show to the last seat.

use crate::process::{House, admitone, serve};
use crate::shared_store::Server;
use crate::shopper::{Front, import};
use std::collections::BTreeSet;
use std::process::{Output, Stdio};
use std::time::Instant;

fn refused(flags: &[&str]) -> (Output, bool) {
    let directory = tempfile::tempdir().unwrap();
    let output = serve(directory.path(), flags).output().unwrap();
    let is_empty = std::fs::read_dir(directory.path()).unwrap().next().is_none();
    (output, is_empty)
}

#[test]
fn another_strategy_is_refused_before_a_store_is_made() {
    for map in ["batched", "unsafe", "redlock@show", "single-writer charge=optimistic"] {
        let (output, is_empty) = refused(&["--strategy", map]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(map) && said.contains("`single-writer` is the only"), "{said}");
        assert!(is_empty, "{map} made a store");
    }
}

#[test]
fn what_is_no_strategy_is_said_with_what_would_be_one() {
    let (output, _) = refused(&["--strategy", "best"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("pessimistic") && said.contains("direct/mutex/plain"), "{said}");
}

#[test]
fn its_own_strategy_is_taken_from_the_file_and_checked_there() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("house.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "[strategy]\nmap = \"single-writer\"\n").unwrap();
    let house = House::start(directory.path(), &["--config", path]);
    assert_eq!(house.connect().get("/api/v1/concerts", &[]).status, 200);
    assert!(house.stop());
    std::fs::write(&file, "[strategy]\nmap = \"batched\"\n").unwrap();
    let check = std::process::Command::new(env!("CARGO_BIN_EXE_admitone"))
        .args(["config", "check", path])
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(3));
    let (code, said) = admitone(&["doctor", "--config", path], directory.path());
    assert!(code == 1 && said.contains("single-writer"), "{said}");
}

const SEATS: usize = 8;
const BUYERS: usize = 12;

/// Those that need neither Redis nor a broker and are safe in one instance.
const ALONE: [&str; 8] = [
    "simple-lock",
    "spin-lock",
    "pessimistic",
    "optimistic",
    "conditional",
    "serializable",
    "single-writer",
    "batched pay=pessimistic charge=optimistic",
];

#[test]
fn every_strategy_that_needs_no_service_sells_a_show_on_postgres() {
    for map in ALONE {
        sell(Server::Postgres, map);
    }
}

#[test]
fn every_strategy_that_needs_no_service_sells_a_show_on_mariadb() {
    for map in ALONE {
        sell(Server::Mariadb, map);
    }
}

/// Sells every seat of a show, to one buyer each, and has the store checked.
fn sell(server: Server, map: &str) {
    let Some(store) = server.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let flags = ["--store", store.as_str(), "--strategy", map];
    let house = House::start(directory.path(), &flags);
    let begun = Instant::now();
    let front = Front::of(&[&house], SEATS);
    let buyers = front.send(BUYERS).into_iter();
    let tickets: Vec<String> = buyers.flat_map(|buyer| buyer.join().unwrap()).collect();
    let distinct: BTreeSet<&String> = tickets.iter().collect();
    assert_eq!((tickets.len(), distinct.len()), (SEATS, SEATS), "{server:?} {map}");
    println!("{server:?}, {map}: {SEATS} seats sold to {BUYERS} in {:.1?}", begun.elapsed());
    assert!(house.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{map}: {said}");
}

#[test]
fn what_cannot_be_safe_or_needs_what_is_not_there_is_refused_with_the_reason() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let refused = |map: &str, more: &[&str]| {
        let flags = [&["--store", store.as_str(), "--strategy", map], more].concat();
        let mut command = serve(directory.path(), &flags);
        let output = command.stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{map}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    for (map, reason) in [
        ("unsafe", "everything is plain"),
        ("batched charge=unsafe", "charge is plain"),
        ("spin-lock pay=simple-lock", "hold different locks"),
    ] {
        let said = refused(map, &[]);
        assert!(said.contains(reason) && said.contains("--allow-unsafe"), "{map}: {said}");
    }
    for (map, reason) in [
        ("redlock", "needs a Redis"),
        ("job-queue", "the delivery `jobs`"),
        ("kafka", "the delivery `kafka`"),
    ] {
        let said = refused(map, &["--allow-unsafe"]);
        assert!(said.contains(reason), "{map}: {said}");
    }
    let flags = ["--store", store.as_str(), "--strategy", "unsafe", "--allow-unsafe"];
    assert!(House::start(directory.path(), &flags).stop(), "it is sold so on purpose");
}
