//! Server-sent events on a connection of their own.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A stream that is read line by line.
pub(crate) struct Stream(BufReader<TcpStream>);

impl Stream {
    /// Asks for a stream; the status it was answered with.
    pub(crate) fn open(address: &str, headers: &[(&str, &str)], path: &str) -> (u16, Self) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n");
        for (name, value) in headers {
            request += &[*name, ": ", *value, "\r\n"].concat();
        }
        stream.write_all((request + "\r\n").as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).unwrap(), 0, "closed: {head}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(head.to_lowercase().contains("content-type: text/event-stream"), "{head}");
        (status, Self(stream))
    }

    /// The next event: its name and data. The sizes of chunks between are passed over.
    pub(crate) fn next(&mut self) -> (String, Value) {
        self.try_next().expect("the stream ended")
    }

    /// The same, or nothing at its end.
    pub(crate) fn try_next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(found) = line.strip_prefix("event: ") {
                found.trim().clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// The first event that fits, among the next hundred.
    pub(crate) fn until(&mut self, fits: impl Fn(&str, &Value) -> bool) -> Value {
        for _ in 0..100 {
            let (name, data) = self.next();
            if fits(&name, &data) {
                return data;
            }
        }
        panic!("it never came");
    }
}
