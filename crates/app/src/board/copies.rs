//! Copies of what boards are made of, for instances that have no board of a show yet: one that was
//! started a moment ago, beside others that have read the show. A board that is there needs none:
//! it hears of every commit.
//!
//! A copy is never taken for what is so now. It says where the outbox ended when its reading began,
//! and whoever uses it reads the events since then, and the rows they are about.

use super::show_of;
use crate::Trouble;
use crate::cached::{CachedReads, Topic};
use crate::follower::rows_about;
use crate::ports::cache::Cache;
use crate::ports::outbox::{End, Outbox};
use crate::ports::reads::Reads;
use admitone_domain::id::ShowId;
use admitone_domain::show::SeatBlock;
use admitone_domain::{Event, Key, Loaded, Row};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// All copies are one topic: operators change shows seldom, and all are made anew after it.
pub const TOPIC: Topic = Topic { name: "seats", format: 1 };

/// Of a copy that is older than so many events the show is read anew: that is no more work.
const EVENTS_MAX: usize = 2_048;

/// Copies that instances share.
pub struct Copies {
    cached: CachedReads,
    outbox: Arc<dyn Outbox>,
}

/// The rows of a show as they were, and where the outbox ended before they were read.
#[derive(Serialize, Deserialize)]
struct Copied {
    end: End,
    rows: Vec<Loaded>,
}

impl Copies {
    /// Copies in this cache, brought up to date by this outbox.
    pub fn new(cache: Arc<dyn Cache>, outbox: Arc<dyn Outbox>) -> Self {
        Self { cached: CachedReads::new(cache), outbox }
    }

    /// The rows of a show, none of them older than this call.
    pub(super) async fn rows(
        &self,
        reads: &dyn Reads,
        show: ShowId,
    ) -> Result<Vec<Loaded>, Trouble> {
        // What does not exist is not kept.
        if reads.rows(&[Key::Show(show)]).await?.into_iter().flatten().next().is_none() {
            return Ok(Vec::new());
        }
        let name = show.0.to_string();
        let read = || self.read(reads, show);
        let Copied { end, mut rows } = self.cached.read(TOPIC, &name, read).await?;
        let news = self.outbox.news(end.newest, &end.gaps, EVENTS_MAX).await?.events;
        if news.len() >= EVENTS_MAX {
            let read = || self.read(reads, show);
            return Ok(self.cached.renew(TOPIC, &name, read).await?.rows);
        }
        let events: Vec<Event> = news.into_iter().map(|(_, event)| event).collect();
        let since = rows_about(reads, &events).await?;
        // Behind what they replace; of two versions a board takes the newer one.
        rows.extend(since.into_iter().filter(|loaded| show_of(&loaded.row) == Some(show)));
        Ok(rows)
    }

    async fn read(&self, reads: &dyn Reads, show: ShowId) -> Result<Copied, Trouble> {
        // First: what commits while the rows are read is behind this.
        let end = self.outbox.end().await?;
        Ok(Copied { end, rows: rows_of(reads, show).await? })
    }
}

/// All rows of a show that a board needs, the plan behind its seats; none where there is no show.
pub(super) async fn rows_of(reads: &dyn Reads, show: ShowId) -> Result<Vec<Loaded>, Trouble> {
    let mut found = reads.rows(&[Key::Show(show), Key::Plan(show)]).await?.into_iter();
    let Some(row) = found.next().flatten() else { return Ok(Vec::new()) };
    let plan = found.next().flatten();
    let mut rows = vec![row];
    if let Some(Row::Plan(_, known)) = plan.as_ref().map(|loaded| &*loaded.row) {
        let seats: Vec<Key> =
            known.blocks.iter().flat_map(SeatBlock::seats).map(Key::Seat).collect();
        rows.extend(reads.rows(&seats).await?.into_iter().flatten());
    }
    rows.extend(plan);
    for listed in reads.ticket_types(show).await? {
        rows.extend(reads.rows(&[Key::TicketType(listed.id)]).await?.into_iter().flatten());
    }
    Ok(rows)
}
