//! The books of waiting rooms: a transaction in one message writes an entry and tells what was
//! written since. The row of a book is locked from there to the commit, so its entries become
//! visible in their order.

use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::room_journal::{Book, Entry, News, RoomJournal};
use async_trait::async_trait;
use mysql_async::Row;

/// So many bytes of an image go to the server at once: written in hexadecimal digits they are twice
/// as many, and a server that is set up as it comes takes 16 MiB.
const PART: usize = 1 << 20;

/// The server's time in microseconds, behind every wait for a lock.
const NOW: &str = "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)";

impl MysqlStore {
    /// All steps as one transaction in one message. One that failed leaves nothing open.
    async fn in_one(
        &self,
        operation: &'static str,
        mut steps: Vec<Step>,
    ) -> Result<Vec<Vec<Row>>, Trouble> {
        let mut client = self.client(operation).await?;
        steps.insert(0, Step::read("START TRANSACTION"));
        steps.push(Step::read("COMMIT"));
        let found = script::run(&mut client, operation, &steps).await;
        if found.is_err() {
            // A connection that is lost has nothing open either.
            drop(script::run(&mut client, operation, &[Step::read("ROLLBACK")]).await);
        }
        found
    }

    /// Whether nobody else writes an image that stands for as much: of two with parts in common
    /// neither would be whole.
    async fn begin_image(&self, book: i64, sequence: u64) -> Result<bool, Trouble> {
        let begin =
            format!("INSERT IGNORE INTO room_image_part VALUES ({book}, {sequence}, 0, X'')");
        let steps = vec![Step::read(begin), Step::read("SELECT ROW_COUNT()")];
        let found = self.in_one("begin an image", steps).await?;
        let [.., count, _committed] = &found[..] else { return Ok(false) };
        count.first().map_or(Ok(false), |row| Ok(read::get::<i64>(row, 0)? > 0))
    }
}

#[async_trait]
impl RoomJournal for MysqlStore {
    async fn exchange(
        &self,
        book: Book,
        since: u64,
        entry: Option<Vec<u8>>,
    ) -> Result<News, Trouble> {
        let book = book.number();
        let now = self.hand().map_or_else(|| NOW.to_owned(), |now| now.to_string());
        let mut steps = Vec::new();
        if let Some(said) = entry {
            let write = [
                // Locked for writing at once: two who share it first would wait for each other.
                format!(
                    "INSERT INTO room_book VALUES ({book}, 1, {now}, 0) ON DUPLICATE KEY UPDATE \
                     last = last + 1, at = GREATEST(at, {now})"
                ),
                format!(
                    "INSERT INTO room_entry SELECT book, last, at, {} FROM room_book \
                     WHERE book = {book}",
                    literal(&said)
                ),
            ];
            steps.extend(write.map(Step::read));
        }
        // One statement sees an image with the parts that are its own.
        let image = format!(
            "SELECT i.sequence, 0 AS part, i.image FROM room_image i \
             JOIN room_book b ON b.book = i.book \
             WHERE i.book = {book} AND ({since} = 0 OR {since} < b.gone) \
             UNION ALL SELECT i.sequence, p.part, p.image FROM room_image i \
             JOIN room_book b ON b.book = i.book \
             JOIN room_image_part p ON p.book = i.book AND p.sequence = i.sequence \
             WHERE i.book = {book} AND p.part > 0 AND ({since} = 0 OR {since} < b.gone) \
             ORDER BY part"
        );
        let entries = format!(
            "SELECT sequence, at, said FROM room_entry WHERE book = {book} AND sequence > \
             COALESCE((SELECT i.sequence FROM room_image i JOIN room_book b ON b.book = i.book \
             WHERE i.book = {book} AND ({since} = 0 OR {since} < b.gone)), {since}) \
             ORDER BY sequence"
        );
        steps.extend([image, entries].map(Step::read));
        let found = self.in_one("write to a room", steps).await?;
        let [.., image, entries, _committed] = &found[..] else { return Ok(News::default()) };
        let mut news = News::default();
        for row in image {
            let part: Vec<u8> = read::get(row, 2)?;
            match &mut news.image {
                Some((_, whole)) => whole.extend(part),
                None => news.image = Some((read::unsigned(row, 0)?, part)),
            }
        }
        for row in entries {
            let (sequence, at_us) = (read::unsigned(row, 0)?, read::get(row, 1)?);
            news.entries.push(Entry { sequence, at_us, bytes: read::get(row, 2)? });
        }
        Ok(news)
    }

    async fn keep(&self, book: Book, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        let book = book.number();
        let mut parts = image.chunks(PART);
        let first = parts.next().unwrap_or_default();
        if !self.begin_image(book, sequence).await? {
            return Ok(());
        }
        for (number, part) in (1..).zip(parts) {
            let part = literal(part);
            let write = format!(
                "INSERT INTO room_image_part VALUES ({book}, {sequence}, {number}, {part})"
            );
            self.in_one("keep a part of an image", vec![Step::read(write)]).await?;
        }
        let keep = [
            // Whoever keeps an image waits here for whoever does the same.
            format!("SELECT gone FROM room_book WHERE book = {book} FOR UPDATE"),
            format!(
                "SET @covered = (SELECT COALESCE(MAX(sequence), 0) FROM room_image \
                 WHERE book = {book})"
            ),
            format!(
                "INSERT INTO room_image VALUES ({book}, {sequence}, {}) ON DUPLICATE KEY UPDATE \
                 image = IF(VALUES(sequence) > room_image.sequence, VALUES(image), image), \
                 sequence = GREATEST(VALUES(sequence), room_image.sequence)",
                literal(first)
            ),
            format!(
                "UPDATE room_book SET gone = @covered WHERE book = {book} \
                 AND gone < @covered AND @covered < {sequence}"
            ),
            format!(
                "DELETE FROM room_entry WHERE book = {book} AND sequence <= \
                 (SELECT gone FROM room_book WHERE book = {book})"
            ),
            // Those of images that are not there any more or never came to be, and not those of
            // one that is on the way.
            format!(
                "DELETE FROM room_image_part WHERE book = {book} AND sequence < \
                 (SELECT sequence FROM room_image WHERE book = {book})"
            ),
        ];
        self.in_one("keep an image of a room", keep.map(Step::read).to_vec()).await.map(drop)
    }
}
