//! The roads of events: those who claim lanes of one road come one after the other.

use crate::client::within;
use crate::due;
use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::{self, read};
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::lanes::{Claim, HeldLane, Lanes, divide};
use admitone_domain::{Event, Moment};
use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Row, TxOpts};
use std::collections::BTreeSet;

#[async_trait]
impl Lanes for MysqlStore {
    async fn open(&self, road: &str, begin: u64) -> Result<u64, Trouble> {
        let road = literal(road.as_bytes());
        let lanes: Vec<String> =
            (0..64).map(|lane| format!("({road}, {lane}, NULL, 0, '')")).collect();
        let steps = [
            format!("INSERT IGNORE INTO road VALUES ({road}, {begin})"),
            format!("INSERT IGNORE INTO road_lane VALUES {}", lanes.join(", ")),
            format!("SELECT `begin` FROM road WHERE name = {road}"),
        ];
        let mut client = self.client("open a road").await?;
        let found = script::run(&mut client, "open a road", &steps.map(Step::read)).await?;
        let missing = || trouble::unreadable("open a road", "it is not there");
        read::unsigned(found[2].first().ok_or_else(missing)?, 0)
    }

    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<HeldLane>, Trouble> {
        let mut client = self.client("claim lanes").await?;
        let silence = client.silence();
        let claimed = async {
            let failed = trouble::of("claim lanes");
            let begun = client.start_transaction(TxOpts::default()).await;
            let mut transaction = begun.map_err(&failed)?;
            let held = take(&mut transaction, self.hand(), claim).await?;
            transaction.commit().await.map_err(failed)?;
            Ok(held)
        };
        within(silence, "claim lanes", claimed).await
    }

    async fn renew(&self, claim: &Claim<'_>) -> Result<(), Trouble> {
        let mut client = self.client("renew a lease").await?;
        let now = script::run(&mut client, "renew a lease", &[due::now(self.hand())]).await?;
        let silent = || trouble::unreadable("renew a lease", "no time");
        let now = Moment(read::get(now[0].first().ok_or_else(silent)?, 0)?);
        let step = Step::read(format!(
            "UPDATE road_relay SET until = {} WHERE road = {} AND relay = {}",
            now.plus_ms(claim.lease_ms).0,
            literal(claim.road.as_bytes()),
            name(claim.relay)
        ));
        script::run(&mut client, "renew a lease", &[step]).await.map(drop)
    }

    async fn leave(&self, road: &str, relay: u128) -> Result<(), Trouble> {
        let mut client = self.client("leave a road").await?;
        let (road, relay) = (literal(road.as_bytes()), name(relay));
        let sql = format!("DELETE FROM road_relay WHERE road = {road} AND relay = {relay}");
        script::run(&mut client, "leave a road", &[Step::read(sql)]).await.map(drop)
    }

    async fn waiting(
        &self,
        lanes: &[(u8, u64)],
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, Trouble> {
        let one = |(lane, after): &(u8, u64)| {
            format!(
                "(SELECT id, body FROM event WHERE is_sent = 0 AND lane = {lane} \
                 AND id > {after} ORDER BY id LIMIT {limit})"
            )
        };
        let lanes: Vec<String> = lanes.iter().map(one).collect();
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("{} ORDER BY id", lanes.join(" UNION ALL "));
        let mut client = self.client("read lanes").await?;
        let found = script::run(&mut client, "read lanes", &[Step::read(sql)]).await?;
        let mut events = Vec::new();
        for row in found.iter().flatten() {
            let body: Vec<u8> = read::get(row, 1)?;
            events.push((read::unsigned(row, 0)?, tables::decode(&body)?));
        }
        Ok(events)
    }

    async fn keep(&self, road: &str, lanes: &[HeldLane]) -> Result<Vec<u8>, Trouble> {
        let road = literal(road.as_bytes());
        let mut steps = Vec::new();
        for HeldLane { lane, token, progress } in lanes {
            let at = format!("road = {road} AND lane = {lane} AND token = {token}");
            let progress = literal(progress);
            steps.push(format!("UPDATE road_lane SET progress = {progress} WHERE {at}"));
            steps.push(format!("SELECT lane FROM road_lane WHERE {at}"));
        }
        let steps: Vec<Step> = steps.into_iter().map(Step::read).collect();
        let mut client = self.client("keep how far lanes are").await?;
        let kept = script::run(&mut client, "keep how far lanes are", &steps).await?;
        kept.iter().flatten().map(|row| lane(row, 0)).collect()
    }

    async fn close(&self, road: &str) -> Result<(), Trouble> {
        let road = literal(road.as_bytes());
        let steps = [
            format!("DELETE FROM road WHERE name = {road}"),
            format!("DELETE FROM road_relay WHERE road = {road}"),
            format!("DELETE FROM road_lane WHERE road = {road}"),
        ];
        let mut client = self.client("close a road").await?;
        script::run(&mut client, "close a road", &steps.map(Step::read)).await.map(drop)
    }
}

/// Takes a relay's part of the lanes, and gives up what is above it.
async fn take(
    client: &mut impl Queryable,
    hand: Option<i64>,
    claim: &Claim<'_>,
) -> Result<Vec<HeldLane>, Trouble> {
    let (road, relay) = (literal(claim.road.as_bytes()), name(claim.relay));
    let alone = format!("SELECT `begin` FROM road WHERE name = {road} FOR UPDATE");
    let found = script::send(client, "claim lanes", &[Step::read(alone), due::now(hand)]).await?;
    let [open, now] = &found[..] else { return Ok(Vec::new()) };
    let (Some(_), Some(now)) = (open.first(), now.first()) else { return Ok(Vec::new()) };
    let now = Moment(read::get(now, 0)?);
    let until = now.plus_ms(claim.lease_ms).0;
    let steps = [
        format!("DELETE FROM road_relay WHERE road = {road} AND until <= {}", now.0),
        format!("REPLACE INTO road_relay VALUES ({road}, {relay}, {until})"),
        format!("SELECT relay FROM road_relay WHERE road = {road}"),
        format!(
            "SELECT lane, holder, token, progress FROM road_lane WHERE road = {road} ORDER BY lane"
        ),
    ];
    let found = script::send(client, "claim lanes", &steps.map(Step::read)).await?;
    let alive: BTreeSet<u128> =
        found[2].iter().map(|row| of_name(read::get(row, 0)?)).collect::<Result<_, _>>()?;
    let (mut lanes, mut holders) = (Vec::new(), Vec::new());
    for row in &found[3] {
        let holder: Option<Vec<u8>> = read::get(row, 1)?;
        let holder = holder.map(of_name).transpose()?;
        holders.push(holder.filter(|holder| alive.contains(holder)));
        let (token, progress) = (read::unsigned(row, 2)?, read::get(row, 3)?);
        lanes.push(HeldLane { lane: lane(row, 0)?, token, progress });
    }
    let (kept, given_up) = divide(&holders, alive.len(), claim.relay);
    let mut steps = Vec::new();
    for number in given_up {
        let at = format!("road = {road} AND lane = {number}");
        steps.push(Step::read(format!("UPDATE road_lane SET holder = NULL WHERE {at}")));
    }
    let mut held = Vec::new();
    for lane in lanes.into_iter().filter(|lane| kept.contains(&lane.lane)) {
        let is_taken = holders[usize::from(lane.lane)] != Some(claim.relay);
        if is_taken {
            let at = format!("road = {road} AND lane = {}", lane.lane);
            let set = format!("holder = {relay}, token = token + 1");
            steps.push(Step::read(format!("UPDATE road_lane SET {set} WHERE {at}")));
        }
        held.push(HeldLane { token: lane.token + u64::from(is_taken), ..lane });
    }
    script::send(client, "claim lanes", &steps).await?;
    Ok(held)
}

fn lane(row: &Row, column: usize) -> Result<u8, Trouble> {
    let number: i64 = read::get(row, column)?;
    u8::try_from(number).map_err(|error| trouble::unreadable("claim lanes", error))
}

/// A name as a literal.
fn name(relay: u128) -> String {
    literal(format!("{relay:032x}").as_bytes())
}

fn of_name(name: Vec<u8>) -> Result<u128, Trouble> {
    let unreadable = |error: &dyn std::fmt::Display| trouble::unreadable("claim lanes", error);
    let text = String::from_utf8(name).map_err(|error| unreadable(&error))?;
    u128::from_str_radix(&text, 16).map_err(|error| unreadable(&error))
}
