//! One of two instances is killed and started again; the other is stopped for longer than its lease.

use super::load::{Load, SEATS};
use super::{for_a_while, instance};
use crate::process::House;
use crate::shared_store::Server;
use crate::shopper::import;
use std::time::Duration;

/// Longer than the lease of an instance.
const STOPPED: Duration = Duration::from_secs(7);

#[test]
fn nothing_acknowledged_is_lost_when_instances_are_killed_and_stopped() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let start = || instance(directory.path(), &["--store", &store], &[]);
    let (mut first, second) = (start(), start());
    let load = Load::begin(&[&first.address, &second.address], 6);
    for _ in 0..if super::is_long() { 20 } else { 3 } {
        for_a_while(400);
        first.kill();
        first = start();
        load.counter.moved(0, &first.address);
    }
    let day = load.end("an instance of two killed", &store);
    assert!(day.disturbed() > 0, "nobody noticed");

    let load = Load::begin(&[&first.address, &second.address], 6);
    for_a_while(500);
    second.pause();
    std::thread::sleep(STOPPED);
    second.resume();
    for_a_while(500);
    // Whoever asked the one that was stopped waited for it too.
    load.waited(STOPPED).end(&format!("an instance of two stopped for {STOPPED:?}"), &store);
    assert!([first, second].into_iter().all(House::stop));
}
