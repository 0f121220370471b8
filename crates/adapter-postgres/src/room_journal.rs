//! The books of waiting rooms: a function of the server writes an entry and tells what was written
//! since, in one round trip. The row of a book is locked from there to the commit, so its entries
//! become visible in their order.

use crate::open::PostgresStore;
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::room_journal::{Book, Entry, News, RoomJournal};
use async_trait::async_trait;

const EXCHANGE: &str = "SELECT number, moment, words FROM room_exchange($1, $2, $3, $4)";

/// What the image before covers goes; who is in the middle of reading it still has the entries.
const KEEP: &str = "WITH before AS (SELECT coalesce(max(sequence), 0) AS sequence FROM room_image \
     WHERE book = $1), \
     kept AS (INSERT INTO room_image SELECT $1::bigint, $2::bigint, $3::bytea FROM before \
     WHERE before.sequence < $2 ON CONFLICT (book) DO UPDATE \
     SET sequence = excluded.sequence, image = excluded.image \
     WHERE room_image.sequence < excluded.sequence RETURNING book), \
     covered AS (UPDATE room_book SET gone = before.sequence FROM kept, before \
     WHERE room_book.book = kept.book RETURNING gone) \
     DELETE FROM room_entry USING covered WHERE book = $1 AND room_entry.sequence <= covered.gone";

#[async_trait]
impl RoomJournal for PostgresStore {
    async fn exchange(
        &self,
        book: Book,
        since: u64,
        entry: Option<Vec<u8>>,
    ) -> Result<News, Trouble> {
        let failed = trouble::of("write to a room");
        let client = self.client("write to a room").await?;
        let statement = client.prepare_cached(EXCHANGE).await.map_err(&failed)?;
        let (number, since) = (book.number(), since.cast_signed());
        let found = client.query(&statement, &[&number, &since, &entry, &self.hand()]).await;
        let mut news = News::default();
        for row in found.map_err(failed)? {
            let (sequence, bytes) = (read::unsigned(&row, 0)?, read::get(&row, 2)?);
            match read::get::<Option<i64>>(&row, 1)? {
                Some(at_us) => news.entries.push(Entry { sequence, at_us, bytes }),
                None => news.image = Some((sequence, bytes)),
            }
        }
        Ok(news)
    }

    async fn keep(&self, book: Book, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        let failed = trouble::of("keep an image of a room");
        let client = self.client("keep an image of a room").await?;
        let statement = client.prepare_cached(KEEP).await.map_err(&failed)?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&book.number(), &sequence.cast_signed(), &image];
        client.execute(&statement, &values).await.map(drop).map_err(failed)
    }
}
