//! The outbox: events by their numbers, and which numbers will never appear.
//!
//! A number is drawn before its batch commits. The changes of a batch are written before its
//! events, so its transaction has an id by then: when all transactions that had an id as a gap was
//! noticed have ended, what is not there never will be.

use crate::open::PostgresStore;
use crate::pipeline::{self, Array, Step};
use crate::tables::{self, read};
use admitone_app::Trouble;
use admitone_app::ports::outbox::{End, Gap, News, Outbox};
use async_trait::async_trait;

/// All transactions below this had ended when it was asked.
const SETTLED: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
/// All transactions that have an id are below this.
const MARK: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

const NEWEST: &str = "SELECT coalesce(max(id), 0) FROM event";
/// Nobody is in hand while a hundred thousand others commit.
const GAPS: &str = "WITH window_of AS (SELECT greatest(max(id) - 100000, 0) AS floor FROM event) \
     SELECT before + 1, id - 1 FROM ( \
     SELECT id, lag(id, 1, floor) OVER (ORDER BY id) AS before \
     FROM event, window_of WHERE id > floor) AS known WHERE id > before + 1";

const NEW: &str = "SELECT id, body FROM event WHERE id > $1 ORDER BY id LIMIT $2";
const IN_GAPS: &str = "SELECT id, body FROM unnest($1::bigint[], $2::bigint[]) AS gap (first, last) \
     JOIN event ON id BETWEEN first AND last ORDER BY id";

#[async_trait]
impl Outbox for PostgresStore {
    async fn end(&self) -> Result<End, Trouble> {
        let steps = [NEWEST, GAPS, MARK].map(|sql| Step::read(sql, Vec::new()));
        let client = self.client("find the end of the outbox").await?;
        let found = pipeline::run(&client, "find the end of the outbox", None, &steps).await?;
        let (newest, noticed) = (number(&found, 0)?, number(&found, 2)?);
        let mut gaps = Vec::new();
        for row in &found[1] {
            gaps.push(Gap {
                first: read::unsigned(row, 0)?,
                last: read::unsigned(row, 1)?,
                noticed,
            });
        }
        // What was committed since the first statement is not seen yet.
        gaps.retain(|gap| gap.first <= newest);
        Ok(End { newest, gaps })
    }

    async fn news(&self, after: u64, gaps: &[Gap], limit: usize) -> Result<News, Trouble> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let new = vec![Array::Single(Some(after.cast_signed())), Array::Single(Some(limit))];
        let edges = |edge: fn(&Gap) -> u64| {
            Array::Number(gaps.iter().map(|gap| edge(gap).cast_signed()).collect())
        };
        let in_gaps = vec![edges(|gap| gap.first), edges(|gap| gap.last)];
        // In this order: what had ended before is seen, and what is in hand has an id below the
        // mark.
        let mut steps = vec![Step::read(SETTLED, Vec::new()), Step::read(NEW, new)];
        steps.push(Step::read(MARK, Vec::new()));
        if !gaps.is_empty() {
            steps.insert(1, Step::read(IN_GAPS, in_gaps));
        }
        let client = self.client("read the outbox").await?;
        let found = pipeline::run(&client, "read the outbox", None, &steps).await?;
        let (settled, mark) = (number(&found, 0)?, number(&found, steps.len() - 1)?);
        let mut events = Vec::new();
        for row in found[1..steps.len() - 1].iter().flatten() {
            events.push((read::unsigned(row, 0)?, tables::decode(read::get::<&[u8]>(row, 1)?)?));
        }
        Ok(News { events, mark, settled })
    }
}

/// The one number that a step answered.
fn number(found: &[Vec<tokio_postgres::Row>], step: usize) -> Result<u64, Trouble> {
    let silent = || Trouble::new(admitone_app::TroubleKind::Unavailable, "outbox", "no answer");
    read::unsigned(found.get(step).and_then(|rows| rows.first()).ok_or_else(silent)?, 0)
}
