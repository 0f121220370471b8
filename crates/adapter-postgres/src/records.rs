//! Who changed what, from the events; and closed accounts, once, when the house is opened.

use crate::open::PostgresStore;
use crate::pipeline::{Array, Step};
use crate::tables::{self, read};
use admitone_app::Trouble;
use admitone_app::ports::records::{Changes, Mark, Records, Sought};
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Row};
use async_trait::async_trait;

/// One search looks at so many events: sales are many, changes few.
const LOOKED_AT_MAX: i64 = 100_000;

const NEWEST: &str = "SELECT coalesce(max(id), 0) FROM event";
/// Most events need not be decoded.
const SEARCH: &str = "SELECT id, body FROM event WHERE id < $1 AND id >= $2 \
     AND EXISTS (SELECT FROM unnest($3::bytea[]) AS mark WHERE position(mark IN body) > 0) \
     ORDER BY id DESC LIMIT $4";

/// The last bytes of an account say whether it is closed, the very last that it has no password;
/// an older row has no place for one. Decoding says it for sure.
const CLOSED: &str = "SELECT version, body FROM buyer \
     WHERE substring(body FROM octet_length(body)) = '\\x01'::bytea \
     OR substring(body FROM octet_length(body) - 1) = '\\x0100'::bytea";

#[async_trait]
impl Records for PostgresStore {
    async fn search(
        &self,
        sought: Sought<'_>,
        before: Option<Mark>,
        limit: usize,
    ) -> Result<Changes, Trouble> {
        let before = if let Some(mark) = before {
            i64::try_from(mark.batch).unwrap_or(i64::MAX)
        } else {
            let newest = self.ask_for(Step::read(NEWEST, Vec::new())).await?;
            let newest = newest.first().map(|row| read::get::<i64>(row, 0)).transpose()?;
            newest.unwrap_or(0) + 1
        };
        let floor = before.saturating_sub(LOOKED_AT_MAX).max(1);
        let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let marks = Array::Bytes(sought.marks(tables::encode)?);
        let single = |number| Array::Single(Some(number));
        let values = vec![single(before), single(floor), marks, single(one_more)];
        let rows = self.ask_for(Step::read(SEARCH, values)).await?;
        let looked_at = rows.len();
        let mut found = Vec::new();
        let mut last = None;
        for row in rows.iter().take(limit) {
            let mark = Mark { batch: read::unsigned(row, 0)?, nth: 0 };
            let event: Event = tables::decode(read::get::<&[u8]>(row, 1)?)?;
            last = Some(mark);
            if sought.is(&event) {
                found.push((mark, event));
            }
        }
        let below = Mark { batch: floor.cast_unsigned(), nth: 0 };
        let next = if looked_at > limit { last } else { (floor > 1).then_some(below) };
        Ok(Changes { found, next })
    }

    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble> {
        let closed = |row| match row {
            Row::Buyer(buyer) if buyer.disabled => Some(buyer.id),
            _ => None,
        };
        self.bodies(CLOSED, Vec::new(), closed).await
    }
}
