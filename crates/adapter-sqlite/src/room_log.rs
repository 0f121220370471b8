//! Histories of waiting rooms: `rooms.db`, one thread, one sync for all that waits.

use crate::{migrations, open, trouble};
use admitone_app::Trouble;
use admitone_app::ports::room_log::{RoomHistory, RoomLog};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::path::Path;
use std::sync::mpsc;
use tokio::sync::oneshot;

const FILE: &str = "rooms.db";

type Done<T> = oneshot::Sender<Result<T, Trouble>>;
/// Answers an order once its transaction is through.
type Answer = Box<dyn FnOnce(Result<(), Trouble>)>;

enum Order {
    Load { room: u32, done: Done<RoomHistory> },
    Append { room: u32, sequence: u64, records: Vec<u8>, done: Done<()> },
    Checkpoint { room: u32, sequence: u64, image: Vec<u8>, done: Done<()> },
}

/// Keeps histories in a data directory.
pub struct SqliteRoomLog {
    orders: mpsc::Sender<Order>,
}

impl SqliteRoomLog {
    /// Opens the histories of a data directory. Its store must be open: it holds the lock.
    pub fn open(directory: &Path) -> Result<Self, open::OpenTrouble> {
        let path = directory.join(FILE);
        let connection = connect(&path)?;
        let (orders, waiting) = mpsc::channel();
        std::thread::Builder::new()
            .name("rooms".into())
            .spawn(move || run(connection, &waiting))
            .map_err(|source| open::OpenTrouble::Directory { path, source })?;
        Ok(Self { orders })
    }

    async fn ask<T>(
        &self,
        operation: &'static str,
        order: impl FnOnce(Done<T>) -> Order,
    ) -> Result<T, Trouble> {
        let (done, answered) = oneshot::channel();
        self.orders.send(order(done)).map_err(|_| trouble::ended(operation))?;
        answered.await.map_err(|_| trouble::ended(operation))?
    }
}

fn connect(path: &Path) -> Result<Connection, open::OpenTrouble> {
    let connection = open::database(path, "FULL", &migrations::rooms::migrations::runner())?;
    // A room waits for its log anyway: this writer checkpoints by itself.
    let checkpoints = connection.execute_batch("PRAGMA wal_autocheckpoint = 1000");
    checkpoints.map_err(open::damaged(path))?;
    Ok(connection)
}

#[async_trait]
impl RoomLog for SqliteRoomLog {
    async fn load(&self, room: u32) -> Result<RoomHistory, Trouble> {
        self.ask("load a room", |done| Order::Load { room, done }).await
    }

    async fn append(&self, room: u32, sequence: u64, records: Vec<u8>) -> Result<(), Trouble> {
        self.ask("append to a room", |done| Order::Append { room, sequence, records, done }).await
    }

    async fn checkpoint(&self, room: u32, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        self.ask("checkpoint a room", |done| Order::Checkpoint { room, sequence, image, done })
            .await
    }
}

/// All that waits is one transaction: many rooms share a sync.
fn run(mut connection: Connection, waiting: &mpsc::Receiver<Order>) {
    while let Ok(first) = waiting.recv() {
        let orders: Vec<Order> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let mut answers: Vec<Answer> = Vec::new();
        let committed = connection
            .transaction()
            .and_then(|transaction| {
                answers.extend(orders.into_iter().map(|order| follow(&transaction, order)));
                transaction.commit()
            })
            .map_err(trouble::in_file("keep a room", FILE));
        for answer in answers {
            answer(committed.clone());
        }
    }
}

/// Follows an order; what is returned answers it once the transaction is through. Whoever asked
/// may have gone.
fn follow(transaction: &Transaction<'_>, order: Order) -> Answer {
    match order {
        Order::Load { room, done } => {
            let found = load(transaction, room).map_err(trouble::in_file("load a room", FILE));
            Box::new(move |through| drop(done.send(through.and(found))))
        }
        Order::Append { room, sequence, records, done } => {
            let sql = "INSERT INTO room_batch VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            let kept = transaction
                .prepare_cached(sql)
                .and_then(|mut insert| insert.execute(params![room, sequence, records]))
                .map(|_| ())
                .map_err(trouble::in_file("append to a room", FILE));
            Box::new(move |through| drop(done.send(through.and(kept))))
        }
        Order::Checkpoint { room, sequence, image, done } => {
            let kept = checkpoint(transaction, room, sequence, &image)
                .map_err(trouble::in_file("checkpoint a room", FILE));
            Box::new(move |through| drop(done.send(through.and(kept))))
        }
    }
}

fn load(transaction: &Transaction<'_>, room: u32) -> rusqlite::Result<RoomHistory> {
    let sql = "SELECT sequence, image FROM room_checkpoint WHERE room = ?1";
    let newest = transaction
        .query_row(sql, [room], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()?;
    let (covered, checkpoint) = newest.map_or((0, None), |(at, image)| (at, Some(image)));
    let sql = "SELECT sequence, records FROM room_batch \
               WHERE room = ?1 AND sequence > ?2 ORDER BY sequence";
    let mut query = transaction.prepare(sql)?;
    let mut rows = query.query(params![room, covered])?;
    let mut history = RoomHistory { checkpoint, batches: Vec::new(), sequence: covered };
    while let Some(row) = rows.next()? {
        history.sequence = row.get(0)?;
        history.batches.push(row.get(1)?);
    }
    Ok(history)
}

fn checkpoint(
    transaction: &Transaction<'_>,
    room: u32,
    sequence: u64,
    image: &[u8],
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO room_checkpoint VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE \
               SET sequence = ?2, image = ?3 WHERE ?2 > sequence";
    transaction.execute(sql, params![room, sequence, image])?;
    let sql = "DELETE FROM room_batch WHERE room = ?1 AND sequence <= \
               (SELECT sequence FROM room_checkpoint WHERE room = ?1)";
    transaction.execute(sql, [room]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_rooms_is_synced_before_anybody_is_told_a_place() {
        let directory = tempfile::tempdir().unwrap();
        let connection = connect(&directory.path().join(FILE)).unwrap();
        assert_eq!(open::pragma(&connection, "synchronous"), open::FULL);
        assert_eq!(open::pragma(&connection, "journal_mode"), "wal");
    }
}
