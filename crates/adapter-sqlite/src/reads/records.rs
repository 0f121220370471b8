//! Who changed what, from the events; and closed accounts, once, when the house is opened.

use crate::open::SqliteStore;
use crate::tables::decode;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::records::{Changes, Mark, Records, Sought};
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Row};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, ToSql};

/// One search looks at so many batches: sales are many, changes few.
const BATCHES_MAX: u64 = 50_000;

#[async_trait]
impl Records for SqliteStore {
    async fn search(
        &self,
        sought: Sought<'_>,
        before: Option<Mark>,
        limit: usize,
    ) -> Result<Changes, Trouble> {
        self.fold_what_was_answered().await?;
        self.shared.read(|tables| search(tables, sought, before, limit))
    }

    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble> {
        let closed = |row| match row {
            Row::Buyer(buyer) if buyer.disabled => Some(buyer.id),
            _ => None,
        };
        // The last byte of an account says whether it is closed; decoding says it for sure.
        let sql = "SELECT version, body FROM buyer \
                   WHERE substr(body, -1) = x'01' OR substr(body, -2) = x'0100'";
        self.bodies(sql, [], closed).await
    }
}

fn search(
    tables: &Connection,
    sought: Sought<'_>,
    before: Option<Mark>,
    limit: usize,
) -> Result<Changes, Trouble> {
    let failed = trouble::of("read the history");
    let newest = tables.query_row("SELECT max(seq) FROM event", [], |row| row.get(0)).optional();
    let newest: Option<u64> = newest.map_err(&failed)?.flatten();
    let Some(newest) = newest else { return Ok(Changes::default()) };
    let before = before.unwrap_or(Mark { batch: newest, nth: u64::MAX });
    let floor = before.batch.saturating_sub(BATCHES_MAX);
    // Most batches need not be decoded.
    let marks = sought.marks(postcard::to_stdvec);
    let marks = marks.map_err(|error| trouble::unreadable("read the history", error))?;
    let has_mark: Vec<String> =
        (3..marks.len() + 3).map(|number| format!("instr(body, ?{number})")).collect();
    let sql = format!(
        "SELECT seq, body FROM event WHERE seq <= ?1 AND seq > ?2 AND ({}) ORDER BY seq DESC",
        has_mark.join(" OR ")
    );
    let mut query = tables.prepare_cached(&sql).map_err(&failed)?;
    let mut values: Vec<&dyn ToSql> = vec![&before.batch, &floor];
    values.extend(marks.iter().map(|mark| mark as &dyn ToSql));
    let mut rows = query.query(values.as_slice()).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let batch = row.get(0).map_err(&failed)?;
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        let events: Vec<Event> = decode(body)?;
        let marked = (0..).zip(events).map(|(nth, event)| (Mark { batch, nth }, event));
        let mut marked: Vec<_> = marked.filter(|(_, event)| sought.is(event)).collect();
        marked.reverse();
        found.extend(marked.into_iter().filter(|(mark, _)| *mark < before));
        if found.len() > limit {
            found.truncate(limit);
            let next = found.last().map(|(mark, _)| *mark);
            return Ok(Changes { found, next });
        }
    }
    let next = (floor > 0).then_some(Mark { batch: floor, nth: u64::MAX });
    Ok(Changes { found, next })
}
