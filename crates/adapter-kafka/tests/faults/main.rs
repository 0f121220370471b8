//! What a broker and a group do to those who rely on them: a broker is killed and comes back,
//! consumers come and go under load, a topic is gone; and what is lost where nobody waits for the
//! broker's word.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod starts;

use admitone_adapter_kafka::{Confirms, KafkaCarrier, KafkaOptions};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::ports::carrier::{
    Arrival, Carrier, Consumer, Dead, Heard, Lane, Outgoing, Urgency,
};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::queues::{JobState, Queues, Start};
use admitone_conformance::own_broker::{Broker, OwnBroker, kinds, publish, take};
use admitone_conformance::redis_server::own_prefix;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

fn carrier(options: KafkaOptions) -> Arc<KafkaCarrier> {
    Arc::new(KafkaCarrier::new(options, Arc::new(SystemClock::default())))
}

fn job(number: usize, lanes: usize) -> Outgoing {
    let lane = Lane(u16::try_from(number % lanes).unwrap());
    let body = number.to_string().into_bytes();
    Outgoing { body, lane, urgency: Urgency::Usual, delay_ms: 0 }
}

#[expect(clippy::disallowed_methods, reason = "a broker goes by the clock of the world")]
fn now() -> Instant {
    Instant::now()
}

fn number(job: &Arrival) -> usize {
    String::from_utf8_lossy(&job.body).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_has_no_topic_is_said_and_the_rest_goes_on() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let options = KafkaOptions::new(&address, &own_prefix(), 2);
    let options = KafkaOptions { body_max: 100, patience: Duration::from_secs(3), ..options };
    let carrier = carrier(options);
    publish(&*carrier, vec![job(0, 2)]).await;
    let large = Outgoing { body: vec![0; 101], ..job(1, 2) };
    let none = Outgoing { lane: Lane(7), ..job(2, 2) };
    let results = carrier.publish(vec![job(3, 2), large, none, job(4, 2)]).await;
    let (large, gone) = (Some(TroubleKind::Inconsistent), Some(TroubleKind::Unavailable));
    assert_eq!(kinds(&results), [None, large, gone, None], "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_with_other_lanes_is_said_and_not_used() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let name = own_prefix();
    publish(&*carrier(KafkaOptions::new(&address, &name, 2)), vec![job(0, 2)]).await;
    let said = carrier(KafkaOptions::new(&address, &name, 3)).publish(vec![job(0, 2)]).await;
    assert_eq!(kinds(&said), [Some(TroubleKind::Inconsistent)], "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_retry_throw_away_and_start_from_elsewhere() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let name = own_prefix();
    let carrier = carrier(KafkaOptions::new(&address, &name, 1));
    publish(&*carrier, (0..3).map(|number| job(number, 1)).collect()).await;
    let mut consumer = carrier.consumer().await.unwrap();
    let taken = take(&mut *consumer, 3).await;
    let dead = |job: &Arrival| Dead { tag: job.tag, reason: format!("why {}", number(job)) };
    consumer.put_away(taken[..2].iter().map(dead).collect()).await.unwrap();
    let report = carrier.list().await.unwrap().remove(0);
    assert_eq!((report.running, report.waiting, report.lag, report.dead), (1, 0, 1, 2));
    let oldest = report.oldest_ms.unwrap();
    assert!(oldest < 120_000, "{oldest}");
    SystemClock::default().sleep_ms(30).await;
    let later = carrier.list().await.unwrap()[0].oldest_ms.unwrap();
    assert!(later >= oldest + 30, "it waits on: {oldest}, then {later}");
    let lying = carrier.jobs(&name, JobState::Dead, 10).await.unwrap();
    assert_eq!(lying[1].reason.as_deref(), Some("why 1"));
    assert_eq!(carrier.retry(&name, &lying[1].id).await, Ok(true));
    assert_eq!(carrier.discard(&name, &lying[0].id).await, Ok(true));
    assert_eq!(carrier.discard(&name, &lying[0].id).await, Ok(false));
    let in_the_log = carrier.discard(&name, "0-2").await.unwrap_err();
    assert!(in_the_log.detail.contains("a topic is a log"), "{in_the_log}");
    assert_eq!(carrier.jobs(&name, JobState::Dead, 10).await, Ok(Vec::new()));
    assert_eq!(number(&take(&mut *consumer, 1).await[0]), 1);
    let said = carrier.restart(&name, Start::Beginning).await.unwrap_err();
    assert_eq!(said.kind, TroubleKind::Busy, "somebody is at it: {said}");
    consumer.leave().await;
    // Leftovers are passed over, and a clean group has all of it again.
    assert_eq!(carrier.drain(&name).await, Ok(2));
    let report = carrier.list().await.unwrap().remove(0);
    assert_eq!((report.lag, report.oldest_ms), (0, None));
    carrier.restart(&name, Start::Beginning).await.unwrap();
    let mut consumer = carrier.consumer().await.unwrap();
    let again: Vec<usize> = take(&mut *consumer, 4).await.iter().map(number).collect();
    assert_eq!(again, [0, 1, 2, 1]);
    consumer.leave().await;
    // Or what was handed over since a moment.
    SystemClock::default().sleep_ms(30).await;
    let since = SystemClock::default().now();
    SystemClock::default().sleep_ms(30).await;
    publish(&*carrier, vec![job(7, 1)]).await;
    carrier.restart(&name, Start::Since(since)).await.unwrap();
    assert_eq!(carrier.list().await.unwrap()[0].lag, 1);
    let mut consumer = carrier.consumer().await.unwrap();
    assert_eq!(number(&take(&mut *consumer, 1).await[0]), 7);
    consumer.leave().await;
}

/// One broker for all that is killed: it takes a while to start.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_keeps_what_it_confirmed_and_loses_what_it_did_not() {
    let Some(mut broker) = OwnBroker::start(Broker::Kafka) else { return };
    let options = KafkaOptions::new(&broker.address(), "kept", 2);
    let kept = carrier(options.clone());
    publish(&*kept, (0..200).map(|number| job(number, 2)).collect()).await;
    let mut consumer = kept.consumer().await.unwrap();
    let batch = take(&mut *consumer, 40).await;
    let tags: Vec<_> = batch.iter().take(20).map(|job| job.tag).collect();
    consumer.acknowledge(&tags).await.unwrap();
    let ended: BTreeSet<usize> = batch[..20].iter().map(number).collect();
    // Nobody waits for its word here.
    let (name, confirms) = ("hasty".to_owned(), Confirms::Nobody);
    let hasty = carrier(KafkaOptions { name, confirms, ..options.clone() });
    publish(&*hasty, vec![job(0, 2)]).await;
    let until = now() + PATIENCE;
    while hasty.list().await.map_or(0, |queues| queues[0].lag) == 0 {
        assert!(now() < until, "it has not come");
    }
    broker.pause();
    let lost = hasty.publish((2..=50).map(|number| job(number * 2, 2)).collect()).await;
    assert_eq!(kinds(&lost), [None; 49], "it is said to be there");
    let patience = Duration::from_millis(1_500);
    let careful = carrier(KafkaOptions { patience, ..options });
    let results = careful.publish(vec![job(777, 2)]).await;
    assert_eq!(kinds(&results), [Some(TroubleKind::Unavailable)], "it is not known");
    broker.kill();
    drop(hasty);
    broker.restart();
    let until = now() + PATIENCE;
    let wanted: BTreeSet<usize> = (0..200).filter(|number| !ended.contains(number)).collect();
    let mut came: BTreeSet<usize> = batch[20..].iter().map(number).collect();
    consumer.acknowledge(&batch[20..].iter().map(|job| job.tag).collect::<Vec<_>>()).await.unwrap();
    while !wanted.is_subset(&came) {
        assert!(now() < until, "{:?} did not come", wanted.difference(&came));
        let Ok(Heard::Jobs(jobs)) = consumer.next(50).await else { continue };
        came.extend(jobs.iter().map(number));
        let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
        consumer.acknowledge(&tags).await.unwrap();
    }
    let options = KafkaOptions::new(&broker.address(), "hasty", 2);
    let mut consumer = carrier(options).consumer().await.unwrap();
    let came: BTreeSet<usize> = take(&mut *consumer, 1).await.iter().map(number).collect();
    assert_eq!(came, [0].into(), "what came before it stopped");
    assert_eq!(consumer.next(100).await, Ok(Heard::Jobs(Vec::new())), "and 49 are lost");
}

/// The broker writes each word about offsets down before it takes the next, and signs of life come behind
/// them: without a bound for those under way, a consumer of many small batches is presumed dead.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_thousands_one_by_one_stays_in_the_group() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let count = 6_000;
    let carrier = carrier(KafkaOptions::new(&address, &own_prefix(), 1));
    publish(&*carrier, (0..count).map(|number| job(number, 1)).collect()).await;
    let mut consumer = carrier.consumer().await.unwrap();
    one_by_one(consumer.as_mut(), count).await;
    let until = now() + Duration::from_secs(8);
    while now() < until {
        let heard = consumer.next(1).await.unwrap();
        assert!(matches!(&heard, Heard::Jobs(jobs) if jobs.is_empty()), "{heard:?}");
    }
    let queues = carrier.list().await.unwrap();
    assert_eq!(queues[0].lag, 0, "the group was told of all of them");
    publish(&*carrier, vec![job(count, 1)]).await;
    assert_eq!(number(&take(consumer.as_mut(), 1).await[0]), count);
    consumer.leave().await;
}

/// Whoever takes a lane over from somebody who died goes on about where that one was.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_small_batches_the_next_is_handed_the_last_few() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let count = 400;
    let carrier = carrier(KafkaOptions::new(&address, &own_prefix(), 1));
    publish(&*carrier, (0..count).map(|number| job(number, 1)).collect()).await;
    let mut consumer = carrier.consumer().await.unwrap();
    one_by_one(consumer.as_mut(), count - 1).await;
    let last = take(consumer.as_mut(), 1).await;
    assert_eq!(number(&last[0]), count - 1);
    // Whoever listens on says what became known while a word was under way.
    for _ in 0..2 {
        assert!(matches!(consumer.next(1).await, Ok(Heard::Jobs(jobs)) if jobs.is_empty()));
    }
    drop(consumer);
    let mut next = carrier.consumer().await.unwrap();
    let came = number(&take(next.as_mut(), 1).await[0]);
    assert!(came + 100 > count, "{came} of {count}: it was told of too little");
    next.leave().await;
}

async fn one_by_one(consumer: &mut dyn Consumer, count: usize) {
    for wanted in 0..count {
        let came = take(consumer, 1).await;
        assert_eq!(number(&came[0]), wanted);
        consumer.acknowledge(&[came[0].tag]).await.unwrap();
    }
}
