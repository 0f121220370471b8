//! All connections of an instance are in use: whoever needs one is told in time.

use super::load::{Load, SEATS};
use super::{for_a_while, instance};
use crate::process::House;
use crate::shared_store::{Server, execute};
use crate::shopper::import;

/// More than an instance has connections.
const BUYERS: usize = 40;

#[test]
fn when_all_connections_are_in_use_everybody_is_told_in_time() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    // Each command has a connection of its own, and a lock on the wallets keeps all of them.
    let flags = ["--store", &store, "--strategy", "pessimistic"];
    let house = instance(directory.path(), &flags, &[]);
    let load = Load::begin(&[&house.address], BUYERS);
    for_a_while(800);
    execute(&store, "BEGIN; LOCK TABLE wallet; SELECT pg_sleep(7); COMMIT");
    for_a_while(500);
    let day = load.end("all connections in use for 7s", &store);
    assert!(day.refused.contains_key("NOT_ANSWERED"), "{:?}", day.refused);
    assert!(House::stop(house));
}
