//! Histories of waiting rooms, each led by one instance at a time.
//!
//! Who loads a room takes its lease and draws a token; every append and every checkpoint demands,
//! in its own statement, that the token is still the newest. A lease that was not renewed in time
//! may be taken by anybody, and whoever had it can write nothing more, however late it wakes up.

use crate::open::PostgresStore;
use crate::pipeline::{self, Array, Step};
use crate::tables::read;
use admitone_app::ports::room_log::{RoomHistory, RoomLog};
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Another instance takes a room over so long after its leader fell silent.
pub const LEASE: Duration = Duration::from_secs(6);

const TAKE: &str = "INSERT INTO room_lease VALUES ($1, 1, \
     (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $2) \
     ON CONFLICT (room) DO UPDATE SET token = room_lease.token + 1, until = excluded.until \
     WHERE room_lease.until <= excluded.until - $2 OR room_lease.token = $3 RETURNING token";
const CHECKPOINT: &str = "SELECT sequence, image FROM room_checkpoint WHERE room = $1";
const BATCHES: &str = "SELECT sequence, records FROM room_batch WHERE room = $1 ORDER BY sequence";

const APPEND: &str = "WITH mine AS (UPDATE room_lease SET until = \
     (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3 \
     WHERE room = $1 AND token = $2 RETURNING room), \
     kept AS (INSERT INTO room_batch SELECT room, $4, ($5::bytea[])[1] FROM mine \
     ON CONFLICT DO NOTHING) SELECT count(*) FROM mine";
const KEEP: &str = "WITH mine AS (SELECT room FROM room_lease \
     WHERE room = $1 AND token = $2 FOR SHARE), \
     kept AS (INSERT INTO room_checkpoint SELECT room, $3, ($4::bytea[])[1] FROM mine \
     ON CONFLICT (room) DO UPDATE SET sequence = excluded.sequence, image = excluded.image \
     WHERE excluded.sequence > room_checkpoint.sequence), \
     covered AS (DELETE FROM room_batch USING mine WHERE room_batch.room = mine.room \
     AND sequence <= greatest($3::bigint, \
     (SELECT sequence FROM room_checkpoint WHERE room = $1))) SELECT count(*) FROM mine";

const RENEW: &str = "UPDATE room_lease SET until = \
     (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3 \
     FROM unnest($1::bigint[], $2::bigint[]) AS held (room, token) \
     WHERE room_lease.room = held.room AND room_lease.token = held.token \
     RETURNING room_lease.room";
const RELEASE: &str = "UPDATE room_lease SET until = 0 \
     FROM unnest($1::bigint[], $2::bigint[]) AS held (room, token) \
     WHERE room_lease.room = held.room AND room_lease.token = held.token";

/// The rooms that this instance leads.
#[derive(Clone)]
pub struct PostgresRoomLog {
    store: PostgresStore,
    lease: Duration,
    held: Arc<Mutex<HashMap<u32, Held>>>,
}

/// A lease as this instance knows it.
#[derive(Debug, Clone, Copy)]
struct Held {
    token: u64,
    /// When the last renewal that went well was asked for.
    renewed: Instant,
}

impl PostgresRoomLog {
    /// No rooms yet. A lease of `lease` is renewed three times in that time, by `renew`.
    pub fn new(store: PostgresStore, lease: Duration) -> Self {
        Self { store, lease, held: Arc::default() }
    }

    /// Renews what is held until `stop`.
    pub async fn renew(self, stop: CancellationToken) {
        let mut ticks = interval(self.lease / 3);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            if let Err(trouble) = self.renew_once().await {
                tracing::warn!(%trouble, "the leases of the waiting rooms were not renewed");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                _ = ticks.tick() => {}
            }
        }
    }

    /// Gives all rooms back, so that another instance need not wait for the end of their leases.
    pub async fn release(&self) -> Result<(), Trouble> {
        let values = self.tokens();
        self.lock().clear();
        self.ask("release rooms", RELEASE, values).await.map(|_| ())
    }

    async fn renew_once(&self) -> Result<(), Trouble> {
        let asked = asked_now();
        let mut values = self.tokens();
        values.push(self.span());
        let renewed = self.ask("renew rooms", RENEW, values).await?;
        for row in renewed {
            let room = u32::try_from(read::unsigned(&row, 0)?).unwrap_or(u32::MAX);
            if let Some(held) = self.lock().get_mut(&room) {
                held.renewed = asked;
            }
        }
        Ok(())
    }

    /// The token of a room, which is taken if it is not held.
    async fn token(&self, room: u32) -> Result<u64, Trouble> {
        let known = self.lock().get(&room).map(|held| held.token);
        match known {
            Some(token) => Ok(token),
            None => self.take(room).await,
        }
    }

    async fn take(&self, room: u32) -> Result<u64, Trouble> {
        let asked = asked_now();
        // A token of our own may be replaced at once: whoever has it in this process must stop.
        let known = self.lock().get(&room).map_or(0, |held| held.token);
        let own = Array::Single(Some(known.cast_signed()));
        let found = self.ask("lead a room", TAKE, vec![number(room), self.span(), own]).await?;
        let Some(row) = found.first() else {
            let detail = format!("waiting room {room} is led by another instance");
            return Err(Trouble::new(TroubleKind::Busy, "lead a room", detail));
        };
        let token = read::unsigned(row, 0)?;
        self.lock().insert(room, Held { token, renewed: asked });
        Ok(token)
    }

    /// Runs a statement that says whether the lease is ours still.
    async fn write(
        &self,
        operation: &'static str,
        sql: &'static str,
        values: Vec<Array>,
    ) -> Result<(), Trouble> {
        let found = self.ask(operation, sql, values).await?;
        match found.first().map(|row| read::unsigned(row, 0)).transpose()? {
            Some(1) => Ok(()),
            Some(_) | None => {
                Err(Trouble::new(TroubleKind::Fenced, operation, "another instance leads the room"))
            }
        }
    }

    async fn ask(
        &self,
        operation: &'static str,
        sql: &'static str,
        values: Vec<Array>,
    ) -> Result<Vec<tokio_postgres::Row>, Trouble> {
        let client = self.store.client(operation).await?;
        let found = pipeline::run(&client, operation, None, &[Step::read(sql, values)]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    fn tokens(&self) -> Vec<Array> {
        let held = self.lock();
        let rooms = held.keys().map(|room| i64::from(*room)).collect();
        let tokens = held.values().map(|held| held.token.cast_signed()).collect();
        vec![Array::Number(rooms), Array::Number(tokens)]
    }

    fn span(&self) -> Array {
        Array::Single(Some(i64::try_from(self.lease.as_micros()).unwrap_or(i64::MAX)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RoomLog for PostgresRoomLog {
    async fn load(&self, room: u32) -> Result<RoomHistory, Trouble> {
        self.take(room).await?;
        let steps = [CHECKPOINT, BATCHES].map(|sql| Step::read(sql, vec![number(room)]));
        let client = self.store.client("load a room").await?;
        let found = pipeline::run(&client, "load a room", None, &steps).await?;
        let mut history = RoomHistory::default();
        if let Some(row) = found[0].first() {
            history.sequence = read::unsigned(row, 0)?;
            history.checkpoint = Some(read::get(row, 1)?);
        }
        for row in &found[1] {
            let sequence = read::unsigned(row, 0)?;
            if sequence > history.sequence {
                history.sequence = sequence;
                history.batches.push(read::get(row, 1)?);
            }
        }
        Ok(history)
    }

    async fn append(&self, room: u32, sequence: u64, records: Vec<u8>) -> Result<(), Trouble> {
        let (token, asked) = (self.token(room).await?, asked_now());
        let mut values = vec![number(room), single(token), self.span()];
        values.extend([single(sequence), Array::Bytes(vec![records])]);
        self.write("append to a room", APPEND, values).await?;
        if let Some(held) = self.lock().get_mut(&room).filter(|held| held.token == token) {
            held.renewed = asked;
        }
        Ok(())
    }

    async fn checkpoint(&self, room: u32, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        let token = self.token(room).await?;
        let values = vec![number(room), single(token), single(sequence), Array::Bytes(vec![image])];
        self.write("checkpoint a room", KEEP, values).await
    }

    fn leads(&self, room: u32) -> bool {
        self.lock().get(&room).is_some_and(|held| held.renewed.elapsed() < self.lease)
    }
}

/// A lease is measured by a clock that nobody sets.
#[expect(clippy::disallowed_methods, reason = "wall time may jump, and a lease must not")]
fn asked_now() -> Instant {
    Instant::now()
}

fn number(room: u32) -> Array {
    Array::Single(Some(i64::from(room)))
}

fn single(number: u64) -> Array {
    Array::Single(Some(number.cast_signed()))
}
