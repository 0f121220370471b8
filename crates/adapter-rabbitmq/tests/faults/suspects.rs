//! Jobs that were sent to workers which were stopped before they came to them. The broker counts each of these as a
//! delivery without an end; a worker with a book of queues tries such a job, and one without puts it away untried.

use crate::carrier;
use admitone_adapter_rabbitmq::{RabbitCarrier, RabbitOptions};
use admitone_app::clock::SystemClock;
use admitone_app::delivery::{Job, Leaf, Worker, WorkerLimits};
use admitone_app::memory::{MemoryQueueBook, MemoryStore};
use admitone_app::ports::carrier::{Carrier, Lane, Outgoing, Urgency};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::hints::NoHints;
use admitone_app::ports::queues::{JobState, Queues};
use admitone_app::ports::store::Mode;
use admitone_app::settle::Settler;
use admitone_conformance::own_broker::{Broker, publish};
use admitone_conformance::redis_server::own_prefix;
use admitone_conformance::sale::{NOW, balance, charge, settler};
use admitone_domain::id::BuyerId;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const ANN: BuyerId = BuyerId(1);

/// Two charges that six workers had been sent when they were stopped, and none had begun; what is in the wallet once a
/// worker has ended both, and why any was put away.
async fn after_six_restarts(address: &str, leaf: Arc<Leaf>) -> (i64, Vec<String>) {
    let name = own_prefix();
    let options = RabbitOptions { prefetch: 10, ..RabbitOptions::new(address, &name, Some(1)) };
    let carrier = Arc::new(carrier(options));
    let job = |number| {
        let body = Job { command: charge(number, ANN, 1), sent_at: NOW }.encode().unwrap();
        Outgoing { body, lane: Lane(0), urgency: Urgency::Usual, delay_ms: 0 }
    };
    publish(&*carrier, vec![job(1), job(2)]).await;
    for _ in 0..WorkerLimits::default().attempts_max {
        sent_to_one_that_is_stopped(&carrier).await;
    }
    let (store, stop) =
        (Arc::new(MemoryStore::new(Arc::new(SystemClock::default()))), CancellationToken::new());
    let settler = settler(store.clone(), Mode::Optimistic);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let worker = Worker {
        carrier: carrier.clone(),
        settler: Settler { clock: clock.clone(), ..settler },
        queue: "tried".to_owned(),
        fencing: true,
        callers: Arc::default(),
        hints: Arc::new(NoHints),
        leaf: leaf.clone(),
        limits: WorkerLimits::default(),
    };
    let looking = async {
        let until = crate::now() + crate::PATIENCE;
        let ended = loop {
            let dead = carrier.jobs(&name, JobState::Dead, 10).await.unwrap_or_default();
            let money = balance(&*store, ANN).await;
            if money + i64::try_from(dead.len()).unwrap() == 2 {
                break (money, dead.into_iter().filter_map(|one| one.reason).collect());
            }
            assert!(crate::now() < until, "{money} is there, put away: {dead:?}");
        };
        stop.cancel();
        ended
    };
    let keeping = leaf.keep("tried".to_owned(), clock, stop.clone());
    tokio::join!(looking, worker.run(stop.clone()), keeping).0
}

/// Its lane is given to a consumer, both jobs are sent to it, and it leaves without having taken one.
async fn sent_to_one_that_is_stopped(carrier: &RabbitCarrier) {
    let mut consumer = carrier.consumer().await.unwrap();
    let until = crate::now() + crate::PATIENCE;
    while carrier.list().await.unwrap()[0].running < 2 {
        assert!(crate::now() < until, "they are not sent");
        // It hears of its lane and takes nothing.
        consumer.next(0).await.unwrap();
    }
    consumer.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lay_in_six_workers_that_were_stopped_is_tried() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let leaf = Leaf::booked(Arc::<MemoryQueueBook>::default());
    assert_eq!(after_six_restarts(&address, leaf).await, (2, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_book_what_lay_in_six_workers_is_put_away_untried() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let untried = || "delivered 6 times without an end".to_owned();
    let found = after_six_restarts(&address, Leaf::unbooked()).await;
    assert_eq!(found, (0, vec![untried(), untried()]));
}
