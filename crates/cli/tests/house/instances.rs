//! Two instances, nothing shared between them but a store: they sell one show to the last seat,
//! one is killed in the middle, and the other goes on with its work.

use crate::process::{House, admitone, serve};
use crate::shared_store::Server;
use crate::shopper::{Front, PATIENCE, Shopper, import, until};
use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How large a sale is.
struct Size {
    seats: usize,
    buyers: usize,
    /// How many hold a seat and are never heard of again.
    vanishing: usize,
}

#[test]
fn two_instances_on_postgres_sell_to_the_last_seat_though_one_is_killed() {
    sell(Server::Postgres, &Size { seats: 200, buyers: 400, vanishing: 20 });
}

#[test]
fn two_instances_on_mariadb_sell_to_the_last_seat_though_one_is_killed() {
    sell(Server::Mariadb, &Size { seats: 40, buyers: 80, vanishing: 4 });
}

fn sell(server: Server, size: &Size) {
    let Some(store) = server.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, size.seats, None);
    let flags = ["--store", store.as_str()];
    let first = House::start(directory.path(), &flags);
    let second = House::start(directory.path(), &flags);
    let front = Front::of(&[&first, &second], size.seats);
    for _ in 0..size.vanishing {
        let mut buyer = Shopper::new(&front, 0);
        assert_eq!(buyer.hold_best().status, 201);
    }
    let begun = Instant::now();
    let buyers = front.send(size.buyers);
    while front.sold.load(Ordering::SeqCst) < size.seats / 3 {
        assert!(begun.elapsed() < PATIENCE, "a third was never sold");
        std::thread::sleep(Duration::from_millis(5));
    }
    front.addresses.lock().unwrap().remove(0);
    first.kill();
    let killed_at = front.sold.load(Ordering::SeqCst);
    let mut tickets: Vec<String> = Vec::new();
    for buyer in buyers {
        tickets.extend(buyer.join().unwrap());
    }
    let span = begun.elapsed();
    let distinct: BTreeSet<&String> = tickets.iter().collect();
    assert_eq!(tickets.len(), size.seats, "every seat is sold");
    assert_eq!(distinct.len(), size.seats, "no seat is sold twice");
    let board = second.connect().get("/api/v1/shows/show_1/seats", &[]).json();
    let sold = board["seats"].as_array().unwrap().iter().filter(|seat| seat["state"] == "sold");
    assert_eq!(sold.count(), size.seats, "the board knows what was sold by the other");
    assert!(second.stop());
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
    println!(
        "{server:?}: {} seats, {} buyers, two instances, one killed at {killed_at} sold: all sold \
         after {span:.1?}, none twice; {said}",
        size.seats, size.buyers
    );
}

#[test]
fn what_one_instance_changes_the_other_knows() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let flags = ["--store", store.as_str()];
    let first = House::start(directory.path(), &flags);
    let second = House::start(directory.path(), &flags);
    let (here, there) = (Front::of(&[&first], 4), Front::of(&[&second], 4));
    // A board that is loaded before anything happens.
    let state = |house: &House| {
        let board = house.connect().get("/api/v1/shows/show_1/seats", &[]).json();
        board["seats"][0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&second), "available");
    let mut ann = Shopper::new(&here, 0);
    let wanted = r#"{"show":"show_1","seats":["seat_1"]}"#;
    assert_eq!(ann.send("POST /api/v1/reservations", wanted).status, 201);
    until("a hold is seen by the other instance", || state(&second) == "held");
    // A token of one is good at the other, and a key too.
    ann.front = &there;
    let again = ann.send("POST /api/v1/reservations", wanted);
    assert_eq!(again.status, 409, "the seat is held: {}", again.body);
    // An operator that is made beside both is known to both.
    let mut add = Command::new(env!("CARGO_BIN_EXE_admitone"));
    let added = add.args(["user", "--store", &store, "add", "Eve"]).output().unwrap();
    let said = String::from_utf8_lossy(&added.stdout).into_owned();
    assert!(added.status.success(), "{said}");
    let key = said.lines().find_map(|line| line.strip_prefix("operator key: ")).unwrap();
    let bearer = format!("Bearer {key}");
    for house in [&first, &second] {
        until("the operator is known", || {
            let log = house.connect().get("/api/v1/operator/log", &[("authorization", &bearer)]);
            log.status == 200 && log.body.contains("op_")
        });
    }
}

#[test]
fn a_store_without_its_guards_is_sold_from_only_on_purpose() {
    for server in [Server::Postgres, Server::Mariadb] {
        let Some(store) = server.fresh() else { continue };
        let directory = tempfile::tempdir().unwrap();
        let flags = ["--store", store.as_str()];
        let migrate = ["migrate", "--without-guards", "--store", &store];
        let (code, said) = admitone(&migrate, directory.path());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("without its guards"), "{said}");
        let refused = serve(directory.path(), &flags).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(3), "{said}");
        assert!(said.contains("--allow-unsafe"), "{said}");
        let unsafe_flags = ["--store", store.as_str(), "--allow-unsafe"];
        assert!(House::start(directory.path(), &unsafe_flags).stop());
        let (code, said) = admitone(&["migrate", "--store", &store], directory.path());
        assert_eq!(code, 0, "{said}");
        assert!(House::start(directory.path(), &flags).stop());
        let (code, said) = admitone(&["doctor", "--store", &store], directory.path());
        assert!(said.contains("1 operators, 0 waiting rooms"), "{code} {said}");
    }
}
