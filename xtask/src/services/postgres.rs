//! PostgreSQL: a cluster of its own, durable as in a sale.

use super::install::require;
use super::place::{Place, User};
use super::process::{self, Wish};
use crate::command::output;

pub(super) fn start(place: &Place) -> Result<String, String> {
    let user = User::first_of(&["postgres", "nobody"])?;
    let data = place.data(user.as_ref())?.to_string_lossy().into_owned();
    let (initdb, server) = (require("initdb")?, require("postgres")?);
    // Only the making of the empty cluster is not synced.
    let make = [&*initdb, "-D", &data, "-U", "admitone", "-A", "trust", "-E", "UTF8"];
    place.run(user.as_ref(), &[&make[..], &["--locale=C.UTF-8", "--no-sync"]].concat())?;
    let words = |port: u16| {
        let mut words = vec![server.clone(), "-D".to_owned(), data.clone()];
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=128MB",
            "max_wal_size=2GB",
            "fsync=on",
            "synchronous_commit=on",
            // A test that waits for a deadlock to be found need not wait a second.
            "deadlock_timeout=100ms",
        ];
        let port = format!("port={port}");
        for setting in settings.into_iter().chain([port.as_str()]) {
            words.extend(["-c".to_owned(), setting.to_owned()]);
        }
        words
    };
    let ready = require("pg_isready")?;
    let answers = |port: u16| output(&[&ready, "-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
    let port = process::start(
        place,
        &Wish {
            name: "postgres",
            user: user.as_ref(),
            end: "INT",
            words: &words,
            answers: &|port| answers(port).is_ok(),
        },
    )?;
    Ok(format!("postgres://admitone@127.0.0.1:{port}/postgres"))
}
