//! What a broker does to those who rely on it: it is full, has no such queue, is killed and comes
//! back; and what is lost where nobody waits for its word.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cluster;
mod dead_letters;
mod given_up;
mod several;
mod silence;
mod suspects;

use admitone_adapter_rabbitmq::{QueueKind, RabbitCarrier, RabbitOptions};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::ports::carrier::{Arrival, Carrier, Consumer, Heard, Lane, Outgoing, Urgency};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::queues::Queues;
use admitone_conformance::own_broker::{Broker, OwnBroker, kinds, publish, take};
use admitone_conformance::redis_server::own_prefix;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

fn carrier(options: RabbitOptions) -> RabbitCarrier {
    RabbitCarrier::new(options, Arc::new(SystemClock::default())).unwrap()
}

fn job(number: usize) -> Outgoing {
    let body = number.to_string().into_bytes();
    Outgoing { body, lane: Lane(0), urgency: Urgency::Usual, delay_ms: 0 }
}

#[expect(clippy::disallowed_methods, reason = "a broker goes by the clock of the world")]
fn now() -> Instant {
    Instant::now()
}

fn numbers(jobs: &[Arrival]) -> Vec<usize> {
    jobs.iter().map(|job| String::from_utf8_lossy(&job.body).parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_as_busy_and_takes_again() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let options = RabbitOptions::new(&address, &own_prefix(), None);
    let options = RabbitOptions { kind: QueueKind::Classic, length_max: 3, ..options };
    let carrier = carrier(options);
    let results = carrier.publish((0..5).map(job).collect()).await;
    let busy = Some(TroubleKind::Busy);
    assert_eq!(kinds(&results), [None, None, None, busy, busy]);
    let mut consumer = carrier.consumer().await.unwrap();
    let taken = take(&mut *consumer, 1).await;
    consumer.acknowledge(&[taken[0].tag]).await.unwrap();
    publish(&carrier, vec![job(9)]).await;
    consumer.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_queue_or_is_too_large_is_said_and_the_rest_goes_on() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let name = own_prefix();
    let options = RabbitOptions::new(&address, &name, Some(2));
    let carrier = carrier(RabbitOptions { body_max: 100, ..options });
    publish(&carrier, vec![job(1)]).await;
    delete(&address, &format!("{name}.lane.0")).await;
    let other = Outgoing { lane: Lane(1), ..job(2) };
    let large = Outgoing { body: vec![0; 101], lane: Lane(1), ..job(3) };
    let results = carrier.publish(vec![job(4), other.clone(), large, other, job(5)]).await;
    let (gone, large) = (Some(TroubleKind::Unavailable), Some(TroubleKind::Inconsistent));
    assert_eq!(kinds(&results), [gone, None, large, None, gone]);
    let said = results[0].as_ref().unwrap_err();
    assert!(said.detail.contains("unroutable") && said.detail.contains("lane.0"), "{said}");
    // Whoever connects next has made the queue again.
    publish(&carrier, vec![job(6)]).await;
    assert_eq!(carrier.list().await.unwrap()[0].waiting, 3);
    assert!(carrier.drain(&name).await.unwrap() == 3 && carrier.drain(&name).await == Ok(0));
}

async fn delete(address: &str, queue: &str) {
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(address, properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel
        .queue_delete(queue.into(), lapin::options::QueueDeleteOptions::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_with_other_settings_are_said_and_not_used() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let name = own_prefix();
    let options = || RabbitOptions::new(&address, &name, None);
    publish(&carrier(options()), vec![job(1)]).await;
    let other = carrier(RabbitOptions { kind: QueueKind::Classic, ..options() });
    let said = other.publish(vec![job(2)]).await;
    assert_eq!(kinds(&said), [Some(TroubleKind::Inconsistent)], "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_were_put_away_are_retried_or_thrown_away() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let name = own_prefix();
    let options = RabbitOptions::new(&address, &name, Some(1));
    let carrier = carrier(RabbitOptions { prefetch: 10, ..options });
    publish(&carrier, (0..3).map(job).collect()).await;
    let mut consumer = carrier.consumer().await.unwrap();
    let taken = take(&mut *consumer, 3).await;
    assert_eq!(carrier.list().await.unwrap()[0].running, 3);
    let dead = |arrival: &Arrival| admitone_app::ports::carrier::Dead {
        tag: arrival.tag,
        reason: format!("why {}", String::from_utf8_lossy(&arrival.body)),
    };
    consumer.put_away(taken.iter().map(dead).collect()).await.unwrap();
    let state = admitone_app::ports::queues::JobState::Dead;
    let lying = carrier.jobs(&name, state, 10).await.unwrap();
    let reasons: Vec<_> = lying.iter().filter_map(|job| job.reason.as_deref()).collect();
    assert_eq!(reasons, ["why 0", "why 1", "why 2"]);
    assert_eq!(carrier.retry(&name, &lying[1].id).await, Ok(true));
    assert_eq!(numbers(&take(&mut *consumer, 1).await), [1]);
    assert_eq!(carrier.discard(&name, &lying[0].id).await, Ok(true));
    assert_eq!(carrier.discard(&name, &lying[0].id).await, Ok(false));
    let left = carrier.jobs(&name, state, 10).await.unwrap();
    assert_eq!(left.iter().map(|job| &job.id).collect::<Vec<_>>(), [&lying[2].id]);
    consumer.leave().await;
}

/// One broker for all that is killed: it takes a while to start.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_keeps_what_it_confirmed_and_loses_what_it_did_not() {
    let Some(mut broker) = OwnBroker::start(Broker::Rabbitmq) else { return };
    let options = RabbitOptions::new(&broker.address(), "kept", Some(2));
    let options = RabbitOptions { prefetch: 100, ..options };
    // Nobody waits for its word here.
    let hasty = RabbitOptions { has_confirms: false, ..options.clone() };
    let hasty = carrier(RabbitOptions { name: "hasty".to_owned(), ..hasty });
    publish(&hasty, vec![job(0)]).await;
    let kept = carrier(options.clone());
    publish(
        &kept,
        (0..200).map(|n| Outgoing { lane: Lane(u16::from(n % 2 == 1)), ..job(n) }).collect(),
    )
    .await;
    let mut consumer = kept.consumer().await.unwrap();
    let mut ended = BTreeSet::new();
    for _ in 0..4 {
        let batch = take(&mut *consumer, 20).await;
        // Half of the batch is ended when the broker dies.
        let tags: Vec<_> = batch.iter().take(10).map(|job| job.tag).collect();
        consumer.acknowledge(&tags).await.unwrap();
        ended.extend(numbers(&batch[..10]));
    }
    let until = now() + PATIENCE;
    while hasty.list().await.unwrap()[0].waiting == 0 {
        assert!(now() < until, "it has not come");
    }
    // Which quorum queues it has the broker writes down half a second after they were declared.
    SystemClock::default().sleep_ms(2_000).await;
    broker.pause();
    assert_eq!(
        kinds(&hasty.publish((1..=50).map(job).collect()).await),
        [None; 50],
        "it is said to be there"
    );
    let patience = Duration::from_millis(500);
    let careful = carrier(RabbitOptions { patience, ..options });
    let results = careful.publish(vec![job(777)]).await;
    assert_eq!(kinds(&results), [Some(TroubleKind::Unavailable)], "it is not known");
    broker.kill();
    assert!(kept.check().await.is_err() || kinds(&kept.publish(vec![job(777)]).await)[0].is_some());
    broker.restart();
    everything_comes_again(&mut *consumer, &ended).await;
    let mut consumer = consumer_of(&hasty).await;
    let came = numbers(&take(&mut *consumer, 1).await);
    assert_eq!(came, [0], "what came before it stopped");
    let more = consumer.next(100).await;
    assert_eq!(more, Ok(Heard::Jobs(Vec::new())), "and fifty are lost");
}

/// A consumer, as soon as the broker is there again.
async fn consumer_of(carrier: &RabbitCarrier) -> Box<dyn Consumer> {
    let until = now() + PATIENCE;
    loop {
        match carrier.consumer().await {
            Ok(consumer) => return consumer,
            Err(trouble) => assert!(now() < until, "{trouble}"),
        }
    }
}

/// All that was confirmed and not ended comes by a consumer that was there before.
async fn everything_comes_again(consumer: &mut dyn Consumer, ended: &BTreeSet<usize>) {
    let until = now() + PATIENCE;
    let (mut came, mut news) = (BTreeSet::new(), Vec::new());
    let wanted: BTreeSet<usize> = (0..200).filter(|number| !ended.contains(number)).collect();
    while !wanted.is_subset(&came) {
        assert!(now() < until, "{:?} did not come", wanted.difference(&came));
        match consumer.next(50).await {
            Ok(Heard::Jobs(jobs)) => {
                let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
                came.extend(numbers(&jobs));
                let _ = consumer.acknowledge(&tags).await;
            }
            Ok(other) => news.push(other),
            Err(trouble) => assert_eq!(trouble.kind, TroubleKind::Unavailable),
        }
    }
    let lost = news.iter().position(|heard| matches!(heard, Heard::Revoked(_)));
    let won = news.iter().rposition(|heard| matches!(heard, Heard::Assigned(_)));
    assert!(lost.is_some() && lost < won, "its lanes were lost and given anew: {news:?}");
}
