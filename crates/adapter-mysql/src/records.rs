//! Who changed what, from the events; and closed accounts, once, when the house is opened.

use crate::open::MysqlStore;
use crate::script::literal;
use crate::tables::{self, read};
use admitone_app::Trouble;
use admitone_app::ports::records::{Changes, Mark, Records, Sought};
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Row};
use async_trait::async_trait;

/// One search looks at so many events: sales are many, changes few.
const LOOKED_AT_MAX: i64 = 100_000;

#[async_trait]
impl Records for MysqlStore {
    async fn search(
        &self,
        sought: Sought<'_>,
        before: Option<Mark>,
        limit: usize,
    ) -> Result<Changes, Trouble> {
        let before = if let Some(mark) = before {
            i64::try_from(mark.batch).unwrap_or(i64::MAX)
        } else {
            let newest = self.ask("SELECT COALESCE(MAX(id), 0) FROM event").await?;
            let newest = newest.first().map(|row| read::get::<i64>(row, 0)).transpose()?;
            newest.unwrap_or(0) + 1
        };
        let floor = before.saturating_sub(LOOKED_AT_MAX).max(1);
        // Most events need not be decoded.
        let has_mark = |mark: &Vec<u8>| format!("LOCATE({}, body)", literal(mark));
        let marks: Vec<String> = sought.marks(tables::encode)?.iter().map(has_mark).collect();
        let rows = self
            .ask(format!(
                "SELECT id, body FROM event WHERE id < {before} AND id >= {floor} \
                 AND ({}) ORDER BY id DESC LIMIT {}",
                marks.join(" OR "),
                limit.saturating_add(1)
            ))
            .await?;
        let mut found = Vec::new();
        let mut last = None;
        for row in rows.iter().take(limit) {
            let mark = Mark { batch: read::unsigned(row, 0)?, nth: 0 };
            let event: Event = tables::decode(&read::get::<Vec<u8>>(row, 1)?)?;
            last = Some(mark);
            if sought.is(&event) {
                found.push((mark, event));
            }
        }
        let below = Mark { batch: floor.cast_unsigned(), nth: 0 };
        let next = if rows.len() > limit { last } else { (floor > 1).then_some(below) };
        Ok(Changes { found, next })
    }

    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble> {
        let closed = |row| match row {
            Row::Buyer(buyer) if buyer.disabled => Some(buyer.id),
            _ => None,
        };
        // The last byte of an account says whether it is closed; decoding says it for sure.
        let sql = "SELECT version, body FROM buyer \
                   WHERE RIGHT(body, 1) = X'01' OR RIGHT(body, 2) = X'0100'";
        self.bodies(sql, closed).await
    }
}
