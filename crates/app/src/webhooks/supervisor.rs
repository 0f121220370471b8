//! Sees to it that each endpoint has its relay in this instance, and none that is gone.

use super::carrier::WebhookCarrier;
use crate::Trouble;
use crate::events::{Lookout, Relay, RelaySetup};
use crate::ports::clock::Clock;
use crate::ports::lanes::Lanes;
use crate::ports::webhooks::{Courier, Endpoint, Road, Webhooks};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What another instance changed is seen so late at most.
const LOOK_MS: u64 = 2_000;
/// So many lanes of an endpoint are asked at once.
const LANES_AT_ONCE: usize = 8;
/// The log is kept for so long.
const KEPT_MS: u64 = 30 * 24 * 3_600_000;
/// Old entries are dropped so often.
const PRUNE_MS: u64 = 3_600_000;

/// What it needs.
pub struct SupervisorSetup {
    /// Where endpoints are.
    pub webhooks: Arc<dyn Webhooks>,
    /// Who sends.
    pub courier: Arc<dyn Courier>,
    /// Where roads are.
    pub lanes: Arc<dyn Lanes>,
    /// Sees what is new.
    pub lookout: Arc<Lookout>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The store, as its events name it.
    pub source: Arc<str>,
    /// The address under which the house is reached; empty makes links without a host.
    pub base: String,
    /// The endpoints were changed here.
    pub changed: Arc<Notify>,
    /// Drawn for this instance.
    pub id: u128,
}

/// The relays of all endpoints in one instance.
pub struct Supervisor {
    setup: SupervisorSetup,
    tasks: TaskTracker,
    at_work: BTreeMap<String, AtWork>,
}

struct AtWork {
    carrier: Arc<WebhookCarrier>,
    stop: CancellationToken,
}

impl Supervisor {
    /// One that has nobody to care for yet.
    pub fn new(setup: SupervisorSetup, tasks: TaskTracker) -> Self {
        Self { setup, tasks, at_work: BTreeMap::new() }
    }

    /// Cares for endpoints until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let (clock, changed) = (Arc::clone(&self.setup.clock), Arc::clone(&self.setup.changed));
        let mut pruned = clock.now();
        while !stop.is_cancelled() {
            if let Err(trouble) = self.look(&stop).await {
                tracing::warn!(%trouble, "endpoints of webhooks cannot be read");
            }
            if clock.now().ms_since(pruned) >= PRUNE_MS {
                pruned = clock.now();
                self.prune().await;
            }
            let waiting = async {
                tokio::select! {
                    () = changed.notified() => {}
                    () = clock.sleep_ms(LOOK_MS) => {}
                }
            };
            stop.run_until_cancelled(waiting).await;
        }
    }

    /// Starts relays of new endpoints and ends those of what is gone or disabled.
    pub async fn look(&mut self, stop: &CancellationToken) -> Result<(), Trouble> {
        let mut wanted = BTreeMap::new();
        for endpoint in self.setup.webhooks.endpoints().await? {
            let endpoint = self.without_old_replays(endpoint).await?;
            for road in endpoint.roads() {
                wanted.insert(road.name.clone(), (road, endpoint.clone()));
            }
        }
        let ended: Vec<String> =
            self.at_work.keys().filter(|road| !wanted.contains_key(*road)).cloned().collect();
        let mut closed = Ok(());
        for road in ended {
            closed = closed.and(self.end(&road).await);
        }
        for (name, (road, endpoint)) in wanted {
            match self.at_work.get(&name).filter(|at_work| !at_work.stop.is_cancelled()) {
                Some(at_work) => at_work.carrier.change(endpoint),
                None => self.start(road, endpoint, stop).await?,
            }
        }
        closed
    }

    /// Ends a relay. It is forgotten when its road is closed: one that cannot be closed now is closed at a later look,
    /// and keeps no other from its own.
    async fn end(&mut self, road: &str) -> Result<(), Trouble> {
        if let Some(at_work) = self.at_work.get(road) {
            at_work.stop.cancel();
        }
        self.setup.lanes.close(road).await?;
        self.at_work.remove(road);
        Ok(())
    }

    /// An endpoint without what has been told again for long enough. Who takes it off forgets its
    /// road; if somebody else changes the endpoint meanwhile, that is done at the next look.
    async fn without_old_replays(&self, endpoint: Endpoint) -> Result<Endpoint, Trouble> {
        let now = self.setup.clock.now();
        let (replays, old): (Vec<_>, Vec<_>) =
            endpoint.replays.iter().cloned().partition(|replay| now < replay.until);
        if old.is_empty() {
            return Ok(endpoint);
        }
        let left = Endpoint { version: endpoint.version + 1, replays, ..endpoint.clone() };
        if !self.setup.webhooks.put(&left).await? {
            return Ok(endpoint);
        }
        let kept = left.roads();
        for road in endpoint.roads().iter().filter(|road| !kept.contains(road)) {
            self.setup.lanes.close(&road.name).await?;
        }
        Ok(left)
    }

    async fn start(
        &mut self,
        Road { name: road, begin, end }: Road,
        endpoint: Endpoint,
        stop: &CancellationToken,
    ) -> Result<(), Trouble> {
        let begin = self.setup.lanes.open(&road, begin).await?;
        let SupervisorSetup { webhooks, courier, clock, base, .. } = &self.setup;
        let carrier = Arc::new(WebhookCarrier {
            endpoint: Mutex::new(endpoint),
            webhooks: Arc::clone(webhooks),
            courier: Arc::clone(courier),
            clock: Arc::clone(clock),
            base: base.clone(),
            end,
            not_before: Mutex::default(),
        });
        let relay = Relay::new(RelaySetup {
            road: road.clone(),
            source: Arc::clone(&self.setup.source),
            lanes: Arc::clone(&self.setup.lanes),
            sight: self.setup.lookout.sight().await?,
            carrier: Arc::clone(&carrier) as _,
            clock: Arc::clone(clock),
            id: self.setup.id,
            lanes_at_once: LANES_AT_ONCE,
            begin,
        });
        let stop = stop.child_token();
        self.tasks.spawn(relay.run(stop.clone()));
        self.at_work.insert(road, AtWork { carrier, stop });
        Ok(())
    }

    async fn prune(&self) {
        let now = self.setup.clock.now();
        let before = admitone_domain::Moment(now.0.saturating_sub_unsigned(KEPT_MS * 1_000));
        if let Err(trouble) = self.setup.webhooks.prune(before).await {
            tracing::warn!(%trouble, "the log of webhooks was not pruned");
        }
    }
}
