//! A house made of threads, with one bad habit.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
pub(crate) enum Habit {
    Answers,
    AnswersWith {
        bytes: usize,
    },
    Refuses,
    HangsUp,
    /// Answers nobody between two moments after the first connection.
    Stalls {
        from_ms: u64,
        to_ms: u64,
    },
}

pub(crate) struct House {
    pub(crate) address: SocketAddr,
}

impl House {
    pub(crate) fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut opened = None;
            for stream in listener.incoming().map_while(Result::ok) {
                let opened = *opened.get_or_insert_with(now);
                std::thread::spawn(move || serve(stream, habit, opened));
            }
        });
        Self { address }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test's own clock")]
fn now() -> Instant {
    Instant::now()
}

fn serve(stream: TcpStream, habit: Habit, opened: Instant) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
        }
        let (status, body) = match habit {
            Habit::HangsUp => return,
            Habit::Refuses => ("409 Conflict", r#"{"status":409,"code":"SEAT_TAKEN"}"#.to_owned()),
            Habit::AnswersWith { bytes } => ("200 OK", format!("{path} {}", "x".repeat(bytes))),
            Habit::Answers => ("200 OK", format!("{path} is here")),
            Habit::Stalls { from_ms, to_ms } => {
                let (from, to) = (Duration::from_millis(from_ms), Duration::from_millis(to_ms));
                if opened.elapsed() >= from {
                    std::thread::sleep(to.saturating_sub(opened.elapsed()));
                }
                ("200 OK", format!("{path} is here"))
            }
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        if reader.get_mut().write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}
