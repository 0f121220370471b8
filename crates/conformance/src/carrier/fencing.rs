//! A worker that lost its lane and does not know it: the broker took it for dead, another one settles what came since,
//! and then the first one wakes up in the middle of its batch. The token of the lane stops it; the twin has none.

use super::workers::{ANN, House, Running, until};
use super::{Case, FreshCarrier, carrier_cases};
use crate::sale::{balance, charge};
use admitone_app::Trouble;
use admitone_app::delivery::Worker;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::carrier::{
    Abilities, Carrier, Consumer, Dead, Heard, Outgoing, Return, Tag,
};
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_app::settle::Settler;
use admitone_domain::{CommandId, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

pub(super) const ALL: &[Case] = carrier_cases![
    who_lost_its_lane_saves_nothing_any_more: WhereLanes,
    without_a_token_who_lost_its_lane_undoes_what_came_since: WhereLanes,
];

/// Takes leave of the broker as soon as something came, and says nothing of it.
struct Forgotten(Arc<dyn Carrier>);

struct ForgottenConsumer(Option<Box<dyn Consumer>>);

#[async_trait]
impl Carrier for Forgotten {
    fn abilities(&self) -> Abilities {
        self.0.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        self.0.publish(jobs).await
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        Ok(Box::new(ForgottenConsumer(Some(self.0.consumer().await?))))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.0.check().await
    }
}

#[async_trait]
impl Consumer for ForgottenConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        let Some(inner) = &mut self.0 else { return std::future::pending().await };
        let heard = inner.next(jobs_max).await?;
        let has_come = matches!(&heard, Heard::Jobs(jobs) if !jobs.is_empty());
        if let Some(inner) = self.0.take_if(|_| has_come) {
            inner.leave().await;
        }
        Ok(heard)
    }

    async fn acknowledge(&mut self, _tags: &[Tag]) -> Result<(), Trouble> {
        Ok(())
    }

    async fn give_back(&mut self, _jobs: Vec<Return>) -> Result<(), Trouble> {
        Ok(())
    }

    async fn put_away(&mut self, _jobs: Vec<Dead>) -> Result<(), Trouble> {
        Ok(())
    }

    async fn leave(self: Box<Self>) {}
}

/// A store whose batches stand before their commit while it is shut.
struct Shut {
    store: MemoryStore,
    is_open: watch::Receiver<bool>,
    arrived: watch::Sender<bool>,
}

struct ShutTransaction {
    inner: Box<dyn Transaction>,
    is_open: watch::Receiver<bool>,
    arrived: watch::Sender<bool>,
}

#[async_trait]
impl Store for Shut {
    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let inner = self.store.begin(mode, fences).await?;
        let (is_open, arrived) = (self.is_open.clone(), self.arrived.clone());
        Ok(Box::new(ShutTransaction { inner, is_open, arrived }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.store.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }
}

#[async_trait]
impl Transaction for ShutTransaction {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        self.inner.load(wanted, rows).await
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.inner.save(verdict).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), Trouble> {
        self.arrived.send_replace(true);
        // Whoever opens it is there as long as the case is.
        let _ = self.is_open.wait_for(|is_open| *is_open).await;
        self.inner.commit().await
    }
}

/// What is in a wallet in the end, where three charges were answered behind the back of who slept.
async fn woken_stale(fresh: FreshCarrier, fencing: bool) -> i64 {
    let house = House::open(fresh).await;
    // The mode protects nothing: what it had read it writes.
    let worker = || {
        let worker = house.worker();
        let settler = Settler { mode: Mode::Plain, ..worker.settler.clone() };
        Worker { fencing, settler, ..worker }
    };
    let (opener, is_open) = watch::channel(false);
    let (arrived, mut has_arrived) = watch::channel(false);
    let stale = worker();
    let store = Arc::new(Shut { store: house.store.clone(), is_open, arrived });
    let settler = Settler { store, ..stale.settler.clone() };
    let carrier = Arc::new(Forgotten(Arc::clone(&stale.carrier)));
    let stale = Running::start(Worker { carrier, settler, ..stale });
    house.send(&[charge(1, ANN, 1)]).await;
    let arrival = has_arrived.wait_for(|has_arrived| *has_arrived);
    assert!(timeout(Duration::from_mins(2), arrival).await.is_ok(), "the first job never came");
    // Had it come again, its answer would be there and would stop the first one too: an operator throws it away.
    let (queues, name) = &house.fresh.queues;
    until("what it left over", || async {
        queues.drain(name).await.ok().filter(|count| *count > 0)
    })
    .await;
    let next = Running::start(worker());
    for number in 2..=4 {
        house.send(&[charge(number, ANN, 1)]).await;
        house.answer(CommandId(number.into())).await;
    }
    opener.send_replace(true);
    stale.end().await;
    next.end().await;
    balance(&house.store, ANN).await
}

async fn who_lost_its_lane_saves_nothing_any_more(fresh: FreshCarrier) {
    assert_eq!(woken_stale(fresh, true).await, 3);
}

async fn without_a_token_who_lost_its_lane_undoes_what_came_since(fresh: FreshCarrier) {
    assert_eq!(woken_stale(fresh, false).await, 1, "three were answered, and are gone");
}
