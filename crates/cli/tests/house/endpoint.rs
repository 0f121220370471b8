//! An endpoint of webhooks: it answers as it is told to, keeps what it was sent, and checks
//! signatures by itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing takes longer: the second attempt at a message is made after some five seconds, the lease
/// of a killed instance is over after ten.
const PATIENCE: Duration = Duration::from_mins(1);

/// Something that was sent to it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    timestamp: String,
    signature: String,
    raw: String,
    pub(crate) body: Value,
    /// What it was answered.
    pub(crate) status: u16,
}

#[derive(Default)]
struct Seen {
    messages: Mutex<Vec<Message>>,
    connections: AtomicUsize,
    status: AtomicU16,
    is_over: AtomicBool,
}

/// A running endpoint.
pub(crate) struct Endpoint {
    address: SocketAddr,
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    /// On a free port, answering 200.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        seen.status.store(200, Ordering::SeqCst);
        let noted = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if noted.is_over.load(Ordering::SeqCst) {
                    return;
                }
                noted.connections.fetch_add(1, Ordering::SeqCst);
                let seen = Arc::clone(&noted);
                std::thread::spawn(move || take(stream, &seen));
            }
        });
        Self { address, seen, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it answers from now on.
    pub(crate) fn answers(&self, status: u16) {
        self.seen.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// What it was sent, in the order in which it came.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.seen.messages.lock().unwrap().clone()
    }

    /// What it was sent and took.
    pub(crate) fn taken(&self) -> Vec<Message> {
        let mut all = self.messages();
        all.retain(|message| message.status < 300);
        all
    }

    /// Waits until what was sent is as it should be.
    pub(crate) fn until<T>(&self, what: &str, found: impl Fn(&[Message]) -> Option<T>) -> T {
        until(what, || found(&self.messages()))
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::SeqCst);
        // Somebody has to come, so that it sees that it is over.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits until something is found.
pub(crate) fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Message {
    /// Whether it is signed with a secret, worked out apart from the house: HMAC-SHA256 over id,
    /// timestamp and body.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert!(key.len() >= 24, "a secret has 24 bytes or more");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.raw);
        let fits = |signature: &str| {
            let bytes = signature.strip_prefix("v1,").map(|text| STANDARD.decode(text).unwrap());
            bytes.is_some_and(|bytes| hmac::verify(&key, signed.as_bytes(), &bytes).is_ok())
        };
        self.signature.split(' ').any(fits)
    }

    /// When this attempt was made, in seconds.
    pub(crate) fn timestamp(&self) -> i64 {
        self.timestamp.parse().unwrap()
    }

    /// Of which aggregate it tells, and of which version.
    pub(crate) fn version(&self) -> (String, u64) {
        let data = &self.body["data"];
        (data["id"].as_str().unwrap().to_owned(), data["version"].as_u64().unwrap())
    }
}

/// Takes one request.
fn take(stream: TcpStream, seen: &Seen) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let header = |name: &str| {
        let line = head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then(|| value.to_owned())
        });
        line.unwrap_or_default()
    };
    let mut raw = vec![0; header("content-length").parse().unwrap_or(0)];
    if stream.read_exact(&mut raw).is_err() {
        return;
    }
    let raw = String::from_utf8(raw).unwrap();
    let status = seen.status.load(Ordering::SeqCst);
    seen.messages.lock().unwrap().push(Message {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: serde_json::from_str(&raw).unwrap_or_default(),
        raw,
        status,
    });
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.get_mut().write_all(answer.as_bytes());
}
