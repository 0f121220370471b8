//! The relay of one road in one instance: it holds a part of the lanes, and carries what appears in
//! them.
//!
//! What it carried is written down afterwards. Killed in between, whoever takes its lanes carries
//! that again: at least once. A relay that sleeps past its lease may carry what its successor has
//! carried already, so a receiver compares versions; what it did is not written down any more.

use super::lookout::{Seen, Sight};
use super::progress::{Due, Parked, Progress};
use super::{Envelope, lane};
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lanes::{Claim, HeldLane, Lanes};
use admitone_domain::{Event, Moment};
use async_trait::async_trait;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::iter::repeat;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A relay that is not heard of for so long is dead.
const LEASE_MS: u64 = 10_000;
/// It says that it lives so often.
const CLAIM_MS: u64 = LEASE_MS / 4;
/// It looks at what is parked so often.
const PARKED_MS: u64 = 250;
/// Waits of a lane after trouble: the first, doubled up to the last.
const BACK_OFF_MS: (u64, u64) = (100, 5_000);
/// It waits so long when the store says nothing.
const TROUBLE_MS: u64 = 1_000;
/// So many events of a lane are carried at once.
const AT_ONCE_MAX: usize = 256;

/// Carries events to where a road leads.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Carries events of a lane; what became of each, in the same order. On trouble nothing is
    /// taken for done, and all of it comes again soon.
    async fn carry(&self, lane: u8, parcels: Vec<Parcel>) -> Result<Vec<Fate>, Trouble>;
}

/// An event to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The event.
    pub envelope: Envelope,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was tried first, if ever.
    pub since: Option<Moment>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is left to do.
    Done,
    /// It was tried in vain and is tried again then. What follows it in its aggregate waits.
    Later(Moment),
    /// It was not tried and comes again at the next round.
    Untried,
}

/// What a relay needs.
pub struct RelaySetup {
    /// The name of the road.
    pub road: String,
    /// The store, as its events name it.
    pub source: Arc<str>,
    /// Where leases and progress are.
    pub lanes: Arc<dyn Lanes>,
    /// What is new.
    pub sight: Arc<Sight>,
    /// Who carries.
    pub carrier: Arc<dyn Carrier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Drawn for this relay.
    pub id: u128,
    /// So many lanes are carried at once.
    pub lanes_at_once: usize,
    /// Where the road begins, as [`Lanes::open`] said.
    pub begin: u64,
}

/// The relay of one road.
pub struct Relay {
    setup: RelaySetup,
    held: BTreeMap<u8, Lane>,
    claimed_at: Option<Moment>,
}

/// A lane that is held.
struct Lane {
    token: u64,
    progress: Progress,
    /// Everything that was visible up to here was read.
    read: u64,
    /// Whether there may be something that was not read.
    is_new: bool,
    /// Whether nothing is tried before what is parked.
    is_closed: bool,
    /// Whether the progress is not kept yet.
    is_unsaved: bool,
    /// When the oldest happened of what was tried in vain.
    waiting_since: Option<Moment>,
    /// After trouble: how often, and when it goes on.
    failures: u32,
    not_before: Moment,
}

/// What was found in a lane, and what became of it.
struct Trip {
    lane: u8,
    /// Everything visible up to here was read.
    read: u64,
    is_all: bool,
    due: Vec<Due>,
    /// The first that must wait although it is not parked.
    left: Option<u64>,
}

impl Relay {
    /// A relay that holds nothing yet.
    pub fn new(setup: RelaySetup) -> Self {
        Self { setup, held: BTreeMap::new(), claimed_at: None }
    }

    /// Carries until `stop`, or until nobody looks any more; then gives its lanes up.
    pub async fn run(mut self, stop: CancellationToken) {
        let (sight, clock) = (Arc::clone(&self.setup.sight), Arc::clone(&self.setup.clock));
        while !stop.is_cancelled() && !sight.is_closed() {
            // What is cut off in the middle is carried again: it was not written down.
            let Some(done) = stop.run_until_cancelled(self.round()).await else { break };
            let pause = match done {
                Ok(0) => self.pause_ms(),
                Ok(_) => continue,
                Err(trouble) => {
                    tracing::warn!(%trouble, road = self.setup.road, "events cannot leave");
                    TROUBLE_MS
                }
            };
            let waiting = async {
                tokio::select! {
                    () = sight.changed() => {}
                    () = clock.sleep_ms(pause) => {}
                }
            };
            stop.run_until_cancelled(waiting).await;
        }
        if let Err(trouble) = self.setup.lanes.leave(&self.setup.road, self.setup.id).await {
            tracing::debug!(%trouble, "others take the lanes when the lease is over");
        }
    }

    /// Carries what is to be carried now; how many events were done.
    pub async fn round(&mut self) -> Result<usize, Trouble> {
        self.claim().await?;
        let Seen { new, late, horizon } = self.setup.sight.take();
        let now = self.setup.clock.now();
        for (lane, held) in &mut self.held {
            held.is_new |= is_in(new, *lane);
            if is_in(late, *lane) {
                held.read = held.progress.floor();
            }
            match held.progress.next() {
                Some(next) if next <= now => {
                    (held.read, held.is_new) = (held.progress.floor(), true);
                    held.is_closed = false;
                }
                _ => held.is_closed = held.progress.is_full(),
            }
        }
        let trips = self.find(now).await?;
        let carried = self.carry(&trips).await;
        let mut done = 0;
        for (trip, outcome) in trips.into_iter().zip(carried) {
            done += self.take_note(trip, outcome, horizon);
        }
        self.save().await?;
        self.publish(done);
        Ok(done)
    }

    /// Says that it lives, and takes what is its part by now.
    async fn claim(&mut self) -> Result<(), Trouble> {
        let now = self.setup.clock.now();
        if self.claimed_at.is_some_and(|at| now.ms_since(at) < CLAIM_MS && at <= now) {
            return Ok(());
        }
        let lanes = Arc::clone(&self.setup.lanes);
        let claimed = lanes.claim(&self.setup.claim()).await?;
        self.claimed_at = Some(now);
        let begin = self.setup.begin;
        let mut before = std::mem::take(&mut self.held);
        for HeldLane { lane, token, progress } in claimed {
            let known = before.remove(&lane).filter(|known| known.token == token);
            let held = known.unwrap_or_else(|| Lane::taken(token, &progress, begin));
            self.held.insert(lane, held);
        }
        Ok(())
    }

    /// Reads the lanes in which something may be.
    async fn find(&self, now: Moment) -> Result<Vec<Trip>, Trouble> {
        let is_ready = |held: &Lane| held.is_new && !held.is_closed && held.not_before <= now;
        let ready = self.held.iter().filter(|(_, held)| is_ready(held));
        let asked: Vec<(u8, u64)> = ready.clone().map(|(lane, held)| (*lane, held.read)).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let above = ready.clone().map(|(_, held)| held.progress.above()).max().unwrap_or(0);
        let limit = AT_ONCE_MAX + above;
        let mut found: BTreeMap<u8, Vec<(u64, Event)>> = BTreeMap::new();
        for (number, event) in self.setup.lanes.waiting(&asked, limit).await? {
            found.entry(lane(event.aggregate)).or_default().push((number, event));
        }
        let trip = |(lane, held): (&u8, &Lane)| {
            let events = found.remove(lane).unwrap_or_default();
            let is_all = events.len() < limit;
            let read = events.last().map_or(held.read, |(number, _)| *number);
            let (due, left) = held.progress.sort_out(held.read, events, now);
            Trip { lane: *lane, read, is_all, due, left }
        };
        Ok(ready.map(trip).collect())
    }

    /// Carries what is due of each lane, some lanes at once, and stays alive meanwhile.
    async fn carry(&self, trips: &[Trip]) -> Vec<Result<Vec<Fate>, Trouble>> {
        let one = async |trip: &Trip| {
            if trip.due.is_empty() {
                return Ok(Vec::new());
            }
            let parcels = trip.due.iter().map(|due| self.setup.parcel(due)).collect();
            self.setup.carrier.carry(trip.lane, parcels).await
        };
        let carrying = futures_util::stream::iter(trips).map(one);
        let carrying = carrying.buffered(self.setup.lanes_at_once.max(1)).collect();
        tokio::select! {
            carried = carrying => carried,
            never = self.stay_alive() => never,
        }
    }

    async fn stay_alive(&self) -> ! {
        loop {
            self.setup.clock.sleep_ms(CLAIM_MS).await;
            if let Err(trouble) = self.setup.lanes.renew(&self.setup.claim()).await {
                tracing::warn!(%trouble, road = self.setup.road, "lanes may be lost");
            }
        }
    }

    /// Takes note of what became of a lane's events; how many are done.
    fn take_note(
        &mut self,
        trip: Trip,
        outcome: Result<Vec<Fate>, Trouble>,
        horizon: u64,
    ) -> usize {
        let now = self.setup.clock.now();
        let road = &self.setup.road;
        let Some(held) = self.held.get_mut(&trip.lane) else { return 0 };
        let fates = match outcome {
            Ok(fates) => fates,
            Err(trouble) => {
                held.not_before = now.plus_ms(back_off_ms(held.failures));
                held.failures += 1;
                held.waiting_since = trip.due.iter().map(|due| due.event.at).min();
                tracing::warn!(%trouble, road, lane = trip.lane, "events wait in their lane");
                metrics::counter!("admitone_events_failed_total", "road" => road.clone())
                    .increment(1);
                return 0;
            }
        };
        let (mut left, mut done) = (trip.left, 0);
        let due = trip.due.into_iter().zip(fates.into_iter().chain(repeat(Fate::Untried)));
        for (due, fate) in due {
            match fate {
                Fate::Done => {
                    held.progress.done(due.number);
                    done += 1;
                }
                Fate::Later(next) => held.progress.park(due.parked_until(next, now)),
                Fate::Untried => left = earlier(left, Some(due.number)),
            }
        }
        let known = if trip.is_all { u64::MAX } else { trip.read };
        held.progress.rise(horizon, known, earlier(left, held.progress.first_parked()));
        held.read = if left.is_some() { held.progress.floor() } else { trip.read };
        held.is_new = !trip.is_all || left.is_some();
        held.waiting_since = held.progress.first_parked_at();
        (held.failures, held.is_unsaved) = (0, true);
        done
    }

    /// Writes down how far the lanes are. A lane that is somebody else's by now is let go.
    async fn save(&mut self) -> Result<(), Trouble> {
        let unsaved = self.held.iter().filter(|(_, held)| held.is_unsaved);
        let changed: Vec<HeldLane> = unsaved.map(|(lane, held)| held.to_keep(*lane)).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let kept = self.setup.lanes.keep(&self.setup.road, &changed).await?;
        for HeldLane { lane, .. } in changed {
            if !kept.contains(&lane) {
                self.held.remove(&lane);
            } else if let Some(held) = self.held.get_mut(&lane) {
                held.is_unsaved = false;
            }
        }
        Ok(())
    }

    fn publish(&self, done: usize) {
        let road = || self.setup.road.clone();
        let now = self.setup.clock.now();
        let done = u64::try_from(done).unwrap_or(u64::MAX);
        metrics::counter!("admitone_events_carried_total", "road" => road()).increment(done);
        let parked: usize = self.held.values().map(|held| held.progress.parked()).sum();
        let parked = u32::try_from(parked).unwrap_or(u32::MAX);
        metrics::gauge!("admitone_events_parked", "road" => road()).set(parked);
        let waiting = self.held.values().filter_map(|held| held.waiting_since);
        let oldest = waiting.map(|since| now.ms_since(since)).max().unwrap_or(0);
        let oldest = Duration::from_millis(oldest).as_secs_f64();
        metrics::gauge!("admitone_events_oldest_seconds", "road" => road()).set(oldest);
    }

    fn pause_ms(&self) -> u64 {
        let waits = |held: &Lane| held.progress.next().is_some() || held.failures > 0;
        if self.held.values().any(waits) { PARKED_MS } else { CLAIM_MS }
    }
}

impl RelaySetup {
    fn claim(&self) -> Claim<'_> {
        Claim { road: &self.road, relay: self.id, lease_ms: LEASE_MS }
    }

    fn parcel(&self, due: &Due) -> Parcel {
        let (source, number) = (Arc::clone(&self.source), due.number);
        let envelope = Envelope { source, number, event: due.event.clone() };
        let attempts = due.parked.map_or(0, |parked| parked.attempts);
        Parcel { envelope, attempts, since: due.parked.map(|parked| parked.since) }
    }
}

impl Lane {
    fn taken(token: u64, progress: &[u8], begin: u64) -> Self {
        // What cannot be read is carried again from the beginning rather than not at all.
        let fresh = || Progress::begin(if progress.is_empty() { begin } else { 0 });
        let progress = Progress::of(progress).unwrap_or_else(fresh);
        Self {
            token,
            read: progress.floor(),
            progress,
            is_new: true,
            is_closed: false,
            is_unsaved: true,
            waiting_since: None,
            failures: 0,
            not_before: Moment::MIN,
        }
    }

    fn to_keep(&self, lane: u8) -> HeldLane {
        HeldLane { lane, token: self.token, progress: self.progress.to_bytes() }
    }
}

impl Due {
    fn parked_until(&self, next: Moment, now: Moment) -> Parked {
        let (attempts, since) = self.parked.map_or((0, now), |known| (known.attempts, known.since));
        let (number, aggregate) = (self.number, self.event.aggregate);
        Parked { number, aggregate, attempts: attempts + 1, since, next }
    }
}

fn is_in(lanes: u64, lane: u8) -> bool {
    lanes >> lane & 1 == 1
}

fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

fn back_off_ms(failures: u32) -> u64 {
    let (first, last) = BACK_OFF_MS;
    first.saturating_mul(1 << failures.min(16)).min(last)
}
