//! Chromium for the tests of the pages: its driver, which starts a browser for whoever asks.

use super::install::require;
use super::place::Place;
use super::process::{self, Wish};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

pub(super) fn start(place: &Place) -> Result<String, String> {
    let driver = require("chromedriver")?;
    let words = |port: u16| vec![driver.clone(), format!("--port={port}"), "--silent".to_owned()];
    let wish =
        Wish { name: "chromedriver", user: None, end: "TERM", words: &words, answers: &answers };
    Ok(format!("127.0.0.1:{}", process::start(place, &wish)?))
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let request = format!("GET /status HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut said = [0; 12];
        stream.read_exact(&mut said)?;
        Ok::<_, std::io::Error>(said)
    };
    ask().is_ok_and(|said| &said == b"HTTP/1.1 200")
}
