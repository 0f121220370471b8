//! The database is killed, and stopped for longer than instances keep their leases.

use super::load::{Load, SEATS};
use super::{for_a_while, instance};
use crate::process::House;
use crate::shopper::import;
use admitone_conformance::own_server::OwnServer;
use admitone_conformance::servers::Server;
use std::time::Duration;

/// Longer than the lease of an instance and than any answer may take.
const STOPPED: Duration = Duration::from_secs(7);

#[test]
fn nothing_acknowledged_is_lost_when_postgres_is_killed_and_stopped() {
    killed_and_stopped(Server::Postgres);
}

#[test]
fn nothing_acknowledged_is_lost_when_mariadb_is_killed_and_stopped() {
    killed_and_stopped(Server::Mariadb);
}

fn killed_and_stopped(kind: Server) {
    let Some(mut server) = OwnServer::start(kind) else { return };
    let (directory, store) = (tempfile::tempdir().unwrap(), server.url());
    import(directory.path(), &store, SEATS, None);
    let house = instance(directory.path(), &["--store", &store], &[]);
    let load = Load::begin(&[&house.address], 6);
    for_a_while(1_500);
    server.kill();
    for_a_while(500);
    server.restart();
    for_a_while(1_500);
    let day = load.end(&format!("{kind:?} killed"), &store);
    assert!(day.disturbed() > 0, "nobody noticed");

    let load = Load::begin(&[&house.address], 6);
    for_a_while(500);
    server.pause();
    std::thread::sleep(STOPPED);
    server.resume();
    for_a_while(1_000);
    let day = load.end(&format!("{kind:?} stopped for {STOPPED:?}"), &store);
    assert!(day.refused.contains_key("NOT_ANSWERED"), "nobody waited for it");
    assert!(House::stop(house));
}
