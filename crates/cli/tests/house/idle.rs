//! Thousands who are connected and say nothing, or say it slowly.

use crate::buyer::Buyer;
use crate::process::{House, serve_after};
use admitone_conformance::stood_still::Span;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

const IDLE: usize = 10_000;
/// What one of them may cost the house, built without optimisation.
const BYTES_EACH_MAX: u64 = 32 * 1_024;
const HOLD_MAX: Duration = Duration::from_secs(2);

#[test]
fn ten_thousand_idle_connections_stop_nobody() {
    let allowed = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    assert!(allowed > 10_500, "this test needs 10,500 open files, {allowed} are allowed");
    let directory = tempfile::tempdir().unwrap();
    // The soft limit that many systems start with: the house raises it by itself.
    let command = serve_after("ulimit -Sn 1024", directory.path(), &["--demo"]);
    let house = House::run(command, directory.path());
    let mut ann = Buyer::new(&house).admitted("room_1");
    let before = resident_bytes(&house);
    let idle: Vec<TcpStream> = (0..IDLE).map(|n| idle_connection(&house, n)).collect();
    await_files(&house, |open| open >= IDLE);
    let began = Span::begin();
    let held = ann.post("/api/v1/reservations", r#"{"show":"show_1","seats":["seat_1"]}"#);
    assert_eq!(held.status, 201, "{}", held.body);
    assert_eq!(house.connect().get("/health/live", &[]).status, 200, "and others still come in");
    let took = began.elapsed();
    assert!(took < HOLD_MAX, "{took:?}");
    let grown = resident_bytes(&house).saturating_sub(before);
    println!("{IDLE} connections: {} bytes each, a hold in {took:?}", grown / IDLE as u64);
    assert!(grown < BYTES_EACH_MAX * IDLE as u64, "{grown} bytes");
    // Who begins a request has ten seconds for its head; who says nothing may stay a while.
    await_files(&house, |open| open < IDLE / 2 + 200);
    drop(idle);
    await_files(&house, |open| open < 200);
    assert!(house.stop());
}

#[test]
fn a_house_that_may_open_no_more_files_serves_whom_it_has_and_then_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let command = serve_after("ulimit -n 128", directory.path(), &["--demo"]);
    let house = House::run(command, directory.path());
    let mut ann = Buyer::new(&house);
    let charge = |ann: &mut Buyer| ann.post("/api/v1/wallet/charges", r#"{"amount":1}"#).status;
    assert_eq!(charge(&mut ann), 201);
    let idle: Vec<TcpStream> = (0..300).map(|n| idle_connection(&house, n)).collect();
    await_files(&house, |open| open >= 120);
    assert_eq!(charge(&mut ann), 201, "whoever is inside is served");
    drop(idle);
    assert_eq!(charge(&mut Buyer::new(&house)), 201, "and the next, once others have gone");
    assert!(house.stop());
}

/// One that says nothing, or only the beginning.
fn idle_connection(house: &House, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(&house.address).unwrap();
    if number.is_multiple_of(2) {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
    }
    stream
}

/// Waits until the number of the house's open files is as wanted.
fn await_files(house: &House, is_wanted: impl Fn(usize) -> bool) {
    let directory = format!("/proc/{}/fd", house.pid());
    let count = || std::fs::read_dir(Path::new(&directory)).unwrap().count();
    for _ in 0..300 {
        if is_wanted(count()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{} files are open", count());
}

fn resident_bytes(house: &House) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", house.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}
