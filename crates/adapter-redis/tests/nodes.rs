//! Redis servers for tests: those that the environment names, under a prefix of their own, and
//! servers of our own where a test kills or stops them.
#![expect(dead_code, reason = "each test uses a part of it")]

use admitone_adapter_redis::Node;
use rustix::process::{Pid, Signal, kill_process};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where the environment names the servers.
const VARIABLE: &str = "ADMITONE_TEST_REDIS";
/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The servers that all tests share; none when there are none: then the test says so, and fails
/// where it must not pass without.
pub(crate) fn shared() -> Option<Vec<String>> {
    if let Ok(found) = std::env::var(VARIABLE) {
        return Some(found.split(',').map(str::to_owned).collect());
    }
    let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
    assert!(!is_required, "{VARIABLE} is not set");
    eprintln!("NOT RUN: {VARIABLE} is not set");
    None
}

/// A prefix that no other test uses.
pub(crate) fn prefix() -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{number}", std::process::id())
}

pub(crate) fn node(address: &str) -> Node {
    Node::new(address, Duration::from_millis(300)).unwrap()
}

/// A server of a test's own, which it may kill. It goes with the test.
pub(crate) struct Server {
    directory: tempfile::TempDir,
    port: u16,
    child: Child,
    durable: bool,
}

impl Server {
    /// Starts one that forgets everything when it ends; none when there is no such program here.
    pub(crate) fn start() -> Option<Self> {
        Self::new(false)
    }

    /// Starts one that writes down what it is told, once a second.
    pub(crate) fn start_durable() -> Option<Self> {
        Self::new(true)
    }

    fn new(durable: bool) -> Option<Self> {
        shared()?;
        let directory = tempfile::tempdir().unwrap();
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let child = spawn(directory.path(), port, durable);
        let server = Self { directory, port, child, durable };
        server.await_start();
        Some(server)
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn node(&self) -> Node {
        node(&self.address())
    }

    /// As a crash: nothing is written any more.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.directory.path(), self.port, self.durable);
        self.await_start();
    }

    /// It is there and says nothing.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let number = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(number).unwrap(), signal).unwrap();
    }

    fn await_start(&self) {
        for _ in 0..200 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("redis-server did not start on port {}", self.port);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(directory: &std::path::Path, port: u16, durable: bool) -> Child {
    let appendonly = if durable { "yes" } else { "no" };
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", appendonly, "--appendfsync", "everysec", "--dir"])
        .arg(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
