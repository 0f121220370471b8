//! Events in a topic of a real broker: each lane in one partition, in its order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_kafka::{KafkaEvents, KafkaOptions};
use admitone_app::TroubleKind;
use admitone_app::events::{CONTENT_TYPE, Envelope};
use admitone_app::ports::event_bus::EventBus;
use admitone_conformance::own_broker::Broker;
use admitone_conformance::redis_server::own_prefix;
use admitone_domain::id::ReservationId;
use admitone_domain::{Event, Happening, Key, Moment};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

const PARTITIONS: u16 = 4;

fn event(number: u64, reservation: u64, version: u64) -> Envelope {
    let (aggregate, what) = (Key::Reservation(ReservationId(reservation)), Happening::Released);
    let event = Event { aggregate, version, at: Moment(1_700_000_000_000_001), what };
    Envelope { source: "/admitone/test".into(), number, event }
}

/// So many messages of a topic, each with its partition and its key.
fn read(address: &str, topic: &str, count: usize) -> Vec<(i32, String, Envelope)> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("group.id", format!("{topic}.look"));
    let consumer: BaseConsumer = config.create().unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..i32::from(PARTITIONS) {
        all.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&all).unwrap();
    let mut found = Vec::new();
    while found.len() < count {
        let message = consumer.poll(Duration::from_secs(30));
        let message = message.unwrap_or_else(|| panic!("only {} came", found.len())).unwrap();
        let kind = message.headers().unwrap().get(0);
        assert_eq!((kind.key, kind.value), ("content-type", Some(CONTENT_TYPE.as_bytes())));
        let key = String::from_utf8_lossy(message.key().unwrap()).into_owned();
        let event = Envelope::from_bytes(message.payload().unwrap()).unwrap();
        found.push((message.partition(), key, event));
    }
    found
}

#[tokio::test]
async fn a_lane_is_in_one_partition_and_keeps_its_order() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let topic = own_prefix();
    let options = KafkaOptions::new(&address, &topic, PARTITIONS);
    let bus = KafkaEvents::new(KafkaOptions { patience: Duration::from_mins(1), ..options });
    let mut sent: BTreeMap<u8, Vec<Envelope>> = BTreeMap::new();
    for number in 0..200 {
        let event = event(number, number % 20, number / 20 + 1);
        sent.entry(event.lane()).or_default().push(event);
    }
    for (lane, events) in &sent {
        let (first, rest) = events.split_at(events.len() / 2);
        bus.publish(*lane, first).await.unwrap();
        bus.publish(*lane, rest).await.unwrap();
    }
    bus.check().await.unwrap();
    let name = topic.clone();
    let found = tokio::task::spawn_blocking(move || read(&address, &name, 200)).await.unwrap();
    let mut lanes: BTreeMap<u8, Vec<Envelope>> = BTreeMap::new();
    for (partition, key, event) in found {
        assert_eq!(partition, i32::from(u16::from(event.lane()) % PARTITIONS));
        assert_eq!(key, event.subject().1);
        lanes.entry(event.lane()).or_default().push(event);
    }
    assert_eq!(lanes, sent);
}

#[tokio::test]
async fn an_event_that_is_too_large_stops_nobody() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let topic = own_prefix();
    let options = KafkaOptions::new(&address, &topic, PARTITIONS);
    let patience = Duration::from_mins(1);
    let bus = KafkaEvents::new(KafkaOptions { patience, body_max: 400, ..options });
    let mut large = event(2, 1, 2);
    large.event.what = Happening::Changed { by: "x".repeat(400) };
    bus.publish(0, &[event(1, 1, 1), large, event(3, 1, 3)]).await.unwrap();
    let found = tokio::task::spawn_blocking(move || read(&address, &topic, 2)).await.unwrap();
    let found: Vec<Envelope> = found.into_iter().map(|(_, _, event)| event).collect();
    assert_eq!(found, [event(1, 1, 1), event(3, 1, 3)]);
}

/// A topic of somebody else's, which takes no message that is larger than so many bytes.
async fn small_topic(address: &str, topic: &str, bytes_max: &str) {
    let mut config = ClientConfig::new();
    let admin: AdminClient<_> = config.set("bootstrap.servers", address).create().unwrap();
    let new = NewTopic::new(topic, i32::from(PARTITIONS), TopicReplication::Fixed(1));
    let new = new.set("max.message.bytes", bytes_max);
    let made = admin.create_topics([&new], &AdminOptions::new()).await.unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

#[tokio::test]
async fn a_topic_that_takes_no_batch_takes_its_events_alone_but_the_one_that_is_too_large() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let topic = own_prefix();
    small_topic(&address, &topic, "1200").await;
    let options = KafkaOptions::new(&address, &topic, PARTITIONS);
    let bus = KafkaEvents::new(KafkaOptions { patience: Duration::from_mins(1), ..options });
    // Not to be compressed to nothing.
    let noise = |seed: u64| {
        let word =
            |at: u64| format!("{:016x}", (seed * 1_000 + at).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (1..200).map(word).collect::<String>()
    };
    let mut events: Vec<Envelope> = (1..=40).map(|number| event(number, 1, number)).collect();
    events[20].event.what = Happening::Changed { by: noise(7) };
    bus.publish(0, &events).await.unwrap();
    let found = tokio::task::spawn_blocking(move || read(&address, &topic, 39)).await.unwrap();
    let found: Vec<u64> = found.into_iter().map(|(_, _, event)| event.number).collect();
    let wanted: Vec<u64> = (1..=40).filter(|number| *number != 21).collect();
    assert_eq!(found, wanted, "each once, in their order");
}

#[tokio::test]
async fn a_broker_that_is_away_is_trouble() {
    let options = KafkaOptions::new("127.0.0.1:1", "nobody", PARTITIONS);
    let bus = KafkaEvents::new(KafkaOptions { patience: Duration::from_secs(1), ..options });
    let trouble = bus.publish(0, &[event(1, 1, 1)]).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Unavailable);
}
