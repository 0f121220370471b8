//! Redis: five nodes that know nothing of each other.

use super::install::require;
use super::place::Place;
use super::process::{self, Wish};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const NODES: usize = 5;

pub(super) fn start(place: &Place) -> Result<String, String> {
    let server = require("redis-server")?;
    let nodes: Result<Vec<String>, String> = (1..=NODES).map(|n| node(place, &server, n)).collect();
    Ok(nodes?.join(","))
}

fn node(place: &Place, server: &str, number: usize) -> Result<String, String> {
    let name = format!("redis-{number}");
    let directory = place.directory.join(&name);
    let said = |error| format!("{}: {error}", directory.display());
    std::fs::create_dir_all(&directory).map_err(said)?;
    let directory = directory.to_string_lossy().into_owned();
    let words = |port: u16| {
        let port = port.to_string();
        let settings = [
            server,
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--dir",
            &directory,
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "everysec",
        ];
        settings.map(str::to_owned).to_vec()
    };
    let wish = Wish { name: &name, user: None, end: "TERM", words: &words, answers: &answers };
    Ok(format!("redis://127.0.0.1:{}", process::start(place, &wish)?))
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut said = [0; 5];
        stream.read_exact(&mut said)?;
        Ok::<_, std::io::Error>(said)
    };
    ask().is_ok_and(|said| &said == b"+PONG")
}
