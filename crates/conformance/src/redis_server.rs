//! Redis servers for tests: those that the environment names, and servers of a test's own, which it
//! may kill, stop, and start with another idea of the time.

use crate::kept_ports::KeptPorts;
use crate::service;
use rustix::process::{Pid, Signal, kill_process};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// The addresses of the servers that all tests share; none where there are none and none are
/// required.
pub fn shared() -> Option<Vec<String>> {
    let named = service::named("ADMITONE_TEST_REDIS")?;
    Some(named.split(',').map(str::to_owned).collect())
}

/// What the names of a test begin with on a server that it shares.
pub fn own_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Answers before the system when a program asks for the time.
const FAKETIME: &str = "faketime/libfaketime.so.1";

/// A server is waited for so many times a fortieth of a second.
const LOOKS_MAX: usize = 2_400;

/// A server of a test's own. It goes with the test.
pub struct RedisServer {
    directory: TempDir,
    port: KeptPorts<1>,
    child: Child,
    is_durable: bool,
    /// Where the libraries are, for one that is told another time.
    other_time: Option<PathBuf>,
}

impl RedisServer {
    /// Starts one that forgets everything when it ends; none where tests have no Redis.
    pub fn start() -> Option<Self> {
        Self::new(false, None)
    }

    /// Starts one that writes down what it is told, once a second.
    pub fn start_durable() -> Option<Self> {
        Self::new(true, None)
    }

    /// Starts one whose clock can be set: a library before the system's answers when it asks for
    /// the time. None where there is no such library here.
    pub fn start_with_own_time() -> Option<Self> {
        const PLACES: [&str; 2] = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
        let places = PLACES.into_iter().map(PathBuf::from);
        let found = places.into_iter().find(|place| place.join(FAKETIME).exists());
        if found.is_none() {
            assert!(!service::is_required(), "libfaketime is not installed");
            service::say(format_args!("NOT RUN: libfaketime is not installed"));
        }
        Self::new(false, Some(found?))
    }

    fn new(is_durable: bool, other_time: Option<PathBuf>) -> Option<Self> {
        shared()?;
        let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let port = KeptPorts::keep();
        set_time(&directory, 0);
        let child = spawn(&directory, port.numbers()[0], is_durable, other_time.as_ref());
        let server = Self { directory, port, child, is_durable, other_time };
        server.await_start();
        Some(server)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port.numbers()[0]
    }

    /// As a crash: nothing is written any more.
    pub fn kill(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Starts it again where it was, with what it has written down.
    pub fn restart(&mut self) {
        self.child = spawn(&self.directory, self.port(), self.is_durable, self.other_time.as_ref());
        self.await_start();
    }

    /// It is there and says nothing.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// It goes on where it was stopped.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Its clock is so far from the world's, from now on.
    pub fn jump(&self, seconds: i64) {
        set_time(&self.directory, seconds);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let sent = pid.map(|pid| kill_process(pid, signal));
        assert_eq!(sent, Some(Ok(())), "the server is not there");
    }

    /// A server listens before it answers: only its answer says that it is there.
    fn await_start(&self) {
        for _ in 0..LOOKS_MAX {
            if self.is_answering() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("redis-server did not start on port {}", self.port());
    }

    fn is_answering(&self) -> bool {
        use std::io::{Read, Write};
        let asked =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(2)))?;
                stream.write_all(b"PING\r\n")?;
                let mut answer = [0; 5];
                stream.read_exact(&mut answer)?;
                Ok(answer == *b"+PONG")
            });
        asked.unwrap_or(false)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_time(directory: &TempDir, seconds: i64) {
    // In one step: the server reads it whenever it asks for the time.
    let (new, time) = (directory.path().join("new-time"), directory.path().join("time"));
    let written = std::fs::write(&new, format!("{seconds:+}s\n"));
    let written = written.and_then(|()| std::fs::rename(new, time));
    written.unwrap_or_else(|error| panic!("{error}"));
}

fn spawn(directory: &TempDir, port: u16, is_durable: bool, other_time: Option<&PathBuf>) -> Child {
    let appendonly = if is_durable { "yes" } else { "no" };
    let mut command = Command::new("redis-server");
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--repl-diskless-sync-delay", "0"])
        .args(["--appendonly", appendonly, "--appendfsync", "everysec", "--dir"])
        .arg(directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(libraries) = other_time {
        // The memory of the C library: that of Redis asks for the time before it can be told.
        let preloaded = [FAKETIME, "libc.so.6"].map(|name| libraries.join(name));
        let preloaded = preloaded.map(|path| path.to_string_lossy().into_owned()).join(":");
        command
            .env("LD_PRELOAD", preloaded)
            .env("FAKETIME_TIMESTAMP_FILE", directory.path().join("time"))
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
    command.spawn().unwrap_or_else(|error| panic!("redis-server: {error}"))
}
