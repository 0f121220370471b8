//! Database servers of a test's own, which it may kill, stop, and start again where they were.
//!
//! Where tests run as root the server runs as the user that its package made: it refuses root.

pub(crate) mod process;

use crate::kept_ports::KeptPorts;
use crate::servers::Server;
use crate::service;
use process::{Process, User, program, run};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A server is waited for so many times a tenth of a second.
const TENTHS_MAX: usize = 600;

/// A server of a test's own. It goes with the test.
pub struct OwnServer {
    kind: Server,
    directory: TempDir,
    user: Option<User>,
    port: KeptPorts<1>,
    process: Process,
}

impl OwnServer {
    /// Starts one; none where tests have no server of this kind.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn start(kind: Server) -> Option<Self> {
        service::named(kind.variable())?;
        let user = User::for_a_server(kind);
        let directory = place(user.as_ref());
        make(kind, &directory, user.as_ref());
        Some(Self::serve(kind, directory, user))
    }

    /// Starts a replica of a PostgreSQL, which shows what that one was before `delay`.
    ///
    /// # Panics
    /// Panics if it does not start.
    #[must_use]
    pub fn replica(&self, delay: &str) -> Self {
        assert_eq!(self.kind, Server::Postgres);
        let directory = place(self.user.as_ref());
        let data = directory.path().join("data");
        let copy = program("pg_basebackup");
        let from = format!("host=127.0.0.1 port={} user=admitone", self.port());
        let words: [&str; 7] =
            [&copy, "-d", &from, "-R", "--checkpoint=fast", "-D", &data.to_string_lossy()];
        run(self.user.as_ref(), &words);
        let settings = data.join("postgresql.auto.conf");
        let text = std::fs::read_to_string(&settings).unwrap_or_default();
        let written =
            std::fs::write(settings, format!("{text}\nrecovery_min_apply_delay = '{delay}'\n"));
        written.unwrap_or_else(|error| panic!("{error}"));
        Self::serve(self.kind, directory, self.user.clone())
    }

    fn serve(kind: Server, directory: TempDir, user: Option<User>) -> Self {
        let port = KeptPorts::keep();
        let process = Process::start(user.as_ref(), &words(kind, &directory, port.numbers()[0]));
        let server = Self { kind, directory, user, port, process };
        server.await_start();
        server
    }

    fn port(&self) -> u16 {
        self.port.numbers()[0]
    }

    /// Where it listens.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// The address of a store on it.
    pub fn url(&self) -> String {
        match self.kind {
            Server::Postgres => format!("postgres://admitone@{}/postgres", self.authority()),
            Server::Mariadb => format!("mysql://root@{}/house", self.authority()),
        }
    }

    /// Kills it and whatever works for it, as when the machine loses its power.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it where it was.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn restart(&mut self) {
        let words = words(self.kind, &self.directory, self.port());
        self.process = Process::start(self.user.as_ref(), &words);
        self.await_start();
    }

    /// It is there and says nothing.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// It goes on where it was stopped.
    pub fn resume(&self) {
        self.process.resume();
    }

    fn await_start(&self) {
        let port = self.port().to_string();
        let (asks, words): (&str, Vec<&str>) = match self.kind {
            Server::Postgres => ("pg_isready", vec!["-q", "-h", "127.0.0.1", "-p", &port]),
            Server::Mariadb => (
                "mariadb-admin",
                vec!["--no-defaults", "-h127.0.0.1", "-uroot", "--silent", "-P", &port, "ping"],
            ),
        };
        let asks = program(asks);
        for _ in 0..TENTHS_MAX {
            if process::is_well(&[&[&*asks], &words[..]].concat()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{:?} did not start, see {}", self.kind, self.directory.path().display());
    }
}

/// A directory on disk that the server's user may enter.
fn place(user: Option<&User>) -> TempDir {
    let place = tempfile::Builder::new().prefix("admitone-").tempdir_in("/var/tmp");
    let place = place.unwrap_or_else(|error| panic!("{error}"));
    if let Some(user) = user {
        user.owns(place.path());
    }
    place
}

fn make(kind: Server, directory: &TempDir, user: Option<&User>) {
    let data = directory.path().join("data").to_string_lossy().into_owned();
    match kind {
        Server::Postgres => {
            let make = program("initdb");
            let words = [&*make, "-D", &data, "-U", "admitone", "-A", "trust", "-E", "UTF8"];
            run(user, &[&words[..], &["--locale=C.UTF-8", "--no-sync"]].concat());
        }
        Server::Mariadb => {
            let (make, data) = (program("mariadb-install-db"), format!("--datadir={data}"));
            let login = "--auth-root-authentication-method=normal";
            run(user, &[&make, "--no-defaults", &data, login, "--skip-test-db"]);
            let house = PathBuf::from(&data["--datadir=".len()..]).join("house");
            run(user, &["mkdir", &house.to_string_lossy()]);
        }
    }
}

/// The program with its settings: durable as in a sale.
fn words(kind: Server, directory: &TempDir, port: u16) -> Vec<String> {
    let data = directory.path().join("data").to_string_lossy().into_owned();
    let words: Vec<String> = match kind {
        Server::Postgres => {
            let settings = [
                "listen_addresses=127.0.0.1".to_owned(),
                "unix_socket_directories=".to_owned(),
                "shared_buffers=32MB".to_owned(),
                "fsync=on".to_owned(),
                "wal_level=replica".to_owned(),
                format!("port={port}"),
            ];
            let settings = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]);
            [program("postgres"), "-D".to_owned(), data].into_iter().chain(settings).collect()
        }
        Server::Mariadb => vec![
            program("mariadbd"),
            "--no-defaults".to_owned(),
            format!("--datadir={data}"),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".to_owned(),
            "--socket=socket".to_owned(),
            "--pid-file=mariadbd.pid".to_owned(),
            "--skip-log-bin".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--innodb-buffer-pool-size=32M".to_owned(),
            "--innodb-flush-log-at-trx-commit=1".to_owned(),
        ],
    };
    words
}
