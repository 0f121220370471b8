//! Histories of waiting rooms, each led by one instance at a time.
//!
//! Who loads a room takes its lease and draws a token; every append and every checkpoint demands,
//! in its own statement, that the token is still the newest. A lease that was not renewed in time
//! may be taken by anybody, and whoever had it can write nothing more, however late it wakes up.

use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use admitone_app::ports::room_log::{RoomHistory, RoomLog};
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use mysql_async::Row;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Another instance takes a room over so long after its leader fell silent.
pub const LEASE: Duration = Duration::from_secs(6);

/// The server's time in microseconds.
const NOW: &str = "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)";

/// The rooms that this instance leads.
#[derive(Clone)]
pub struct MysqlRoomLog {
    store: MysqlStore,
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

impl MysqlRoomLog {
    /// No rooms yet. A lease of `lease` is renewed three times in that time, by `renew`.
    pub fn new(store: MysqlStore, lease: Duration) -> Self {
        Self { store, lease, held: Arc::default() }
    }

    /// Renews what is held until `stop`.
    pub async fn renew(self, stop: CancellationToken) {
        let mut ticks = interval(self.lease / 3);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            let held: Vec<(u32, u64)> = self.all();
            for (room, token) in held {
                let asked = asked_now();
                let renewed = self.ask("renew a room", vec![self.prolong(room, token)]).await;
                match renewed {
                    Ok(_) => self.note(room, token, asked),
                    Err(trouble) => tracing::warn!(%trouble, room, "a room was not renewed"),
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                _ = ticks.tick() => {}
            }
        }
    }

    /// Gives all rooms back, so that another instance need not wait for the end of their leases.
    pub async fn release(&self) -> Result<(), Trouble> {
        let give_back = |(room, token): (u32, u64)| {
            Step::read(format!(
                "UPDATE room_lease SET until = 0 WHERE room = {room} AND token = {token}"
            ))
        };
        let steps = self.all().into_iter().map(give_back).collect();
        self.lock().clear();
        self.ask("release rooms", steps).await.map(|_| ())
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
        let own = self.lock().get(&room).map_or(0, |held| held.token);
        let until = format!("{NOW} + {}", self.lease.as_micros());
        let may = format!("(until <= {NOW} OR token = {own})");
        // The session's number says whether it was taken: 0 if it was not.
        let steps = vec![
            Step::read(format!("INSERT IGNORE INTO room_lease VALUES ({room}, 0, 0)")),
            Step::read("SET @taken = 0"),
            Step::read(format!(
                "UPDATE room_lease SET token = (@taken := token + 1), until = {until} \
                 WHERE room = {room} AND {may}"
            )),
            Step::read("SELECT CAST(@taken AS SIGNED)"),
        ];
        let found = self.ask("lead a room", steps).await?;
        let token = found.last().and_then(|rows| rows.first()).map(|row| read::unsigned(row, 0));
        match token.transpose()? {
            Some(token) if token > 0 => {
                self.lock().insert(room, Held { token, renewed: asked });
                Ok(token)
            }
            Some(_) | None => {
                let detail = format!("waiting room {room} is led by another instance");
                Err(Trouble::new(TroubleKind::Busy, "lead a room", detail))
            }
        }
    }

    /// Makes the lease longer, and is a conflict if it is another's.
    fn prolong(&self, room: u32, token: u64) -> Step {
        // Never the value that is there, so that the row counts as touched.
        let until = format!("GREATEST({NOW} + {}, until + 1)", self.lease.as_micros());
        let sql = format!(
            "UPDATE room_lease SET until = {until} WHERE room = {room} AND token = {token}"
        );
        Step::write(sql, 1)
    }

    /// Writes, and finds out whether the lease was ours.
    async fn write(&self, operation: &'static str, steps: Vec<Step>) -> Result<(), Trouble> {
        match self.ask(operation, steps).await {
            Err(trouble) if trouble.kind == TroubleKind::Conflict => {
                let detail = "another instance leads the room";
                Err(Trouble::new(TroubleKind::Fenced, operation, detail))
            }
            written => written.map(|_| ()),
        }
    }

    async fn ask(
        &self,
        operation: &'static str,
        steps: Vec<Step>,
    ) -> Result<Vec<Vec<Row>>, Trouble> {
        let mut client = self.store.client(operation).await?;
        script::run(&mut client, operation, &steps).await
    }

    fn all(&self) -> Vec<(u32, u64)> {
        self.lock().iter().map(|(room, held)| (*room, held.token)).collect()
    }

    fn note(&self, room: u32, token: u64, asked: Instant) {
        if let Some(held) = self.lock().get_mut(&room).filter(|held| held.token == token) {
            held.renewed = asked;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RoomLog for MysqlRoomLog {
    async fn load(&self, room: u32) -> Result<RoomHistory, Trouble> {
        self.take(room).await?;
        let checkpoint = format!("SELECT sequence, image FROM room_checkpoint WHERE room = {room}");
        let batches = format!(
            "SELECT sequence, records FROM room_batch WHERE room = {room} ORDER BY sequence"
        );
        let steps = vec![Step::read(checkpoint), Step::read(batches)];
        let found = self.ask("load a room", steps).await?;
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
        // One statement reads the lease under a lock and inserts: nobody can take it in between.
        let insert = format!(
            "INSERT IGNORE INTO room_batch SELECT room, {sequence}, {} FROM room_lease \
             WHERE room = {room} AND token = {token} FOR UPDATE",
            literal(&records)
        );
        let steps = vec![Step::read(insert), self.prolong(room, token)];
        self.write("append to a room", steps).await?;
        self.note(room, token, asked);
        Ok(())
    }

    async fn checkpoint(&self, room: u32, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        let token = self.token(room).await?;
        let keep = format!(
            "INSERT INTO room_checkpoint SELECT room, {sequence}, {} FROM room_lease \
             WHERE room = {room} AND token = {token} FOR UPDATE \
             ON DUPLICATE KEY UPDATE \
             image = IF(VALUES(sequence) > room_checkpoint.sequence, VALUES(image), image), \
             sequence = GREATEST(VALUES(sequence), room_checkpoint.sequence)",
            literal(&image)
        );
        // What a checkpoint covers is not needed, whoever made it.
        let forget = format!(
            "DELETE FROM room_batch WHERE room = {room} AND sequence <= \
             (SELECT sequence FROM room_checkpoint WHERE room = {room})"
        );
        let steps = vec![Step::read(keep), Step::read(forget), self.prolong(room, token)];
        self.write("checkpoint a room", steps).await
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
