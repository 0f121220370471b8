//! What the broker itself puts away: what it delivered too often, and what its consumer cannot put away.
//! Operators see it, retry it and drop it; and where the broker was not told to keep it, it is gone.

use crate::{carrier, job, numbers};
use admitone_adapter_rabbitmq::{QueueKind, RabbitCarrier, RabbitOptions};
use admitone_app::ports::carrier::{Carrier, Dead, Heard};
use admitone_app::ports::queues::{JobState, Lying, Queues};
use admitone_conformance::own_broker::{Broker, publish, take};
use admitone_conformance::redis_server::own_prefix;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Connection, ConnectionProperties};

/// What was put away, once there is as much.
async fn lying(carrier: &RabbitCarrier, name: &str, count: usize) -> Vec<Lying> {
    let until = crate::now() + crate::PATIENCE;
    loop {
        let found = carrier.jobs(name, JobState::Dead, 10).await.unwrap();
        if found.len() >= count {
            return found;
        }
        assert!(crate::now() < until, "{} of {count} were put away", found.len());
    }
}

/// So many wait and were put away, as soon as the broker has counted them.
async fn counts(carrier: &RabbitCarrier, wanted: (u64, u64)) {
    let until = crate::now() + crate::PATIENCE;
    loop {
        let report = carrier.list().await.unwrap().remove(0);
        if (report.waiting, report.dead) == wanted {
            return;
        }
        assert!(crate::now() < until, "{report:?}");
    }
}

/// Takes the first job and dies with it, so many times.
async fn die_with_it(carrier: &RabbitCarrier, times: usize) {
    for _ in 0..times {
        let mut consumer = carrier.consumer().await.unwrap();
        assert_eq!(numbers(&take(&mut *consumer, 1).await), [1]);
    }
}

/// Somebody else hands something over, past the house.
async fn publish_past_the_house(address: &str, queue: &str, size: usize) {
    let connection = Connection::connect(address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let (body, how) = (vec![b'x'; size], BasicPublishOptions::default());
    let sent =
        channel.basic_publish("".into(), queue.into(), how, &body, BasicProperties::default());
    sent.await.unwrap().await.unwrap();
    connection.close(200, "".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_too_often_the_broker_puts_away_and_it_is_retried() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let name = own_prefix();
    let options = RabbitOptions::new(&address, &name, Some(1));
    let carrier = carrier(RabbitOptions { deliveries_max: 2, ..options });
    publish(&carrier, vec![job(1)]).await;
    die_with_it(&carrier, 3).await;
    let put_away = lying(&carrier, &name, 1).await;
    let reason = put_away[0].reason.as_deref();
    assert_eq!(reason, Some("RabbitMQ put it away: it was delivered too often without an end"));
    // However often somebody looks, it stays.
    for _ in 0..30 {
        assert_eq!(carrier.jobs(&name, JobState::Dead, 10).await.unwrap(), put_away);
    }
    counts(&carrier, (0, 1)).await;
    assert_eq!(carrier.retry(&name, &put_away[0].id).await, Ok(true));
    let mut consumer = carrier.consumer().await.unwrap();
    let taken = take(&mut *consumer, 1).await;
    assert_eq!((numbers(&taken), taken[0].attempts), (vec![1], 0), "as if it was new");
    consumer.acknowledge(&[taken[0].tag]).await.unwrap();
    consumer.leave().await;
    assert_eq!(carrier.jobs(&name, JobState::Dead, 10).await, Ok(Vec::new()));
}

/// A consumer that takes a job which is too large to be handed over again, and wants it put away.
async fn put_away_what_is_too_large(options: RabbitOptions, queue: &str) -> RabbitCarrier {
    let address = options.address.clone();
    let carrier = carrier(RabbitOptions { body_max: 100, prefetch: 10, ..options });
    let mut consumer = carrier.consumer().await.unwrap();
    publish_past_the_house(&address, queue, 200).await;
    publish(&carrier, vec![job(2)]).await;
    let taken = take(&mut *consumer, 2).await;
    let dead = Dead { tag: taken[0].tag, reason: "it cannot be read".to_owned() };
    consumer.put_away(vec![dead]).await.unwrap();
    assert_eq!(numbers(&taken[1..]), [2], "it stops nobody");
    consumer.acknowledge(&[taken[1].tag]).await.unwrap();
    consumer.leave().await;
    carrier
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_consumer_cannot_put_away_is_left_to_the_broker_and_dropped() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    for (kind, lanes, queue) in
        [(QueueKind::Quorum, Some(1), "lane.0"), (QueueKind::Classic, None, "jobs")]
    {
        let name = own_prefix();
        let options = RabbitOptions { kind, ..RabbitOptions::new(&address, &name, lanes) };
        let carrier = put_away_what_is_too_large(options, &format!("{name}.{queue}")).await;
        let put_away = lying(&carrier, &name, 1).await;
        assert_eq!((put_away.len(), put_away[0].body.len()), (1, 200));
        let reason = put_away[0].reason.as_deref().unwrap();
        assert!(reason.contains("could neither end it nor put it away"), "{reason}");
        let said = carrier.retry(&name, &put_away[0].id).await.unwrap_err();
        assert!(said.detail.contains("too many"), "{said}");
        assert_eq!(carrier.discard(&name, &put_away[0].id).await, Ok(true));
        assert_eq!(carrier.jobs(&name, JobState::Dead, 10).await, Ok(Vec::new()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_broker_was_not_told_to_keep_it_what_it_gives_up_is_lost() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let name = own_prefix();
    let options = RabbitOptions::new(&address, &name, Some(1));
    let options = RabbitOptions { has_dead_letters: false, ..options };
    let carrier = put_away_what_is_too_large(options, &format!("{name}.lane.0")).await;
    let report = carrier.list().await.unwrap().remove(0);
    assert_eq!((report.waiting, report.running, report.dead), (0, 0, 0), "it is nowhere");
    let mut consumer = carrier.consumer().await.unwrap();
    assert_eq!(consumer.next(10).await, Ok(Heard::Jobs(Vec::new())));
    consumer.leave().await;
}
