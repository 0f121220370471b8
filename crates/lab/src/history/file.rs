//! The compact file of a history: a line that says what it is and how many events it has, then one event
//! after the other as postcard writes them, each behind its length.

use super::{Event, History, Window};
use crate::Trouble;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

const MAGIC: &str = "admitone history 2";
/// What versions before this one wrote, which did not say how many events there are.
const UNCOUNTED: &str = "admitone history 1";
/// The first line is no longer.
const FIRST_MAX: u64 = 200;

/// Writes a history.
pub fn write(path: &Path, history: &History) -> Result<(), Trouble> {
    let doing = format!("writing {}", path.display());
    let file = File::create(path).map_err(Trouble::system(&*doing))?;
    let mut out = BufWriter::new(file);
    let Window { from_ns, to_ns } = history.window;
    let mut all = || -> std::io::Result<()> {
        writeln!(out, "{MAGIC} {from_ns} {to_ns} {}", history.events.len())?;
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

/// Reads a history, or none of it: what an auditor is not shown looks as if the house had made it up.
pub fn read(path: &Path) -> Result<History, Trouble> {
    let doing = format!("reading {}", path.display());
    let system = || Trouble::system(&*doing);
    let mut input = BufReader::new(File::open(path).map_err(system())?);
    let mut first = Vec::new();
    input.by_ref().take(FIRST_MAX).read_until(b'\n', &mut first).map_err(system())?;
    let first = std::str::from_utf8(&first).ok().and_then(First::read);
    let First { window, count } = first.ok_or_else(|| {
        Trouble::Impossible(format!("{doing}: it is no history, or one of another version"))
    })?;
    let mut events = Vec::new();
    while let Some(event) = next(&mut input).map_err(|why| damaged(path, events.len(), &why))? {
        events.push(event);
    }
    match count {
        Some(count) if count != events.len() => {
            let why = format!("{count} were written");
            Err(damaged(path, events.len(), &why))
        }
        _ => Ok(History { events, window }),
    }
}

/// The next event; nothing at the end of the file.
fn next(input: &mut impl BufRead) -> Result<Option<Event>, String> {
    let said = |error: std::io::Error| error.to_string();
    if input.fill_buf().map_err(said)?.is_empty() {
        return Ok(None);
    }
    let torn = |_| "the file breaks off in the next one".to_owned();
    let (mut length, mut bytes) = ([0; 2], Vec::new());
    input.read_exact(&mut length).map_err(torn)?;
    bytes.resize(usize::from(u16::from_le_bytes(length)), 0);
    input.read_exact(&mut bytes).map_err(torn)?;
    let unreadable = |_| "the next one is not as it was written".to_owned();
    postcard::from_bytes(&bytes).map(Some).map_err(unreadable)
}

fn damaged(path: &Path, whole: usize, why: &str) -> Trouble {
    Trouble::Impossible(format!(
        "{} is damaged: it has {whole} whole events, and {why}. Nothing can be said of a run of which \
         some is missing: copy it anew from where it was kept, or run it again",
        path.display()
    ))
}

/// What the first line says.
struct First {
    window: Window,
    /// Nobody wrote it down in older versions.
    count: Option<usize>,
}

impl First {
    fn read(line: &str) -> Option<Self> {
        let line = line.strip_suffix('\n')?;
        let is_counted = line.starts_with(MAGIC);
        let rest = line.strip_prefix(MAGIC).or_else(|| line.strip_prefix(UNCOUNTED))?;
        let mut words = rest.split_whitespace();
        let (from_ns, to_ns) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let count = if is_counted { Some(words.next()?.parse().ok()?) } else { None };
        Some(Self { window: Window { from_ns, to_ns }, count })
    }
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

    /// A history that was written, and where it is.
    fn written(place: &Path) -> std::path::PathBuf {
        let path = place.join("history.bin");
        let window = Window { from_ns: 2, to_ns: 9 };
        write(&path, &History { events: events(), window }).unwrap();
        path
    }

    #[test]
    fn a_history_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path());
        let whole = read(&path).unwrap();
        assert_eq!((whole.events, whole.window), (events(), Window { from_ns: 2, to_ns: 9 }));
        // One that an older version kept does not say how many there are.
        let bytes = std::fs::read(&path).unwrap();
        let behind = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let older = [b"admitone history 1 2 9", &bytes[behind..]].concat();
        std::fs::write(&path, &older).unwrap();
        assert_eq!(read(&path).unwrap().events, events());
        std::fs::write(&path, &older[..older.len() - 1]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("has 2 whole events"));
    }

    #[test]
    fn a_history_of_which_anything_is_missing_or_too_much_is_refused_with_its_file_and_a_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path());
        let bytes = std::fs::read(&path).unwrap();
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path).unwrap_err().to_string()
        };
        for length in 0..bytes.len() {
            let said = refused(&bytes[..length]);
            assert!(said.contains(path.to_str().unwrap()), "{length}: {said}");
        }
        let said = refused(&bytes[..bytes.len() - 1]);
        assert!(said.contains("is damaged: it has 2 whole events"), "{said}");
        assert!(said.contains("copy it anew") && said.contains("run it again"), "{said}");
        // As a kind of outcome there is none of.
        let mut changed = bytes.clone();
        let behind = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 3;
        changed[behind..].iter_mut().for_each(|byte| *byte = 0xff);
        let said = refused(&changed);
        assert!(said.contains("is damaged: it has 0 whole events"), "{said}");
        let first = [b"admitone history 2 2 9 1\n", &bytes[behind - 2..]].concat();
        assert!(refused(&first).contains("it has 3 whole events, and 1 were written"));
        assert!(refused(b"something else\n").contains("no history"));
        assert!(refused(&[0xff; 900]).contains("no history"));
    }
}
