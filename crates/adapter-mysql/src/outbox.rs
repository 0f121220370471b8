//! The outbox: events by their numbers, and which numbers will never appear.
//!
//! A number is drawn before its batch commits. A row that is inserted and not committed is locked:
//! when a gap can be locked without waiting, nobody is about to fill it. Between the drawing of a
//! number and the row there is a moment inside one statement without a lock, so a gap is given up
//! only when it is older than any statement may be.

use crate::client::Client;
use crate::due;
use crate::open::MysqlStore;
use crate::script::{self, Step};
use crate::tables::{self, read};
use admitone_app::ports::outbox::{End, Gap, News, Outbox};
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use mysql_async::Row;

/// A gap is looked at for so long at least.
const PATIENCE_US: u64 = 12_000_000;

const NEWEST: &str = "SELECT COALESCE(MAX(id), 0) FROM event";
/// Nobody is in hand while a hundred thousand others commit.
const GAPS: &str = "SELECT earlier + 1, id - 1 FROM ( \
     SELECT id, COALESCE(LAG(id) OVER (ORDER BY id), low) AS earlier FROM event, \
     (SELECT GREATEST(MAX(id) - 100000, 0) AS low FROM event) AS bound WHERE id > low \
     ) AS known WHERE id > earlier + 1";

#[async_trait]
impl Outbox for MysqlStore {
    async fn end(&self) -> Result<End, Trouble> {
        let steps = [Step::read(NEWEST), Step::read(GAPS), due::now(None)];
        let mut client = self.client("find the end of the outbox").await?;
        let found = script::run(&mut client, "find the end of the outbox", &steps).await?;
        let (newest, noticed) = (number(&found, 0)?, number(&found, 2)?);
        let mut gaps = Vec::new();
        for row in &found[1] {
            let (first, last) = (read::unsigned(row, 0)?, read::unsigned(row, 1)?);
            gaps.push(Gap { first, last, noticed });
        }
        // What was committed since the first statement is not seen yet.
        gaps.retain(|gap| gap.first <= newest);
        Ok(End { newest, gaps })
    }

    async fn news(&self, after: u64, gaps: &[Gap], limit: usize) -> Result<News, Trouble> {
        let mut client = self.client("read the outbox").await?;
        let settled = settled(&mut client, gaps).await?;
        let mut steps = Vec::new();
        if !gaps.is_empty() {
            let sql = format!("SELECT id, body FROM event WHERE {} ORDER BY id", inside(gaps));
            steps.push(Step::read(sql));
        }
        steps.push(Step::read(format!(
            "SELECT id, body FROM event WHERE id > {after} ORDER BY id LIMIT {limit}"
        )));
        steps.push(due::now(None));
        let found = script::run(&mut client, "read the outbox", &steps).await?;
        let mut events = Vec::new();
        for row in found[..steps.len() - 1].iter().flatten() {
            let body: Vec<u8> = read::get(row, 1)?;
            events.push((read::unsigned(row, 0)?, tables::decode(&body)?));
        }
        Ok(News { events, mark: number(&found, steps.len() - 1)?, settled })
    }
}

/// The mark up to which gaps are settled, before anything is read.
async fn settled(client: &mut Client, gaps: &[Gap]) -> Result<u64, Trouble> {
    if gaps.is_empty() {
        return Ok(0);
    }
    let now = script::run(client, "read the outbox", &[due::now(None)]).await?;
    let settled = number(&now, 0)?.saturating_sub(PATIENCE_US);
    let old: Vec<Gap> = gaps.iter().filter(|gap| gap.noticed <= settled).copied().collect();
    if old.is_empty() {
        return Ok(0);
    }
    let sql = format!("SELECT id FROM event WHERE {} FOR UPDATE NOWAIT", inside(&old));
    let is_free = script::run(client, "look into gaps", &[Step::read(sql)]).await.is_ok();
    Ok(if is_free { settled } else { 0 })
}

fn inside(gaps: &[Gap]) -> String {
    let one = |gap: &Gap| format!("id BETWEEN {} AND {}", gap.first, gap.last);
    gaps.iter().map(one).collect::<Vec<_>>().join(" OR ")
}

/// The one number that a step answered.
fn number(found: &[Vec<Row>], step: usize) -> Result<u64, Trouble> {
    let silent = || Trouble::new(TroubleKind::Unavailable, "read the outbox", "no answer");
    read::unsigned(found.get(step).and_then(|rows| rows.first()).ok_or_else(silent)?, 0)
}
