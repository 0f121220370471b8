//! The compact file of a history: a line that says what it is, then one event after the other as
//! postcard writes them, each behind its length.

use super::{Event, History, Window};
use crate::Trouble;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

const MAGIC: &str = "admitone history 1";

/// Writes a history.
pub fn write(path: &Path, history: &History) -> Result<(), Trouble> {
    let doing = format!("writing {}", path.display());
    let file = File::create(path).map_err(Trouble::system(&*doing))?;
    let mut out = BufWriter::new(file);
    let Window { from_ns, to_ns } = history.window;
    let mut all = || -> std::io::Result<()> {
        writeln!(out, "{MAGIC} {from_ns} {to_ns}")?;
        for event in &history.events {
            let bytes = postcard::to_stdvec(event).map_err(std::io::Error::other)?;
            let length = u16::try_from(bytes.len()).map_err(std::io::Error::other)?;
            out.write_all(&length.to_le_bytes())?;
            out.write_all(&bytes)?;
        }
        out.flush()
    };
    all().map_err(Trouble::system(&*doing))
}

/// Reads a history. What stands behind the last whole event was being written when somebody ended.
pub fn read(path: &Path) -> Result<History, Trouble> {
    let doing = format!("reading {}", path.display());
    let file = File::open(path).map_err(Trouble::system(&*doing))?;
    let mut input = BufReader::new(file);
    let mut first = String::new();
    input.read_line(&mut first).map_err(Trouble::system(&*doing))?;
    let window = first.trim_end().strip_prefix(MAGIC).and_then(window);
    let window = window.ok_or_else(|| Trouble::Impossible(format!("{doing}: it is no history")))?;
    let mut events = Vec::new();
    let (mut length, mut bytes) = ([0; 2], Vec::new());
    while input.read_exact(&mut length).is_ok() {
        bytes.resize(usize::from(u16::from_le_bytes(length)), 0);
        if input.read_exact(&mut bytes).is_err() {
            break;
        }
        let event: Event = postcard::from_bytes(&bytes)
            .map_err(|error| Trouble::Impossible(format!("{doing}: {error}")))?;
        events.push(event);
    }
    Ok(History { events, window })
}

fn window(text: &str) -> Option<Window> {
    let mut numbers = text.split_whitespace().map(str::parse);
    let (from_ns, to_ns) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(Window { from_ns, to_ns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Asked, Op, Outcome};

    fn events() -> Vec<Event> {
        let asked = Asked { op: Op::Hold, by: 3, on: 9, amount: -4 };
        let code = Some("SEAT_TAKEN".into());
        vec![
            Event { number: 1, asked, sent_ns: 5, ended_ns: 8, ..Event::default() },
            Event { outcome: Outcome::Refused { status: 409, code }, ..Event::default() },
            Event {
                outcome: Outcome::Done { named: 7, value: -1 },
                items: [3, 4].into(),
                ..Event::default()
            },
        ]
    }

    #[test]
    fn a_history_is_read_as_it_was_written_and_a_torn_end_is_left_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.bin");
        let window = Window { from_ns: 2, to_ns: 9 };
        write(&path, &History { events: events(), window }).unwrap();
        let whole = read(&path).unwrap();
        assert_eq!((whole.events, whole.window), (events(), window));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(read(&path).unwrap().events, events()[..2]);
        std::fs::write(&path, b"something else\n").unwrap();
        assert!(read(&path).is_err());
    }
}
