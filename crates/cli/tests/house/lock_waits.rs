//! Waits for locks of the database are seen in the figures while they last, and counted.

use crate::figures::{documented, exported, scrape};
use crate::process::House;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import, until};
use mysql_async::prelude::Queryable;
use tokio::runtime::Runtime;

const WAITING: &str = "admitone_store_lock_waiting";
const LONGEST: &str = "admitone_store_lock_wait_longest_seconds";
const TOTAL: &str = "admitone_store_lock_waits_total";
const TOTAL_SECONDS: &str = "admitone_store_lock_wait_seconds_total";
const DEADLOCKS: &str = "admitone_store_deadlocks_total";

/// All rows that a charge could want.
const LOCK: &str = "SELECT * FROM wallet FOR UPDATE";

#[test]
fn waits_for_locks_of_postgres_are_figures() {
    watch(Server::Postgres, &[WAITING, LONGEST, DEADLOCKS]);
}

#[test]
fn waits_for_locks_of_mariadb_are_figures() {
    watch(Server::Mariadb, &[WAITING, LONGEST, TOTAL, TOTAL_SECONDS, DEADLOCKS]);
}

fn watch(server: Server, told: &[&str]) {
    // Not beside other tests: who waits there must not be seen here.
    let Some(store) = server.fresh_database() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, 4, None);
    let house = House::start(directory.path(), &["--store", &store]);
    let front = Front::of(&[&house], 4);
    let mut ann = Shopper::new(&front, 0);
    assert_eq!(ann.send("POST /api/v1/wallet/charges", r#"{"amount":1}"#).status, 201);
    until("the watch has looked", || value(&house, DEADLOCKS).is_some());
    let names = exported(&scrape(&house));
    let of_store = names.iter().filter(|(name, _)| name.starts_with("admitone_store_"));
    let mut expected = told.to_vec();
    expected.sort_unstable();
    assert_eq!(of_store.clone().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
    let documented = documented();
    of_store.for_each(|(name, kind)| assert_eq!(documented.get(name), Some(kind), "{name}"));
    // The control: nobody waits, and nobody is seen to.
    assert_eq!((value(&house, WAITING), value(&house, LONGEST)), (Some(0.0), Some(0.0)));
    let before = told.iter().map(|name| value(&house, name).unwrap()).collect::<Vec<_>>();

    let mut holder = Session::open(server, &store);
    holder.run("BEGIN").unwrap();
    holder.run(LOCK).unwrap();
    std::thread::scope(|scope| {
        let charged =
            scope.spawn(move || ann.send("POST /api/v1/wallet/charges", r#"{"amount":2}"#));
        until("a wait is seen", || {
            value(&house, WAITING) >= Some(1.0) && value(&house, LONGEST) > Some(0.0)
        });
        holder.run("ROLLBACK").unwrap();
        assert_eq!(charged.join().unwrap().status, 201);
    });
    until("it is over", || {
        value(&house, WAITING) == Some(0.0) && value(&house, LONGEST) == Some(0.0)
    });
    lock_in_a_circle(server, &store);
    for (name, before) in told.iter().zip(before).filter(|(name, _)| name.ends_with("_total")) {
        until(name, || value(&house, name) > Some(before));
        println!("{server:?}: {name} {before} then {}", value(&house, name).unwrap());
    }
    assert!(house.stop());
}

fn value(house: &House, figure: &str) -> Option<f64> {
    let scrape = scrape(house);
    let line = scrape.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

/// Two transactions, each of which wants what the other has: one is refused.
fn lock_in_a_circle(server: Server, store: &str) {
    let (mut one, mut other) = (Session::open(server, store), Session::open(server, store));
    one.run("CREATE TABLE circle (id INTEGER PRIMARY KEY, value INTEGER)").unwrap();
    one.run("INSERT INTO circle VALUES (1, 0), (2, 0)").unwrap();
    for (session, id) in [(&mut one, 1), (&mut other, 2)] {
        session.run("BEGIN").unwrap();
        session.run(&format!("UPDATE circle SET value = 1 WHERE id = {id}")).unwrap();
    }
    let refused = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| one.run("UPDATE circle SET value = 1 WHERE id = 2").is_err());
        let last = other.run("UPDATE circle SET value = 1 WHERE id = 1").is_err();
        // Whichever was let through had to wait until the other was gone.
        drop(other);
        usize::from(waiting.join().unwrap()) + usize::from(last)
    });
    assert_eq!(refused, 1, "one of them goes on");
}

/// A connection of nobody's.
enum Session {
    Postgres(Runtime, tokio_postgres::Client),
    Mariadb(Runtime, mysql_async::Conn),
}

impl Session {
    fn open(server: Server, store: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match server {
            Server::Postgres => {
                let connecting = tokio_postgres::connect(store, tokio_postgres::NoTls);
                let (client, connection) = runtime.block_on(connecting).unwrap();
                runtime.spawn(connection);
                Self::Postgres(runtime, client)
            }
            Server::Mariadb => {
                let client = runtime.block_on(mysql_async::Conn::from_url(store)).unwrap();
                Self::Mariadb(runtime, client)
            }
        }
    }

    fn run(&mut self, sql: &str) -> Result<(), String> {
        match self {
            Self::Postgres(runtime, client) => {
                runtime.block_on(client.batch_execute(sql)).map_err(|error| error.to_string())
            }
            Self::Mariadb(runtime, client) => {
                runtime.block_on(client.query_drop(sql)).map_err(|error| error.to_string())
            }
        }
    }
}
