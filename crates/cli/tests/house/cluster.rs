//! Several instances behind one port: one is killed and the sale goes on, it comes back, and all
//! end with the cluster.

use crate::process::{House, admitone};
use crate::redis::shared;
use crate::shared_rooms::{self, GUESTS, Guest, come_through};
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import, until};
use crate::stream::Stream;
use serde_json::json;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

const SEATS: usize = 200;
const BUYERS: usize = 60;

fn cluster(store: &str, instances: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
    let arguments = ["cluster", "--listen", "127.0.0.1:0", "--instances", instances];
    command.args(arguments).args(["--store", store]).stdout(Stdio::piped());
    command
}

/// The processes that a process has started and that live.
fn children(parent: u32) -> BTreeSet<u32> {
    let line = format!("PPid:\t{parent}");
    let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |number: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        status.lines().any(|found| found == line) && !status.contains("State:\tZ")
    };
    numbers.filter(is_child).collect()
}

fn is_gone(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    status.map_or(true, |status| status.contains("State:\tZ"))
}

fn kill(process: u32) {
    assert!(Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap().success());
}

#[test]
fn one_of_a_cluster_is_killed_and_the_sale_goes_on() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let house = House::run(cluster(&store, "3"), directory.path());
    assert!(house.operator_key.is_some(), "the first instance made an operator");
    let before = children(house.pid());
    assert_eq!(before.len(), 3);
    let front = Front::of(&[&house], SEATS);
    // Everybody buys one seat, one after the other, until there are as many as buyers.
    let buyers: Vec<_> = front.send(BUYERS);
    until("some are sold", || front.sold.load(Ordering::SeqCst) > 2);
    let killed = *before.first().unwrap();
    kill(killed);
    let at = front.sold.load(Ordering::SeqCst);
    assert!(at < BUYERS, "it was killed in the middle, not behind the end");
    let seats: Vec<String> = buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect();
    let distinct: BTreeSet<&String> = seats.iter().collect();
    assert_eq!((seats.len(), distinct.len()), (BUYERS, BUYERS), "all were served, none twice");
    until("another has taken its place", || {
        let now = children(house.pid());
        now.len() == 3 && !now.contains(&killed)
    });
    // It sells: all three are led to.
    let (last, all) = (Shopper::new(&front, 0).buy(), children(house.pid()));
    assert_eq!(last.len(), 1);
    assert!(house.stop(), "it ends well");
    assert!(all.into_iter().all(is_gone), "and its instances before it");
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_cluster_with_redis_on_postgres_has_one_line_and_one_board() {
    with_redis(Server::Postgres);
}

#[test]
fn a_cluster_with_redis_on_mariadb_has_one_line_and_one_board() {
    with_redis(Server::Mariadb);
}

/// Every connection comes to the next instance: a line, streams and a sale through one port.
fn with_redis(server: Server) {
    let (Some(store), Some(redis)) = (server.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    shared_rooms::import(directory.path(), &store);
    let mut command = cluster(&store, "3");
    command.args(["--redis", &redis]);
    let house = House::run(command, directory.path());
    let instances = children(house.pid());
    assert_eq!(instances.len(), 3);
    let mut line: Vec<Guest> = (0..GUESTS).map(|_| Guest::joins(&house)).collect();
    let places: Vec<u64> = line.iter().map(|guest| guest.place).collect();
    assert_eq!(places, (1..=GUESTS).collect::<Vec<u64>>(), "one line, in the order of coming");
    for guest in &line {
        guest.charges(&house);
    }
    for room in &mut streams(&house, &[], "/api/v1/rooms/room_1/events") {
        assert_eq!(room.next().0, "room");
    }
    let first = &line[0];
    until("the first is let in", || first.is_inside(&house));
    let pass = [("authorization", first.token.as_str()), ("queue-token", first.pass.as_str())];
    // Whichever instance he comes to: who was called a moment ago is known there soon.
    until("he holds his seat", || first.tries_to_hold(&house).status == 201);
    let mut boards = streams(&house, &pass, "/api/v1/shows/show_1/seats/events");
    for board in &mut boards {
        let (_, snapshot) = board.next();
        assert_eq!(snapshot["seats"].as_array().unwrap().len() as u64, GUESTS);
    }
    let second = &line[1];
    until("so does the second", || second.tries_to_hold(&house).status == 201);
    for board in &mut boards {
        board.until(|_, news| {
            let held = json!({ "id": "seat_2", "state": "held" });
            let seats = news["seats"].as_array().unwrap();
            seats.iter().any(|seat| seat["id"] == held["id"] && seat["state"] == held["state"])
        });
    }
    // All of them, while one instance dies and comes back. Each question is answered by another
    // instance, and of two of them one may know a moment later who was called.
    kill(*instances.first().unwrap());
    come_through(&mut line, &[&house], 0);
    assert!(house.stop(), "it ends well");
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
}

/// A stream from each of three instances.
fn streams(house: &House, headers: &[(&str, &str)], path: &str) -> Vec<Stream> {
    (0..3).map(|_| Stream::open(&house.address, headers, path)).map(|(_, stream)| stream).collect()
}

#[test]
fn the_instances_of_a_cluster_that_is_killed_end() {
    let Some(store) = Server::Mariadb.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    let house = House::run(cluster(&store, "2"), directory.path());
    let instances = children(house.pid());
    assert_eq!(instances.len(), 2);
    house.kill();
    until("they are gone", || instances.iter().copied().all(is_gone));
}

#[test]
fn a_cluster_needs_a_store_that_can_be_shared() {
    let directory = tempfile::tempdir().unwrap();
    let (code, said) = admitone(&["cluster"], directory.path());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("--store postgres://"), "{said}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
    let nobody = "postgres://nobody@127.0.0.1:1/nowhere";
    let (code, said) =
        admitone(&["cluster", "--listen", "127.0.0.1:0", "--store", nobody], directory.path());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("instance 1"), "{said}");
}
