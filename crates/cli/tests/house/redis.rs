//! Redis servers: those that the environment names, and one that a test may kill.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const VARIABLE: &str = "ADMITONE_TEST_REDIS";
/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

/// The addresses of the servers that all tests share, with commas between them; none where there
/// are none and none are required.
pub(crate) fn shared() -> Option<String> {
    if let Ok(found) = std::env::var(VARIABLE) {
        return Some(found);
    }
    let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
    assert!(!is_required, "{VARIABLE} is not set");
    println!("NOT RUN: {VARIABLE} is not set");
    None
}

/// A server of a test's own. It goes with the test, and forgets everything when it ends.
pub(crate) struct Redis {
    port: u16,
    child: Child,
}

impl Redis {
    pub(crate) fn start() -> Option<Self> {
        shared()?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let redis = Self { port, child: spawn(port) };
        redis.await_start();
        Some(redis)
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.port);
        self.await_start();
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

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir", "/"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
