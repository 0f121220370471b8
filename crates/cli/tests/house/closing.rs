//! The end of a house that is asked to close while somebody listens.

use crate::buyer::Buyer;
use crate::process::{House, admitone, serve};
use crate::shopper::until;
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

#[test]
fn a_house_that_drains_sells_and_says_that_it_is_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &[]);
    command.env("ADMITONE_DRAIN_MS", "3000");
    let house = House::run(command, directory.path());
    let ready = || house.connect().get("/health/ready", &[]);
    let mut kept = house.connect();
    assert_eq!((ready().status, kept.get("/api/v1/concerts", &[]).status), (200, 200));
    house.ask_to_end();
    until("it says that it closes", || ready().status == 503);
    let refused = ready();
    assert_eq!(refused.json()["code"], "CLOSING");
    assert!(refused.has_header("retry-after: 1"), "{}", refused.head);
    // On a connection that was open before, once more, and on a new one.
    for connection in [&mut kept, &mut house.connect()] {
        let read = connection.get("/api/v1/concerts", &[]);
        assert_eq!(read.status, 200, "{}", read.body);
        assert!(read.has_header("connection: close"), "{}", read.head);
    }
    assert!(house.ended(), "it ends well");
}
