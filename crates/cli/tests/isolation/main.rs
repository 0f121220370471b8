//! What the isolation levels of the servers keep away, and what they let happen.
//!
//! Interleavings of two or three transactions are played on plain connections to SQLite,
//! PostgreSQL and MariaDB at each level that these offer. What is observed must be what
//! `docs/isolation.md` says; with `ADMITONE_OBSERVE` set it is written there instead.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "what was observed is shown")]

mod document;
mod interleavings;
mod servers;
mod stage;

use interleavings::{ALL, Interleaving};
use servers::{Level, Server};
use stage::Outcome;

/// Every interleaving at every level: a row of outcomes for each interleaving.
type Observed = Vec<(&'static Interleaving, Vec<Outcome>)>;

#[test]
fn every_interleaving_is_explained() {
    document::check("What is tried", &document::tried());
}

#[test]
fn sqlite_does_what_was_observed() {
    let observed = observe(Server::Sqlite);
    must_be_serializable(Server::Sqlite, &["deferred", "immediate"], &observed);
    // The control: where one connection reads what another has not committed, it is seen.
    must_happen(Server::Sqlite, "read uncommitted", "G1a", &observed);
}

#[test]
fn postgres_does_what_was_observed() {
    if Server::Postgres.is_absent() {
        return;
    }
    let observed = observe(Server::Postgres);
    must_be_serializable(Server::Postgres, &["serializable"], &observed);
    must_happen(Server::Postgres, "read committed", "P4", &observed);
    must_happen(Server::Postgres, "repeatable read", "G2-item", &observed);
}

#[test]
fn mariadb_does_what_was_observed() {
    if Server::Mariadb.is_absent() {
        return;
    }
    let observed = observe(Server::Mariadb);
    must_be_serializable(Server::Mariadb, &["serializable"], &observed);
    must_happen(Server::Mariadb, "read uncommitted", "G1a", &observed);
    must_happen(Server::Mariadb, "repeatable read", "P4", &observed);
}

/// Plays everything on a server, prints it, and holds it against the document.
fn observe(server: Server) -> Observed {
    let mut observed: Observed = ALL.iter().map(|one| (one, Vec::new())).collect();
    for level in server.levels() {
        let played = std::thread::scope(|scope| {
            let play = |one| scope.spawn(move || stage::play(server, level, one));
            let playing: Vec<_> = ALL.iter().map(play).collect();
            playing.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        for (row, outcome) in observed.iter_mut().zip(played) {
            row.1.push(outcome);
        }
    }
    document::check(server.name(), &document::table(server, &observed));
    observed
}

fn of<'a>(
    server: Server,
    level: &'a str,
    observed: &'a Observed,
) -> impl Iterator<Item = (&'static str, Outcome)> + 'a {
    let is_it = |known: &Level| known.name == level;
    let column = server.levels().iter().position(is_it).expect("the level is known");
    observed.iter().map(move |(one, outcomes)| (one.name, outcomes[column]))
}

fn must_be_serializable(server: Server, levels: &[&str], observed: &Observed) {
    for level in levels {
        for (name, outcome) in of(server, level, observed) {
            assert_ne!(outcome, Outcome::Happens, "{name} at {level}");
        }
    }
}

fn must_happen(server: Server, level: &str, wanted: &str, observed: &Observed) {
    let found = of(server, level, observed).find(|(name, _)| *name == wanted);
    assert_eq!(found, Some((wanted, Outcome::Happens)), "at {level}");
}
