//! How long connections are waited for: the wait that a test is about is short, and all others are so long
//! that a machine which stands still for a second reaches none of them.

use super::*;
use admitone_app::clock::SystemClock;
use axum::routing::get;
use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n";
const IDLE_MS: u64 = 1_500;
const HEADER_MS: u64 = 300;
/// Whoever is given up by then was given up by the wait that is short.
const BYTES_MAX: u32 = 250;

/// Waits that nothing here reaches.
fn patient() -> ServerLimits {
    ServerLimits {
        header_wait_ms: 60_000,
        idle_wait_ms: 60_000,
        refuse_ms: 50,
        close_wait_ms: 100,
        // Whoever is told that it cannot be read may be slow to say it.
        hear_out_ms: 10_000,
        ..ServerLimits::default()
    }
}

fn short_of_heads() -> ServerLimits {
    ServerLimits { header_wait_ms: HEADER_MS, ..patient() }
}

fn short_of_idlers() -> ServerLimits {
    ServerLimits { idle_wait_ms: IDLE_MS, ..patient() }
}

/// Runs something that blocks against a server with these waits.
async fn against<T: Send + 'static>(
    limits: ServerLimits,
    visit: impl FnOnce(SocketAddr) -> T + Send + 'static,
) -> T {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(|| async { "here" })).route(
        "/slow",
        get(|| async {
            SystemClock::default().sleep_ms(IDLE_MS + 500).await;
            "at last"
        }),
    );
    let doors = Doors::default();
    let tasks = TaskTracker::new();
    let clock = Arc::new(SystemClock::default());
    tasks.spawn(serve(listener, router, clock, limits, doors.clone()));
    let visited = tokio::task::spawn_blocking(move || visit(address)).await.unwrap();
    doors.closing.cancel();
    tasks.close();
    tasks.wait().await;
    visited
}

fn connect(address: SocketAddr) -> std::net::TcpStream {
    let stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn pause(span_ms: u64) {
    std::thread::sleep(Duration::from_millis(span_ms));
}

/// Asks and reads the answer; whether there was one.
fn ask(stream: &mut std::net::TcpStream) -> bool {
    let asked = stream.write_all(&[HEAD, b"\r\n"].concat());
    let mut answer = [0; 1_024];
    asked.is_ok()
        && stream.read(&mut answer).is_ok_and(|length| answer[..length].ends_with(b"here"))
}

fn now_ms() -> u64 {
    u64::try_from(SystemClock::default().now().0).unwrap() / 1_000
}

/// Waits until the other side closes; how many milliseconds after a moment that was.
fn closed_after(stream: &mut std::net::TcpStream, begun_ms: u64) -> u64 {
    let kind = stream.read(&mut [0; 64]).map_err(|error| error.kind());
    let waits = [Err(ErrorKind::WouldBlock), Err(ErrorKind::TimedOut)];
    assert!(!waits.contains(&kind), "it is never closed");
    assert!(kind.is_err() || kind == Ok(0), "nobody asked: {kind:?}");
    now_ms() - begun_ms
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_being_answered_after_the_wait_is_let_go() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let (held, used) = (Arc::new(()), Arc::new(tokio::sync::Notify::new()));
    let (holding, using) = (Arc::clone(&held), Arc::clone(&used));
    let never = move || async move {
        using.notify_one();
        std::future::pending::<()>().await;
        drop(holding);
    };
    let router = Router::new().route("/", get(never));
    let limits = ServerLimits { refuse_ms: 50, close_wait_ms: 100, ..ServerLimits::default() };
    let (doors, clock) = (Doors::default(), Arc::new(SystemClock::default()));
    let serving = TaskTracker::new().spawn(serve(listener, router, clock, limits, doors.clone()));
    let mut stream = connect(address);
    stream.write_all(&[HEAD, b"\r\n"].concat()).unwrap();
    used.notified().await;
    doors.closing.cancel();
    serving.await.unwrap().unwrap();
    assert_eq!(Arc::strong_count(&held), 1, "a connection that was given up holds on to nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_answered_so_and_let_go() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let held = Arc::new(());
    let holding = Arc::clone(&held);
    let never = move || async move {
        std::future::pending::<()>().await;
        drop(holding);
    };
    let router = Router::new().route("/", get(never));
    let limits = ServerLimits { answer_wait_ms: 200, ..ServerLimits::default() };
    let (doors, clock) = (Doors::default(), Arc::new(SystemClock::default()));
    let serving = TaskTracker::new().spawn(serve(listener, router, clock, limits, doors.clone()));
    let said = tokio::task::spawn_blocking(move || {
        let mut stream = connect(address);
        stream.write_all(&[HEAD, b"connection: close\r\n\r\n"].concat()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said.to_ascii_lowercase()
    });
    let said = said.await.unwrap();
    assert!(said.starts_with("http/1.1 503") && said.contains("not_answered"), "{said}");
    assert!(said.contains("retry-after: 2"), "{said}");
    doors.closing.cancel();
    serving.await.unwrap().unwrap();
    assert_eq!(Arc::strong_count(&held), 1, "nobody works on it any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_outlives_the_wait_for_a_head() {
    against(short_of_heads(), |address| {
        let mut stream = connect(address);
        for _ in 0..3 {
            assert!(ask(&mut stream), "still there");
            pause(HEADER_MS * 3);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_in_the_end() {
    against(short_of_idlers(), |address| {
        let connected_ms = now_ms();
        let mut silent = connect(address);
        let mut asked = connect(address);
        let asked_ms = now_ms();
        assert!(ask(&mut asked));
        assert!(closed_after(&mut silent, connected_ms) >= IDLE_MS);
        assert!(closed_after(&mut asked, asked_ms) >= IDLE_MS);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_byte_by_byte_is_cut_off() {
    against(short_of_heads(), |address| {
        let mut first = connect(address);
        let mut second = connect(address);
        assert!(ask(&mut second));
        for stream in [&mut first, &mut second] {
            stream.write_all(HEAD).unwrap();
            let mut sent = 0;
            while sent < BYTES_MAX && stream.write_all(b"x").is_ok() {
                sent += 1;
                pause(20);
            }
            assert!(sent < BYTES_MAX, "{sent} bytes were waited for");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_in_two_pieces_is_answered() {
    against(patient(), |address| {
        let mut stream = connect(address);
        for _ in 0..2 {
            stream.write_all(&HEAD[..10]).unwrap();
            pause(100);
            stream.write_all(&[&HEAD[10..], b"\r\n"].concat()).unwrap();
            let mut answer = [0; 1_024];
            let length = stream.read(&mut answer).unwrap();
            assert!(answer[..length].ends_with(b"here"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_its_time_is_waited_for() {
    against(short_of_idlers(), |address| {
        // Between the answer and the next question the machine may stand still for as long as it is kept.
        let is_kept = (0..5).any(|_| {
            let mut stream = connect(address);
            stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut answer = [0; 1_024];
            let length = stream.read(&mut answer).unwrap();
            assert!(answer[..length].ends_with(b"at last"));
            ask(&mut stream)
        });
        assert!(is_kept, "and the connection is good for another");
    })
    .await;
}

/// Sends something that is no request, in one piece or as it is taken; the first line of the answer.
fn told(address: SocketAddr, nonsense: &[u8]) -> String {
    let mut stream = connect(address);
    // The other side may have heard enough before the end.
    let _ = stream.write_all(nonsense);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_cannot_be_read_is_told_so() {
    let headers = |count: usize| "x: y\r\n".repeat(count);
    let long = "y".repeat(900_000);
    for (what, nonsense, expected) in [
        ("garbage", "what is this\r\n\r\n".to_owned(), 400),
        ("a NUL in the path", "GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 400),
        ("a version that is none", "GET / HTTP/9.9\r\nhost: x\r\n\r\n".to_owned(), 400),
        ("no colon", "GET / HTTP/1.1\r\nhost\r\n\r\n".to_owned(), 400),
        ("no number", "POST / HTTP/1.1\r\ncontent-length: some\r\n\r\nbody".to_owned(), 400),
        (
            "two lengths",
            "POST / HTTP/1.1\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nbody".to_owned(),
            400,
        ),
        ("many headers", format!("GET / HTTP/1.1\r\n{}\r\n", headers(200)), 431),
        ("a large header", format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), 431),
        ("a long path", format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", &long[..70_000]), 414),
    ] {
        let line = against(patient(), move |address| told(address, nonsense.as_bytes())).await;
        assert!(line.starts_with(&format!("HTTP/1.1 {expected}")), "{what}: {line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_without_waiting_is_answered_before_what_cannot_be_read() {
    let said = against(patient(), |address| {
        let mut stream = connect(address);
        let asked = [HEAD, b"\r\n", HEAD, b"\r\n", b"nonsense\r\n\r\n"].concat();
        stream.write_all(&asked).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    });
    let said = said.await;
    let lines: Vec<_> = said.lines().filter(|line| line.contains("HTTP/1.1")).collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[2].ends_with("HTTP/1.1 400 Bad Request"), "{said}");
}
