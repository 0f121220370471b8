//! The roads of events: those who claim lanes of one road come one after the other.

use crate::client::Client;
use crate::due;
use crate::open::PostgresStore;
use crate::pipeline::{self, Array, Step};
use crate::tables::{self, read};
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::lanes::{Claim, HeldLane, Lanes, divide};
use admitone_domain::{Event, Moment};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

static TIME: LazyLock<String> = LazyLock::new(|| format!("SELECT {}", due::NOW));

const OPEN: &str = "INSERT INTO road VALUES ($1, $2) ON CONFLICT DO NOTHING";
const OPEN_LANES: &str = "INSERT INTO road_lane SELECT $1, lane, NULL, 0, '' \
     FROM generate_series(0, 63) AS lane ON CONFLICT DO NOTHING";
const BEGIN: &str = "SELECT begin FROM road WHERE name = $1";

const ONE_BY_ONE: &str = "SELECT begin FROM road WHERE name = $1 FOR UPDATE";
const FORGET: &str = "DELETE FROM road_relay WHERE road = $1 AND until <= $2";
const LIST: &str = "INSERT INTO road_relay VALUES ($1, $2, $3) \
     ON CONFLICT (road, relay) DO UPDATE SET until = excluded.until";
const ALIVE: &str = "SELECT relay FROM road_relay WHERE road = $1";
const LANES: &str =
    "SELECT lane, holder, token, progress FROM road_lane WHERE road = $1 ORDER BY lane";
const TAKE: &str = "UPDATE road_lane SET holder = $2, token = token + 1 \
     WHERE road = $1 AND lane = ANY($3::bigint[])";
const GIVE_UP: &str =
    "UPDATE road_lane SET holder = NULL WHERE road = $1 AND lane = ANY($2::bigint[])";

const RENEW: &str = "UPDATE road_relay SET until = $3 WHERE road = $1 AND relay = $2";
const LEAVE: &str = "DELETE FROM road_relay WHERE road = $1 AND relay = $2";
const KEEP: &str = "UPDATE road_lane SET progress = new.progress \
     FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) AS new (lane, token, progress) \
     WHERE road = $1 AND road_lane.lane = new.lane AND road_lane.token = new.token \
     RETURNING road_lane.lane";
const CLOSE: [&str; 3] = [
    "DELETE FROM road WHERE name = $1",
    "DELETE FROM road_relay WHERE road = $1",
    "DELETE FROM road_lane WHERE road = $1",
];

const WAITING: &str = "SELECT found.id, found.body \
     FROM unnest($1::bigint[], $2::bigint[]) AS asked (lane, after) CROSS JOIN LATERAL ( \
     SELECT id, body FROM event WHERE event.lane = asked.lane AND NOT is_sent \
     AND id > asked.after ORDER BY id LIMIT $3) AS found ORDER BY found.id";

#[async_trait]
impl Lanes for PostgresStore {
    async fn open(&self, road: &str, begin: u64) -> Result<u64, Trouble> {
        self.touch("open a road", OPEN, &[&road, &begin.cast_signed()]).await?;
        self.touch("open a road", OPEN_LANES, &[&road]).await?;
        let client = self.client("open a road").await?;
        let row = client.ask("open a road", client.query_one(BEGIN, &[&road])).await?;
        read::unsigned(&row, 0)
    }

    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<HeldLane>, Trouble> {
        let mut client = self.client("claim lanes").await?;
        let claimed = tokio::time::timeout(self.silence, self.claim_on(&mut client, claim)).await;
        claimed.unwrap_or_else(|_| Err(client.give_up("claim lanes")))
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<(), Trouble> {
        let client = self.client("renew a lease").await?;
        let now = client.ask("renew a lease", client.query_one(&**TIME, &[&self.hand()])).await?;
        let until = Moment(read::get(&now, 0)?).plus_ms(claim.lease_ms).0;
        let values: &Values<'_> = &[&claim.road, &name(claim.relay), &until];
        client.ask("renew a lease", client.execute(RENEW, values)).await.map(drop)
    }

    async fn leave(&self, road: &str, relay: u128) -> Result<(), Trouble> {
        self.touch("leave a road", LEAVE, &[&road, &name(relay)]).await.map(drop)
    }

    async fn waiting(
        &self,
        lanes: &[(u8, u64)],
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, Trouble> {
        let values = vec![
            Array::Number(lanes.iter().map(|(lane, _)| i64::from(*lane)).collect()),
            Array::Number(lanes.iter().map(|(_, after)| after.cast_signed()).collect()),
            Array::Single(Some(i64::try_from(limit).unwrap_or(i64::MAX))),
        ];
        let client = self.client("read lanes").await?;
        let steps = [Step::read(WAITING, values)];
        let found = pipeline::run(&client, "read lanes", None, &steps).await?;
        let mut events = Vec::new();
        for row in found.iter().flatten() {
            events.push((read::unsigned(row, 0)?, tables::decode(read::get::<&[u8]>(row, 1)?)?));
        }
        Ok(events)
    }

    async fn keep(&self, road: &str, lanes: &[HeldLane]) -> Result<Vec<u8>, Trouble> {
        let values = vec![
            Array::Word(road.to_owned()),
            Array::Number(lanes.iter().map(|held| i64::from(held.lane)).collect()),
            Array::Number(lanes.iter().map(|held| held.token.cast_signed()).collect()),
            Array::Bytes(lanes.iter().map(|held| held.progress.clone()).collect()),
        ];
        let client = self.client("keep how far lanes are").await?;
        let steps = [Step::read(KEEP, values)];
        let kept = pipeline::run(&client, "keep how far lanes are", None, &steps).await?;
        kept.iter().flatten().map(|row| lane(row, 0)).collect()
    }

    async fn close(&self, road: &str) -> Result<(), Trouble> {
        for sql in CLOSE {
            self.touch("close a road", sql, &[&road]).await?;
        }
        Ok(())
    }
}

/// The values of a statement.
pub(crate) type Values<'a> = [&'a (dyn ToSql + Sync)];

impl PostgresStore {
    /// Runs one statement; how many rows it touched.
    pub(crate) async fn touch(
        &self,
        operation: &'static str,
        sql: &str,
        values: &Values<'_>,
    ) -> Result<u64, Trouble> {
        let client = self.client(operation).await?;
        client.ask(operation, client.execute(sql, values)).await
    }

    async fn claim_on(
        &self,
        client: &mut Client,
        claim: &Claim<'_>,
    ) -> Result<Vec<HeldLane>, Trouble> {
        let failed = trouble::of("claim lanes");
        let (road, relay) = (claim.road, name(claim.relay));
        let transaction = client.transaction().await.map_err(&failed)?;
        let open = transaction.query_opt(ONE_BY_ONE, &[&road]).await.map_err(&failed)?;
        if open.is_none() {
            return Ok(Vec::new());
        }
        let now = transaction.query_one(&**TIME, &[&self.hand()]).await.map_err(&failed)?;
        let now = Moment(read::get(&now, 0)?);
        let until = now.plus_ms(claim.lease_ms).0;
        transaction.execute(FORGET, &[&road, &now.0]).await.map_err(&failed)?;
        transaction.execute(LIST, &[&road, &relay, &until]).await.map_err(&failed)?;
        let held = take(&transaction, claim).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(held)
    }
}

/// Takes a relay's part of the lanes, and gives up what is above it.
async fn take(transaction: &Transaction<'_>, claim: &Claim<'_>) -> Result<Vec<HeldLane>, Trouble> {
    let failed = trouble::of("claim lanes");
    let mut alive = BTreeSet::new();
    for row in transaction.query(ALIVE, &[&claim.road]).await.map_err(&failed)? {
        alive.insert(of_name(read::get(&row, 0)?)?);
    }
    let (mut lanes, mut holders) = (Vec::new(), Vec::new());
    for row in transaction.query(LANES, &[&claim.road]).await.map_err(&failed)? {
        let holder: Option<&str> = read::get(&row, 1)?;
        let holder = holder.map(of_name).transpose()?;
        holders.push(holder.filter(|holder| alive.contains(holder)));
        let (token, progress) = (read::unsigned(&row, 2)?, read::get(&row, 3)?);
        lanes.push(HeldLane { lane: lane(&row, 0)?, token, progress });
    }
    let (kept, given_up) = divide(&holders, alive.len(), claim.relay);
    let is_new = |lane: &u8| holders[usize::from(*lane)] != Some(claim.relay);
    let taken: Vec<i64> = kept.iter().filter(|lane| is_new(lane)).map(|n| i64::from(*n)).collect();
    let given_up: Vec<i64> = given_up.into_iter().map(i64::from).collect();
    let relay = name(claim.relay);
    transaction.execute(TAKE, &[&claim.road, &relay, &taken]).await.map_err(&failed)?;
    transaction.execute(GIVE_UP, &[&claim.road, &given_up]).await.map_err(failed)?;
    let held = lanes.into_iter().filter(|held| kept.contains(&held.lane)).map(|held| {
        let is_taken = taken.contains(&i64::from(held.lane));
        HeldLane { token: held.token + u64::from(is_taken), ..held }
    });
    Ok(held.collect())
}

fn lane(row: &tokio_postgres::Row, column: usize) -> Result<u8, Trouble> {
    let number: i64 = read::get(row, column)?;
    u8::try_from(number).map_err(|error| trouble::unreadable("claim lanes", error))
}

fn name(relay: u128) -> String {
    format!("{relay:032x}")
}

fn of_name(name: &str) -> Result<u128, Trouble> {
    u128::from_str_radix(name, 16).map_err(|error| trouble::unreadable("claim lanes", error))
}
