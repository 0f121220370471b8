//! The interchange form of a history: one JSON object a line, as `docs/history.md` says, so that
//! other checkers read ours and we read theirs.

use super::{Asked, Event, History, Op, Outcome, Window};
use crate::Trouble;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};

/// What the first line says.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    from_ns: u64,
    to_ns: u64,
}

const FORMAT: &str = "admitone-history";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// The command: the same number and kind again is the same command, sent again.
    number: u64,
    op: Op,
    by: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    on: u64,
    #[serde(default, skip_serializing_if = "is_none")]
    amount: i64,
    intended_ns: u64,
    invoked_ns: u64,
    returned_ns: u64,
    /// `ok`, `refused`, `wrong`, `unknown` or `not_sent`.
    outcome: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    named: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Ok,
    Refused,
    Wrong,
    Unknown,
    NotSent,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(number: &i64) -> bool {
    *number == 0
}

/// Writes a history, in the order in which things were sent.
pub fn write(out: &mut impl Write, history: &History) -> Result<(), Trouble> {
    let Window { from_ns, to_ns } = history.window;
    let header = Header { format: FORMAT.to_owned(), version: 1, from_ns, to_ns };
    let mut events: Vec<&Event> = history.events.iter().collect();
    events.sort_by_key(|event| event.sent_ns);
    let all = || -> std::io::Result<()> {
        writeln!(out, "{}", serde_json::to_string(&header)?)?;
        for event in events {
            writeln!(out, "{}", serde_json::to_string(&Line::of(event))?)?;
        }
        out.flush()
    };
    all().map_err(Trouble::system("writing a history as lines"))
}

/// Reads a history.
pub fn read(input: impl BufRead) -> Result<History, Trouble> {
    let mut lines = input.lines();
    let wrong = |at: usize, why: &dyn std::fmt::Display| {
        Trouble::Impossible(format!("line {at} of a history: {why}"))
    };
    let first = lines.next().transpose().map_err(Trouble::system("reading a history"))?;
    let header: Header =
        serde_json::from_str(&first.unwrap_or_default()).map_err(|error| wrong(1, &error))?;
    if header.format != FORMAT || header.version != 1 {
        return Err(wrong(1, &"another format or version"));
    }
    let mut events = Vec::new();
    for (at, line) in (2..).zip(lines) {
        let line = line.map_err(Trouble::system("reading a history"))?;
        if !line.trim().is_empty() {
            let line: Line = serde_json::from_str(&line).map_err(|error| wrong(at, &error))?;
            events.push(line.event());
        }
    }
    Ok(History { events, window: Window { from_ns: header.from_ns, to_ns: header.to_ns } })
}

impl Line {
    fn of(event: &Event) -> Self {
        let (mut named, mut value, mut status, mut code) = (None, None, None, None);
        let outcome = match &event.outcome {
            Outcome::Done { named: told, value: said } => {
                (named, value) = (Some(*told), Some(*said));
                Kind::Ok
            }
            Outcome::Refused { status: said, code: known } => {
                (status, code) = (Some(*said), known.as_deref().map(str::to_owned));
                Kind::Refused
            }
            Outcome::Wrong => Kind::Wrong,
            Outcome::Unknown => Kind::Unknown,
            Outcome::NotSent => Kind::NotSent,
        };
        let Asked { op, by, on, amount } = event.asked;
        Self {
            number: event.number,
            op,
            by,
            on,
            amount,
            intended_ns: event.intended_ns,
            invoked_ns: event.sent_ns,
            returned_ns: event.ended_ns,
            outcome,
            named,
            value,
            status,
            code,
            items: event.items.to_vec(),
        }
    }

    fn event(self) -> Event {
        let outcome = match self.outcome {
            Kind::Ok => {
                Outcome::Done { named: self.named.unwrap_or(0), value: self.value.unwrap_or(0) }
            }
            Kind::Refused => Outcome::Refused {
                status: self.status.unwrap_or(0),
                code: self.code.map(String::into_boxed_str),
            },
            Kind::Wrong => Outcome::Wrong,
            Kind::Unknown => Outcome::Unknown,
            Kind::NotSent => Outcome::NotSent,
        };
        Event {
            number: self.number,
            asked: Asked { op: self.op, by: self.by, on: self.on, amount: self.amount },
            intended_ns: self.intended_ns,
            sent_ns: self.invoked_ns,
            ended_ns: self.returned_ns,
            outcome,
            items: self.items.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_as_lines_is_read_again() {
        let asked = Asked { op: Op::Charge, by: 1, on: 0, amount: 5 };
        let refused = Outcome::Refused { status: 409, code: Some("SOLD_OUT".into()) };
        let outcomes = [
            Outcome::Done { named: 4, value: 9 },
            refused,
            Outcome::Wrong,
            Outcome::Unknown,
            Outcome::NotSent,
        ];
        let event = |(number, outcome)| Event {
            number,
            asked,
            sent_ns: number,
            ended_ns: number + 1,
            outcome,
            items: [number].into(),
            ..Event::default()
        };
        let events: Vec<Event> = (0..).zip(outcomes).map(event).collect();
        let history = History { events, window: Window { from_ns: 0, to_ns: 9 } };
        let mut text = Vec::new();
        write(&mut text, &history).unwrap();
        assert_eq!(read(&text[..]).unwrap().events, history.events);
        let first = b"{\"format\":\"admitone-history\",\"version\":1,\"from_ns\":0,\"to_ns\":9}";
        assert!(text.starts_with(first), "{}", String::from_utf8_lossy(&text));
        let broken = [&first[..], b"\n{\"number\":1}"].concat();
        assert!(read(&broken[..]).unwrap_err().to_string().contains("line 2"));
    }
}
