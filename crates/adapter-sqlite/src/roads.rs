//! The roads of events: `roads.db`, beside the store whose events they carry. It is small and asked
//! seldom, so one connection does, off the threads that answer.

use crate::open::{self, SqliteStore};
use crate::{migrations, trouble};
use admitone_app::Trouble;
use admitone_app::events::{LANES, lane};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::lanes::{Claim, HeldLane, Lanes, divide};
use admitone_domain::{Event, Moment};
use async_trait::async_trait;
use rusqlite::{Connection, Transaction, params};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

const FILE: &str = "roads.db";

/// Keeps roads in a data directory.
#[derive(Clone)]
pub struct SqliteRoads {
    store: SqliteStore,
    connection: Arc<Mutex<Connection>>,
    clock: Arc<dyn Clock>,
}

impl SqliteRoads {
    /// Opens the roads of a store in its directory.
    pub fn open(directory: &Path, store: SqliteStore) -> Result<Self, open::OpenTrouble> {
        let path = directory.join(FILE);
        let connection = open::database(&path, "FULL", &migrations::roads::migrations::runner())?;
        let checkpoints = connection.execute_batch("PRAGMA wal_autocheckpoint = 1000");
        checkpoints.map_err(open::damaged(&path))?;
        let clock = Arc::clone(&store.shared.clock);
        Ok(Self { store, connection: Arc::new(Mutex::new(connection)), clock })
    }

    /// Does something in one transaction.
    pub(crate) async fn within<T: Send + 'static>(
        &self,
        operation: &'static str,
        task: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Trouble> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let done = task(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        let done = done.await.map_err(|_| trouble::ended(operation))?;
        done.map_err(trouble::in_file(operation, FILE))
    }
}

#[async_trait]
impl Lanes for SqliteRoads {
    async fn open(&self, road: &str, begin: u64) -> Result<u64, Trouble> {
        let road = road.to_owned();
        self.within("open a road", move |roads| {
            roads.execute("INSERT OR IGNORE INTO road VALUES (?1, ?2)", params![road, begin])?;
            let sql = "INSERT OR IGNORE INTO road_lane VALUES (?1, ?2, NULL, 0, x'')";
            for lane in 0..LANES {
                roads.prepare_cached(sql)?.execute(params![road, lane])?;
            }
            let sql = "SELECT begin FROM road WHERE name = ?1";
            roads.query_row(sql, [road], |row| row.get(0))
        })
        .await
    }

    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<HeldLane>, Trouble> {
        let (road, relay) = (claim.road.to_owned(), claim.relay);
        let now = self.clock.now();
        let until = now.plus_ms(claim.lease_ms);
        self.within("claim lanes", move |roads| take(roads, &road, relay, (now, until))).await
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<(), Trouble> {
        let (road, relay) = (claim.road.to_owned(), name(claim.relay));
        let until = self.clock.now().plus_ms(claim.lease_ms).0;
        self.within("renew a lease", move |roads| {
            let sql = "UPDATE road_relay SET until = ?3 WHERE road = ?1 AND relay = ?2";
            roads.execute(sql, params![road, relay, until]).map(drop)
        })
        .await
    }

    async fn leave(&self, road: &str, relay: u128) -> Result<(), Trouble> {
        let (road, relay) = (road.to_owned(), name(relay));
        self.within("leave a road", move |roads| {
            let sql = "DELETE FROM road_relay WHERE road = ?1 AND relay = ?2";
            roads.execute(sql, [road, relay]).map(drop)
        })
        .await
    }

    /// The tables know no lanes: what lies behind the least number is looked through.
    async fn waiting(
        &self,
        lanes: &[(u8, u64)],
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, Trouble> {
        let shared = Arc::clone(&self.store.shared);
        let lanes = lanes.to_vec();
        let read = move || {
            let from = lanes.iter().map(|(_, after)| *after).min().unwrap_or(u64::MAX >> 1);
            let mut room = vec![limit; usize::from(LANES)];
            let is_asked = |number: u64, event: &Event| {
                let of = lane(event.aggregate);
                let left = &mut room[usize::from(of)];
                let is_behind = |(asked, after): &(u8, u64)| *asked == of && number > *after;
                let is_taken = *left > 0 && lanes.iter().any(is_behind);
                *left -= usize::from(is_taken);
                is_taken
            };
            shared.events(from, is_asked, limit.saturating_mul(lanes.len()))
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.map_err(|_| trouble::ended("read lanes"))?
    }

    async fn keep(&self, road: &str, lanes: &[HeldLane]) -> Result<Vec<u8>, Trouble> {
        let (road, lanes) = (road.to_owned(), lanes.to_vec());
        self.within("keep how far lanes are", move |roads| {
            let sql = "UPDATE road_lane SET progress = ?4 \
                       WHERE road = ?1 AND lane = ?2 AND token = ?3";
            let mut kept = Vec::new();
            for HeldLane { lane, token, progress } in lanes {
                let values = params![road, lane, token, progress];
                if roads.prepare_cached(sql)?.execute(values)? == 1 {
                    kept.push(lane);
                }
            }
            Ok(kept)
        })
        .await
    }

    async fn close(&self, road: &str) -> Result<(), Trouble> {
        let road = road.to_owned();
        self.within("close a road", move |roads| {
            roads.execute("DELETE FROM road WHERE name = ?1", [&road])?;
            roads.execute("DELETE FROM road_relay WHERE road = ?1", [&road])?;
            roads.execute("DELETE FROM road_lane WHERE road = ?1", [&road]).map(drop)
        })
        .await
    }
}

/// Takes a relay's part of the lanes, and gives up what is above it.
fn take(
    roads: &Transaction<'_>,
    road: &str,
    relay: u128,
    (now, until): (Moment, Moment),
) -> rusqlite::Result<Vec<HeldLane>> {
    roads.execute("DELETE FROM road_relay WHERE until <= ?1", [now.0])?;
    let sql = "REPLACE INTO road_relay VALUES (?1, ?2, ?3)";
    roads.execute(sql, params![road, name(relay), until.0])?;
    let mut query = roads.prepare_cached("SELECT relay FROM road_relay WHERE road = ?1")?;
    let alive = query.query_map([road], |row| row.get::<_, String>(0))?;
    let alive: BTreeSet<String> = alive.collect::<rusqlite::Result<_>>()?;
    let sql = "SELECT lane, token, progress, holder FROM road_lane WHERE road = ?1 ORDER BY lane";
    let mut query = roads.prepare_cached(sql)?;
    let found = query.query_map([road], |row| {
        let held = HeldLane { lane: row.get(0)?, token: row.get(1)?, progress: row.get(2)? };
        Ok((held, row.get::<_, Option<String>>(3)?))
    })?;
    let lanes: Vec<(HeldLane, Option<String>)> = found.collect::<rusqlite::Result<_>>()?;
    let holder = |name: &Option<String>| {
        let alive = name.as_ref().filter(|name| alive.contains(*name));
        alive.and_then(|name| u128::from_str_radix(name, 16).ok())
    };
    let holders: Vec<Option<u128>> = lanes.iter().map(|(_, name)| holder(name)).collect();
    let (kept, given_up) = divide(&holders, alive.len(), relay);
    let sql = "UPDATE road_lane SET holder = NULL WHERE road = ?1 AND lane = ?2";
    for lane in given_up {
        roads.prepare_cached(sql)?.execute(params![road, lane])?;
    }
    let sql = "UPDATE road_lane SET holder = ?3, token = token + 1 WHERE road = ?1 AND lane = ?2";
    let mut held = Vec::new();
    for (mut lane, _) in lanes.into_iter().filter(|(lane, _)| kept.contains(&lane.lane)) {
        if holders[usize::from(lane.lane)] != Some(relay) {
            roads.prepare_cached(sql)?.execute(params![road, lane.lane, name(relay)])?;
            lane.token += 1;
        }
        held.push(lane);
    }
    Ok(held)
}

fn name(relay: u128) -> String {
    format!("{relay:032x}")
}
