//! The journal: one thread that owns the connection, one row and one sync for each batch.

use crate::trouble;
use admitone_app::Trouble;
use rusqlite::{Connection, OptionalExtension, params};
use std::sync::mpsc;
use tokio::sync::oneshot;

type Done<T> = oneshot::Sender<Result<T, Trouble>>;

enum Order {
    Append { seq: u64, body: Vec<u8>, done: Done<()> },
    Reserve { name: &'static str, count: u64, done: Done<u64> },
    DrawFence { name: String, done: Done<u64> },
    Forget { up_to: u64 },
}

/// The way to the journal's thread.
#[derive(Clone)]
pub(crate) struct Journal {
    orders: mpsc::Sender<Order>,
}

impl Journal {
    /// Starts the thread. It ends when the last way to it is dropped.
    pub(crate) fn start(connection: Connection) -> std::io::Result<Self> {
        let (orders, waiting) = mpsc::channel();
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || waiting.iter().for_each(|order| follow(&connection, order)))?;
        Ok(Self { orders })
    }

    /// Appends a batch; returns when it is durable.
    pub(crate) async fn append(&self, seq: u64, body: Vec<u8>) -> Result<(), Trouble> {
        self.ask(|done| Order::Append { seq, body, done }, "commit").await
    }

    /// Reserves numbers; returns the first when that is durable.
    pub(crate) async fn reserve(&self, name: &'static str, count: u64) -> Result<u64, Trouble> {
        self.ask(|done| Order::Reserve { name, count, done }, "reserve").await
    }

    /// Draws the next fencing token of a name.
    pub(crate) async fn draw_fence(&self, name: String) -> Result<u64, Trouble> {
        self.ask(|done| Order::DrawFence { name, done }, "draw a fence").await
    }

    /// Forgets what the tables have.
    pub(crate) fn forget(&self, up_to: u64) {
        // A closed journal has nothing to forget.
        let _ = self.orders.send(Order::Forget { up_to });
    }

    async fn ask<T>(
        &self,
        order: impl FnOnce(Done<T>) -> Order,
        operation: &'static str,
    ) -> Result<T, Trouble> {
        let (done, answered) = oneshot::channel();
        self.orders.send(order(done)).map_err(|_| trouble::ended(operation))?;
        answered.await.map_err(|_| trouble::ended(operation))?
    }
}

/// Whoever asked may have gone: what was ordered is done all the same.
fn follow(connection: &Connection, order: Order) {
    match order {
        Order::Append { seq, body, done } => {
            let insert = connection.prepare_cached("INSERT INTO batch VALUES (?1, ?2)");
            let written = insert.and_then(|mut insert| insert.execute(params![seq, body]));
            let _ = done.send(written.map(|_| ()).map_err(trouble::of("commit")));
        }
        Order::Reserve { name, count, done } => {
            let sql = "INSERT INTO sequence VALUES (?1, ?2) \
                       ON CONFLICT DO UPDATE SET last = last + ?2 RETURNING last";
            let last = connection.query_row(sql, params![name, count], |row| row.get::<_, u64>(0));
            let first = last.map(|last| last + 1 - count).map_err(trouble::of("reserve"));
            let _ = done.send(first);
        }
        Order::DrawFence { name, done } => {
            let sql = "INSERT INTO fence VALUES (?1, 1) \
                       ON CONFLICT DO UPDATE SET token = token + 1 RETURNING token";
            let token = connection.query_row(sql, params![name], |row| row.get(0));
            let _ = done.send(token.map_err(trouble::of("draw a fence")));
        }
        Order::Forget { up_to } => {
            if let Err(error) = connection.execute("DELETE FROM batch WHERE seq <= ?1", [up_to]) {
                tracing::warn!(%error, "the journal keeps what the tables have");
            }
        }
    }
}

/// Everything behind a batch, in order.
pub(crate) fn tail(
    connection: &Connection,
    after: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let failed = trouble::of("read the journal");
    let sql = "SELECT seq, body FROM batch WHERE seq > ?1 ORDER BY seq";
    let mut query = connection.prepare(sql).map_err(&failed)?;
    let mut rows = query.query([after]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        take(row.get(0).map_err(&failed)?, body)?;
    }
    Ok(())
}

/// The newest token of a name; 0 when none was drawn.
pub(crate) fn newest_fence(connection: &Connection, name: &str) -> Result<u64, Trouble> {
    let sql = "SELECT token FROM fence WHERE name = ?1";
    let token = connection.query_row(sql, [name], |row| row.get(0)).optional();
    token.map(Option::unwrap_or_default).map_err(trouble::of("read a fence"))
}
