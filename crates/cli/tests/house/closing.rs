//! The end of a house that is asked to close while somebody listens.

use crate::buyer::Buyer;
use crate::process::{House, admitone};
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

#[test]
fn a_house_closes_although_somebody_follows_its_rooms_and_seats() {
    let directory = tempfile::tempdir().unwrap();
    let house = House::start(directory.path(), &["--demo"]);
    let ann = Buyer::new(&house).admitted("room_1");
    let mut streams = Vec::new();
    for path in ["/api/v1/rooms/room_1/events", "/api/v1/shows/show_1/seats/events"] {
        let mut stream = TcpStream::connect(&house.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let credentials = format!("authorization: {}\r\nqueue-token: {}", ann.token, ann.pass);
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n{credentials}\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("event: ")), "{path} says nothing");
        streams.push(lines);
    }
    let clock = SystemClock::default();
    let asked = clock.now();
    assert!(house.stop(), "it ends well");
    let took_ms = clock.now().ms_since(asked);
    assert!(took_ms < 8_000, "it took {took_ms} ms, and waits for no listener");
    for lines in streams {
        assert!(lines.count() < 1_000, "the stream ended");
    }
    let (code, said) = admitone(&["verify"], directory.path());
    assert_eq!(code, 0, "{said}");
}
