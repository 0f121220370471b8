//! Defects that the comparison of waiting rooms has to find.

use admitone_adapter_postgres::PostgresStore;
use admitone_app::Trouble;
use admitone_app::ports::room_journal::{Book, News, RoomJournal};
use async_trait::async_trait;
use std::sync::Arc;

/// What is wrong in a script: what stands there, and what instead.
pub(crate) const PLANTED: [(&str, &str, &str); 10] = [
    (
        "who is not ripe is called",
        "first <= head.ripe_to then return first",
        "first then return first",
    ),
    (
        "only claimed slots count",
        "(s.active_max or NOBODY) - inside",
        "(s.active_max or NOBODY) - head.claimed",
    ),
    ("the burst is one more", "max(rate.burst - 1, 0)", "rate.burst"),
    (
        "a cell begins anew each time",
        "if cell > head.cell then head",
        "if cell >= head.cell then head",
    ),
    ("a claim that lapsed ends the place", "if slot(place).claimed then", "if true then"),
    ("older tokens are good", "elseif generation ~= found.generation then", "elseif false then"),
    ("nobody rests after a stall", "and head.live > inside then rest()", "and false then rest()"),
    (
        "an extension has no bound",
        "max(min(wanted, from + s.extension * 1000), found.deadline)",
        "max(wanted, found.deadline)",
    ),
    (
        "the greatest place comes first",
        "call('ZRANGE', base .. 'deck', 0, 0)",
        "call('ZRANGE', base .. 'deck', -1, -1)",
    ),
    (
        "a rejoin is given a new place",
        "local place = find(user)\n  if place then\n",
        "local place = nil\n  if place then\n",
    ),
];

/// A journal that tells another time than it has, now and then.
pub(crate) struct Skewed(pub(crate) Arc<PostgresStore>);

#[async_trait]
impl RoomJournal for Skewed {
    async fn exchange(
        &self,
        book: Book,
        since: u64,
        entry: Option<Vec<u8>>,
    ) -> Result<News, Trouble> {
        let mut news = self.0.exchange(book, since, entry).await?;
        for entry in news.entries.iter_mut().filter(|entry| entry.sequence.is_multiple_of(100)) {
            entry.at_us += 1_000;
        }
        Ok(news)
    }

    async fn keep(&self, book: Book, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        self.0.keep(book, sequence, image).await
    }
}
