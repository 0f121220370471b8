//! How much a consumer is sent before it ended something, and that a lane has one consumer: without the broker's
//! word for that two have it at once, and its order is gone.

use crate::{carrier, job, now, numbers};
use admitone_adapter_rabbitmq::{QueueKind, RabbitOptions};
use admitone_app::ports::carrier::{Carrier, Consumer, Heard};
use admitone_app::ports::queues::Queues;
use admitone_conformance::own_broker::{Broker, publish, take};
use admitone_conformance::redis_server::own_prefix;
use std::time::Duration;

/// What comes within a second or so, where nothing shall come.
async fn rest(consumer: &mut dyn Consumer) -> Vec<usize> {
    let (mut taken, until) = (Vec::new(), now() + Duration::from_millis(1_200));
    while now() < until {
        if let Heard::Jobs(jobs) = consumer.next(100).await.unwrap() {
            taken.extend(numbers(&jobs));
        }
    }
    taken
}

/// What a consumer has that ends nothing, and then what it gets for one that it ends: what shall come is waited for.
async fn unacknowledged(options: RabbitOptions) -> (Vec<usize>, Vec<usize>) {
    let prefetch = usize::from(options.prefetch);
    let carrier = carrier(options);
    publish(&carrier, (0..25).map(job).collect()).await;
    let mut consumer = carrier.consumer().await.unwrap();
    let first = take(&mut *consumer, prefetch).await;
    let had = [numbers(&first), rest(&mut *consumer).await].concat();
    let report = carrier.list().await.unwrap().remove(0);
    assert_eq!((report.running, report.waiting), (had.len() as u64, 25 - had.len() as u64));
    consumer.acknowledge(&[first[0].tag]).await.unwrap();
    let next = take(&mut *consumer, 1).await;
    let more = [numbers(&next), rest(&mut *consumer).await].concat();
    consumer.leave().await;
    (had, more)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_at_once_than_its_prefetch() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    for (kind, lanes) in [(QueueKind::Quorum, Some(1)), (QueueKind::Classic, None)] {
        let of = |prefetch| RabbitOptions {
            kind,
            prefetch,
            ..RabbitOptions::new(&address, &own_prefix(), lanes)
        };
        assert_eq!(unacknowledged(of(1)).await, (vec![0], vec![1]), "{kind:?}: one, and one more");
        let ten = (0..10).collect::<Vec<_>>();
        assert_eq!(unacknowledged(of(10)).await, (ten, vec![10]), "{kind:?}: with ten it is ten");
    }
}

/// In which order four jobs of a lane are settled, where the first consumer takes its time with the first; and which
/// of them a second one had meanwhile: so many are waited for.
async fn beside_a_slow_one(options: RabbitOptions, shared: usize) -> (Vec<usize>, Vec<usize>) {
    let carrier = carrier(options);
    publish(&carrier, (0..4).map(job).collect()).await;
    let mut slow = carrier.consumer().await.unwrap();
    let first = take(&mut *slow, 1).await;
    let mut other = carrier.consumer().await.unwrap();
    let mut settled = Vec::new();
    for _ in 0..shared {
        let next = take(&mut *other, 1).await;
        settled.extend(numbers(&next));
        other.acknowledge(&[next[0].tag]).await.unwrap();
    }
    settled.extend(rest(&mut *other).await);
    let beside = settled.clone();
    other.leave().await;
    settled.extend(numbers(&first));
    slow.acknowledge(&[first[0].tag]).await.unwrap();
    while settled.len() < 4 {
        let next = take(&mut *slow, 1).await;
        settled.extend(numbers(&next));
        slow.acknowledge(&[next[0].tag]).await.unwrap();
    }
    slow.leave().await;
    (settled, beside)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_has_one_consumer_and_without_the_brokers_word_two_and_no_order() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    for kind in [QueueKind::Quorum, QueueKind::Classic] {
        let of = |has_one_consumer| RabbitOptions {
            kind,
            has_one_consumer,
            ..RabbitOptions::new(&address, &own_prefix(), Some(1))
        };
        let (settled, beside) = beside_a_slow_one(of(true), 0).await;
        assert_eq!((settled, beside), (vec![0, 1, 2, 3], vec![]), "{kind:?}");
        let (settled, beside) = beside_a_slow_one(of(false), 3).await;
        assert_eq!(beside, [1, 2, 3], "{kind:?}: another has the lane at the same time");
        assert_eq!(settled, [1, 2, 3, 0], "{kind:?}: the first is settled behind the last");
    }
}
