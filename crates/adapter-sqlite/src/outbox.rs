//! The outbox: the events of the batches, which are numbered without gaps in the order in which
//! they are committed. Folded ones are in the tables, the others in the journal.

use crate::journal;
use crate::open::{Shared, SqliteStore};
use crate::tables::decode;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::outbox::{End, Gap, News, Outbox};
use admitone_domain::{Event, Verdict};
use async_trait::async_trait;
use rusqlite::Connection;

/// The number of an event is that of its batch times this, and its place in the batch.
const BATCH: u64 = 1 << 20;
/// So many batches are read from the tables at once.
const BATCHES_AT_ONCE: u64 = 4_096;

#[async_trait]
impl Outbox for SqliteStore {
    async fn end(&self) -> Result<End, Trouble> {
        let newest = self.shared.memory().seq * BATCH + (BATCH - 1);
        Ok(End { newest, gaps: Vec::new() })
    }

    /// The marks are all the same: what is not there when a greater number is never will be.
    async fn news(&self, after: u64, _gaps: &[Gap], limit: usize) -> Result<News, Trouble> {
        let events = self.shared.events(after, |_, _| true, limit)?;
        Ok(News { events, mark: 0, settled: 0 })
    }
}

impl Shared {
    /// Events with greater numbers that are wanted, at most `limit`, in their order.
    pub(crate) fn events(
        &self,
        after: u64,
        mut is_wanted: impl FnMut(u64, &Event) -> bool,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, Trouble> {
        let mut found = Vec::new();
        let mut take = |seq: u64, events: Vec<Event>| {
            let numbered = (seq * BATCH..).zip(events);
            let new = numbered.filter(|(number, _)| *number > after);
            let wanted = new.filter(|(number, event)| is_wanted(*number, event));
            let room = limit - found.len();
            found.extend(wanted.take(room));
            found.len() < limit
        };
        let mut from = after / BATCH;
        let folded = loop {
            let part = self.read(|tables| folded(tables, from))?;
            let last = part.batches.last().map(|(seq, _)| *seq);
            let is_all = part.batches.len() < usize::try_from(BATCHES_AT_ONCE).unwrap_or(1);
            for (seq, events) in part.batches {
                if !take(seq, events) {
                    return Ok(found);
                }
            }
            match last.filter(|_| !is_all) {
                Some(last) => from = last + 1,
                None => break part.up_to,
            }
        };
        let begin = folded.max((after / BATCH).saturating_sub(1));
        let mut next = begin + 1;
        let mut goes_on = true;
        let mut batches = Vec::new();
        journal::tail(&self.journal_reader(), begin, |seq, body| {
            // What was folded meanwhile may be forgotten here: it is read from the tables next time.
            goes_on &= seq == next;
            next += 1;
            if goes_on {
                batches.push((seq, decode::<Verdict>(body)?.events));
            }
            Ok(())
        })?;
        for (seq, events) in batches {
            if !take(seq, events) {
                break;
            }
        }
        Ok(found)
    }
}

/// A part of what was folded.
struct Folded {
    batches: Vec<(u64, Vec<Event>)>,
    /// The tables have everything up to here.
    up_to: u64,
}

/// The events of folded batches from one on, and how far the tables are, at one moment.
fn folded(tables: &Connection, from: u64) -> Result<Folded, Trouble> {
    let failed = trouble::of("read the outbox");
    let moment = tables.unchecked_transaction().map_err(&failed)?;
    let sql = "SELECT value FROM meta WHERE name = 'folded_seq'";
    let up_to = moment.query_row(sql, [], |row| row.get(0)).map_err(&failed)?;
    let sql = "SELECT seq, body FROM event WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
    let mut query = moment.prepare_cached(sql).map_err(&failed)?;
    let mut rows = query.query([from, BATCHES_AT_ONCE]).map_err(&failed)?;
    let mut batches = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        batches.push((row.get(0).map_err(&failed)?, decode(body)?));
    }
    Ok(Folded { batches, up_to })
}
