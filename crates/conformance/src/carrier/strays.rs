//! A command in a lane that is not its own: its reservation was not there yet when it was handed over. Whoever has the
//! other lane may be at work on the same rows, so it is handed over to that; the twin settles it where it came.

use super::workers::{ANN, House, Running};
use super::{Case, FreshCarrier, carrier_cases};
use crate::sale::{self, SHOW, by, hold};
use admitone_app::delivery::{Lanes, Worker, WorkerLimits};
use admitone_app::ports::carrier::{
    Abilities, Carrier, Consumer, Dead, Heard, Lane, Outgoing, Return, Tag,
};
use admitone_app::ports::store::Mode;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::command::Release;
use admitone_domain::id::ReservationId;
use admitone_domain::{Action, Command};
use async_trait::async_trait;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const ALL: &[Case] = carrier_cases![
    what_belongs_into_another_lane_is_handed_over_to_it: WhereLanes,
    what_cannot_be_handed_over_yet_is_tried_again: WhereLanes,
    looked_at_once_it_is_written_beside_its_lane: WhereLanes,
];

type Seen = Arc<Mutex<Vec<Lane>>>;

/// Writes down by which lane each job came, and keeps the first so many not that are handed over.
struct Watched {
    carrier: Arc<dyn Carrier>,
    seen: Seen,
    refusals: AtomicU32,
}

struct WatchedConsumer(Box<dyn Consumer>, Seen);

#[async_trait]
impl Carrier for Watched {
    fn abilities(&self) -> Abilities {
        self.carrier.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        let less = |left: u32| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            let full = Trouble::new(TroubleKind::Busy, "publish", "the queue is full");
            return vec![Err(full); jobs.len()];
        }
        self.carrier.publish(jobs).await
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        let consumer = self.carrier.consumer().await?;
        Ok(Box::new(WatchedConsumer(consumer, Arc::clone(&self.seen))))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.carrier.check().await
    }
}

#[async_trait]
impl Consumer for WatchedConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        let heard = self.0.next(jobs_max).await?;
        if let Heard::Jobs(jobs) = &heard {
            let mut seen = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            seen.extend(jobs.iter().filter_map(|job| job.lane));
        }
        Ok(heard)
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        self.0.acknowledge(tags).await
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        self.0.give_back(jobs).await
    }

    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        self.0.put_away(jobs).await
    }

    async fn leave(self: Box<Self>) {
        self.0.leave().await;
    }
}

/// The lane of a command, by what is there now.
async fn lane_of(house: &House, command: &Command) -> (Lane, u16) {
    let count = house.fresh.carrier.abilities().lanes.unwrap_or(1);
    let lanes = Lanes { reads: Arc::new(house.store.clone()), count };
    let found = lanes.of(std::slice::from_ref(command)).await;
    (found.unwrap_or_else(|trouble| panic!("{trouble}"))[0], count)
}

/// By which lanes a release came that was handed over before its reservation was there; its own lane is the second.
async fn released(fresh: FreshCarrier, looks_again: bool, refusals: u32) -> (Vec<Lane>, [Lane; 2]) {
    let house = House::open(fresh).await;
    let release = Release { reservation: ReservationId(11) };
    let release = by(12, ANN, Action::Release(release));
    let settler = sale::settler(Arc::new(house.store.clone()), Mode::Optimistic);
    for reply in settler.settle(vec![hold(11, ANN, SHOW, &[], 1)]).await {
        sale::answer(reply).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
    let (own, count) = lane_of(&house, &release).await;
    let other = Lane((own.0 + 1) % count);
    let worker = house.worker();
    let limits = WorkerLimits { looks_again, ..worker.limits };
    let seen = Seen::default();
    let carrier = Arc::new(Watched {
        carrier: Arc::clone(&worker.carrier),
        seen: Arc::clone(&seen),
        refusals: AtomicU32::new(refusals),
    });
    let running = Running::start(Worker { carrier, limits, ..worker });
    house.send_by(other, std::slice::from_ref(&release)).await;
    let answer = house.answer(release.id).await;
    assert!(answer.answer.is_ok(), "{answer:?}");
    running.end().await;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (seen, [other, own])
}

async fn what_belongs_into_another_lane_is_handed_over_to_it(fresh: FreshCarrier) {
    let (seen, lanes) = released(fresh, true, 0).await;
    assert_eq!(seen, lanes);
}

async fn what_cannot_be_handed_over_yet_is_tried_again(fresh: FreshCarrier) {
    let (seen, [other, own]) = released(fresh, true, 2).await;
    assert_eq!(seen, [other, other, other, own]);
}

async fn looked_at_once_it_is_written_beside_its_lane(fresh: FreshCarrier) {
    let (seen, [other, _]) = released(fresh, false, 0).await;
    assert_eq!(seen, [other], "whoever has its own lane knows nothing of it");
}
