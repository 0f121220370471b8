//! Jobs that were delivered without an end so often that they might be the cause of it: those that only lay beside it
//! are settled, and the one that is the cause is found out. Without a book of queues all of them are put away.

use super::unruly::{Allergic, Reaction};
use super::workers::{ANN, BOB, House, Running, until};
use super::{Case, FreshCarrier, carrier_cases};
use crate::sale::{balance, charge};
use admitone_app::delivery::{Leaf, Worker, WorkerLimits};
use admitone_app::memory::MemoryQueueBook;
use admitone_app::ports::carrier::Heard;
use admitone_app::settle::Settler;
use admitone_domain::CommandId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_util::sync::CancellationToken;

pub(super) const ALL: &[Case] = carrier_cases![
    what_lay_in_workers_that_were_stopped_is_tried_and_not_put_away: Always,
    without_a_book_what_lay_too_often_is_put_away_untried: Always,
    what_ends_whoever_tries_it_is_put_away_and_its_neighbours_are_settled: Always,
];

/// A worker to whom one delivery without an end is suspicious.
fn wary(house: &House, leaf: Arc<Leaf>) -> Worker {
    let worker = house.worker();
    let limits = WorkerLimits { attempts_max: 1, ..worker.limits };
    Worker { leaf, limits, ..worker }
}

/// The leaf of a process, looked after until `stop`.
#[expect(clippy::disallowed_methods, reason = "a case waits for what it starts")]
fn leaf(house: &House, book: &Arc<MemoryQueueBook>, stop: &CancellationToken) -> Arc<Leaf> {
    let leaf = Leaf::booked(book.clone());
    let clock = house.worker().settler.clock;
    tokio::spawn(Arc::clone(&leaf).keep("tried".to_owned(), clock, stop.clone()));
    leaf
}

/// Two jobs were sent to somebody who was stopped before he had settled either.
async fn left_over(fresh: FreshCarrier) -> House {
    let house = House::open(fresh).await;
    house.send(&[charge(1, ANN, 100), charge(2, BOB, 10)]).await;
    let consumer = house.fresh.carrier.consumer().await;
    let mut consumer = consumer.unwrap_or_else(|trouble| panic!("{trouble}"));
    let mut count = 0;
    while count < 2 {
        let heard = consumer.next(2).await.unwrap_or_else(|trouble| panic!("{trouble}"));
        if let Heard::Jobs(jobs) = heard {
            count += jobs.len();
        }
    }
    drop(consumer);
    house
}

async fn what_lay_in_workers_that_were_stopped_is_tried_and_not_put_away(fresh: FreshCarrier) {
    let house = left_over(fresh).await;
    let (book, stop) = (Arc::default(), CancellationToken::new());
    let running = Running::start(wary(&house, leaf(&house, &book, &stop)));
    house.answer(CommandId(1)).await;
    house.answer(CommandId(2)).await;
    running.end().await;
    stop.cancel();
    assert_eq!((balance(&house.store, ANN).await, balance(&house.store, BOB).await), (100, 10));
    assert_eq!(house.dead(0).await, Vec::<String>::new());
}

async fn without_a_book_what_lay_too_often_is_put_away_untried(fresh: FreshCarrier) {
    let house = left_over(fresh).await;
    let running = Running::start(wary(&house, Leaf::unbooked()));
    let reasons = house.dead(2).await;
    assert!(reasons.iter().all(|why| why.starts_with("delivered 1 times")), "{reasons:?}");
    running.end().await;
    assert_eq!((balance(&house.store, ANN).await, balance(&house.store, BOB).await), (0, 0));
}

async fn what_ends_whoever_tries_it_is_put_away_and_its_neighbours_are_settled(
    fresh: FreshCarrier,
) {
    let house = House::open(fresh).await;
    let deadly = charge(7, ANN, 7);
    house.send(&[charge(1, ANN, 100), deadly.clone(), charge(2, BOB, 10)]).await;
    let (book, stop, met) = (Arc::default(), CancellationToken::new(), Arc::<AtomicU32>::default());
    let mut deaths = 0;
    let reason = loop {
        let worker = wary(&house, leaf(&house, &book, &stop));
        let store = Arc::new(Allergic(
            house.store.clone(),
            deadly.id,
            Reaction::NeverEnds(Arc::clone(&met)),
        ));
        let settler = Settler { store, ..worker.settler.clone() };
        let running = Running::start(Worker { settler, ..worker });
        let died_or_found = until("a death, or what was put away", || async {
            let dead = house.dead(0).await.pop();
            let has_died = met.load(Ordering::SeqCst) > deaths;
            (has_died || dead.is_some()).then_some(dead)
        })
        .await;
        if let Some(reason) = died_or_found {
            house.answer(CommandId(2)).await;
            running.end().await;
            break reason;
        }
        running.kill().await;
        deaths += 1;
        assert!(deaths < 5, "it is not found out");
    };
    stop.cancel();
    assert!(reason.contains("tried alone 2 times"), "{reason}");
    assert_eq!(deaths, 3, "once beside others, and twice alone");
    assert_eq!((balance(&house.store, ANN).await, balance(&house.store, BOB).await), (100, 10));
    assert_eq!(house.dead(1).await.len(), 1, "none beside it");
}
