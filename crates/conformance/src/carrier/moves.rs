//! Lanes that move under load: consumers come and go, and each lane keeps its order.

use super::{Case, FreshCarrier, carrier_cases};
use admitone_app::ports::carrier::{Arrival, Carrier, Heard, Lane, Outgoing, Urgency};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::task::JoinHandle;

pub(super) const ALL: &[Case] = carrier_cases![
    consumers_come_and_go_under_load_and_every_lane_keeps_its_order: WhereLanes,
];

const JOBS: usize = 1_200;
const PARTS: usize = 6;
/// What is not settled by then is lost, in tenths of a second.
const TENTHS_MAX: usize = 1_200;

fn job(number: usize, lanes: u16) -> Outgoing {
    let lane = u16::try_from(number % usize::from(lanes)).unwrap_or(0);
    let body = number.to_string().into_bytes();
    Outgoing { body, lane: Lane(lane), urgency: Urgency::Usual, delay_ms: 0 }
}

fn number(job: &Arrival) -> usize {
    let text = String::from_utf8_lossy(&job.body);
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What came to all consumers: by lane in the order of settling.
#[derive(Default)]
struct Settled(Mutex<BTreeMap<Option<Lane>, Vec<usize>>>);

impl Settled {
    fn note(&self, jobs: &[Arrival]) {
        let mut settled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for job in jobs {
            settled.entry(job.lane).or_default().push(number(job));
        }
    }

    fn by_lane(&self) -> BTreeMap<Option<Lane>, Vec<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self) -> usize {
        self.by_lane().values().flatten().collect::<BTreeSet<_>>().len()
    }
}

/// Consumes until told, as a worker does: what is settled is noted, then acknowledged.
async fn work(carrier: Arc<dyn Carrier>, settled: Arc<Settled>, mut stop: Receiver<()>) {
    let consumer = carrier.consumer().await;
    let mut consumer = consumer.unwrap_or_else(|trouble| panic!("{trouble}"));
    while stop.try_recv().is_err() {
        let Ok(Heard::Jobs(jobs)) = consumer.next(16).await else { continue };
        settled.note(&jobs);
        let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
        assert_eq!(consumer.acknowledge(&tags).await, Ok(()));
    }
    consumer.leave().await;
}

async fn publish(carrier: &dyn Carrier, jobs: Vec<Outgoing>) {
    for sent in carrier.publish(jobs).await {
        sent.unwrap_or_else(|trouble| panic!("{trouble}"));
    }
}

async fn end((stop, task): (Sender<()>, JoinHandle<()>)) {
    let _ = stop.send(());
    task.await.unwrap_or_else(|error| panic!("{error}"));
}

#[expect(clippy::disallowed_methods, reason = "a case waits for what it starts")]
async fn consumers_come_and_go_under_load_and_every_lane_keeps_its_order(fresh: FreshCarrier) {
    let (carrier, settled) = (fresh.carrier, Arc::<Settled>::default());
    let lanes = carrier.abilities().lanes.unwrap_or(1);
    let start = || {
        let (stop, stopped) = oneshot::channel();
        (stop, tokio::spawn(work(Arc::clone(&carrier), Arc::clone(&settled), stopped)))
    };
    let mut workers = vec![start()];
    for part in 0..PARTS {
        let jobs = part * JOBS / PARTS..(part + 1) * JOBS / PARTS;
        publish(&*carrier, jobs.map(|number| job(number, lanes)).collect()).await;
        // One more, one more, the first one less, and so on: lanes are divided anew each time.
        if part % 3 == 2 {
            end(workers.remove(0)).await;
        } else {
            workers.push(start());
        }
    }
    for _ in 0..TENTHS_MAX {
        if settled.count() == JOBS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(settled.count(), JOBS, "all are settled");
    for worker in workers {
        end(worker).await;
    }
    for (lane, numbers) in settled.by_lane() {
        let mut seen = BTreeSet::new();
        let firsts: Vec<usize> = numbers.into_iter().filter(|one| seen.insert(*one)).collect();
        assert!(firsts.is_sorted(), "lane {lane:?}: {firsts:?}");
    }
}
