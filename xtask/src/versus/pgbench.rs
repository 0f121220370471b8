//! `pgbench` with statements of ours, at the number of clients at which it is fastest.

use crate::command::output;
use crate::services::require;
use std::path::PathBuf;

/// It is tried with so many clients, each with a connection of its own.
const CLIENTS: [u32; 4] = [1, 4, 16, 64];
/// Enough that no client runs out in one load.
const SEATS: u32 = 400_000;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// One wallet: read for update, written, an entry added.
    HotRow,
    /// A seat that nobody else wants: taken if it is free, a reservation, an answer and an event
    /// added.
    DistinctSeats,
}

impl Script {
    fn name(self) -> &'static str {
        match self {
            Self::HotRow => "hot-row",
            Self::DistinctSeats => "distinct-seats",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::HotRow => include_str!("hot-row.sql"),
            Self::DistinctSeats => include_str!("distinct-seats.sql"),
        }
    }
}

/// The program, and the server.
pub(super) struct Pgbench {
    bench: String,
    psql: String,
    /// The server's address up to the name of a database.
    server: String,
    scratch: PathBuf,
}

impl Pgbench {
    /// Of the server that a database is on.
    pub(super) fn find(url: &str) -> Result<Self, String> {
        let (server, _) = url.rsplit_once('/').ok_or_else(|| format!("{url} names no database"))?;
        let scratch = std::env::temp_dir().join(format!("admitone-versus-{}", std::process::id()));
        std::fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
        let (pgbench, psql) = (require("pgbench")?, require("psql")?);
        Ok(Self { bench: pgbench, psql, server: server.to_owned(), scratch })
    }

    /// Makes a database; its address.
    pub(super) fn fresh_database(&self, name: &str) -> Result<String, String> {
        let at = |name: &str| format!("{}/{name}", self.server);
        output(&[&self.psql, "-qX", &at("postgres"), "-c", &format!("CREATE DATABASE {name}")])?;
        Ok(at(name))
    }

    /// Transactions a second at the number of clients at which they are most.
    pub(super) fn best(&self, script: Script, seconds: u32) -> Result<f64, String> {
        let path = self.scratch.join(script.name());
        std::fs::write(&path, script.text()).map_err(|error| error.to_string())?;
        let path = path.to_string_lossy();
        let mut best = 0.0_f64;
        for clients in CLIENTS {
            let database = self.prepared(script, clients)?;
            let (many, seconds) = (clients.to_string(), seconds.to_string());
            let step = format!("clients={clients}");
            let load = ["-n", "-M", "prepared", "-c", &many, "-T", &seconds, "-f", &*path];
            let words = [&[&*self.bench][..], &load, &["-D", "n=0", "-D", &step, &database]];
            let rate = rate(&output(&words.concat())?)?;
            println!("  pgbench {}, {clients} clients: {rate:.0} a second", script.name());
            best = best.max(rate);
        }
        Ok(best)
    }

    /// A database with the tables that the script needs, and nothing done yet.
    fn prepared(&self, script: Script, clients: u32) -> Result<String, String> {
        let name = format!("bare_{}_{clients}", script.name().replace('-', "_"));
        let drop = format!("DROP DATABASE IF EXISTS {name}");
        output(&[&self.psql, "-qX", &format!("{}/postgres", self.server), "-c", &drop])?;
        let database = self.fresh_database(&name)?;
        let tables = include_str!("tables.sql").replace(":seats", &SEATS.to_string());
        output(&[&self.psql, "-qX", "-v", "ON_ERROR_STOP=1", &database, "-c", &tables])?;
        output(&[&self.psql, "-qX", &database, "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT"])?;
        Ok(database)
    }
}

impl Drop for Pgbench {
    fn drop(&mut self) {
        // It has two scripts, and lies where such things may be left.
        drop(std::fs::remove_dir_all(&self.scratch));
    }
}

/// The rate that `pgbench` printed. One that failed transactions measured something else.
fn rate(printed: &str) -> Result<f64, String> {
    let failed =
        printed.lines().find_map(|line| line.strip_prefix("number of failed transactions: "));
    if !failed.is_none_or(|count| count.starts_with("0 ")) {
        return Err(format!("pgbench: {printed}"));
    }
    let tps = printed.lines().find_map(|line| line.strip_prefix("tps = "));
    let tps = tps.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    tps.ok_or_else(|| format!("pgbench: {printed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_and_one_with_failures_is_none() {
        let good = "number of failed transactions: 0 (0.000%)\ntps = 1234.5 (without initial)\n";
        assert_eq!(rate(good), Ok(1234.5));
        assert!(rate(&good.replace(": 0 (0", ": 7 (0")).is_err());
        assert!(rate("").is_err());
    }
}
