//! The operators' log: what they did to rows, from the history, and to everything else, from the
//! logbook, as one list with the newest first.

use super::{Line, LogBook};
use crate::Trouble;
use crate::ports::notes;
use crate::ports::records::{Mark, Records, Sought};
use admitone_domain::{Event, Moment};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Before this is nothing.
const NOTHING_BEFORE: Mark = Mark { batch: 0, nth: 0 };

/// Reads the operators' log.
#[derive(Clone)]
pub struct OperatorLog {
    /// What happened to rows.
    pub records: Arc<dyn Records>,
    /// What was done to everything else.
    pub book: LogBook,
}

/// Something that an operator or the house did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// To a row.
    Event(Event),
    /// To something else.
    Line(Line),
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// Where older ones begin; none when there are none. There may be more even when nothing was
    /// found: a search looks at a bounded part of the history.
    pub next: Option<LogCursor>,
}

/// A place in the log: how far each of the two was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogCursor {
    before: Option<Mark>,
    behind: Option<notes::Mark>,
}

impl OperatorLog {
    /// A part of the log, at most so much.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn page(&self, from: LogCursor, limit: usize) -> Result<LogPage, Trouble> {
        let changes = self.records.search(Sought::OfStaff, from.before, limit).await?;
        let lines = self.book.lines(None, from.behind.as_ref(), limit).await?;
        let has_more_lines = lines.len() >= limit;
        let (mut events, mut lines) =
            (changes.found.into_iter().peekable(), lines.into_iter().peekable());
        let (mut entries, mut reached) = (Vec::new(), from);
        while entries.len() < limit {
            // What was not read yet may be newer than what the other has to tell.
            let is_event = match (events.peek(), lines.peek()) {
                (Some((_, event)), Some(line)) => line.at <= event.at,
                (None, Some(_)) if changes.next.is_some() => break,
                (event, line) if event.is_none() && line.is_none() => break,
                (event, _) => event.is_some(),
            };
            if is_event {
                let Some((mark, event)) = events.next() else { break };
                reached.before = Some(mark);
                entries.push(Entry::Event(event));
            } else {
                let Some(line) = lines.next() else { break };
                reached.behind = Some(line.mark());
                entries.push(Entry::Line(line));
            }
        }
        if events.peek().is_none() {
            reached.before = Some(changes.next.unwrap_or(NOTHING_BEFORE));
        }
        let is_over = events.peek().is_none() && changes.next.is_none();
        let is_over = is_over && lines.peek().is_none() && !has_more_lines;
        Ok(LogPage { entries, next: (!is_over).then_some(reached) })
    }
}

impl fmt::Display for LogCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Mark { batch, nth }) = self.before {
            write!(f, "{batch}.{nth}")?;
        }
        match &self.behind {
            Some(notes::Mark { at, id }) => write!(f, "_{}.{id}", at.0),
            None => Ok(()),
        }
    }
}

impl FromStr for LogCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (before, behind) = text.split_once('_').map_or((text, None), |(a, b)| (a, Some(b)));
        let before = (!before.is_empty()).then(|| mark(before).ok_or(())).transpose()?;
        let behind = behind.map(|behind| note_mark(behind).ok_or(())).transpose()?;
        Ok(Self { before, behind })
    }
}

fn mark(text: &str) -> Option<Mark> {
    let (batch, nth) = text.split_once('.')?;
    Some(Mark { batch: u64::from(batch.parse::<u32>().ok()?), nth: nth.parse().ok()? })
}

fn note_mark(text: &str) -> Option<notes::Mark> {
    let (at, id) = text.split_once('.')?;
    let is_id = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(())?;
    Some(notes::Mark { at: Moment(at.parse().ok()?), id: id.to_owned() })
}
