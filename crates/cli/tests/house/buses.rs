//! Events through real brokers: two instances publish what both commit, one is killed, and a
//! consumer finds all of it in its order.

use crate::buyer::Buyer;
use crate::process::{House, serve};
use crate::shared_store::Server;
use admitone_conformance::own_broker::{Broker, OwnBroker};
use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(90);
/// Each is charged so often.
const CHARGES: u64 = 3;

/// What is read at the other end of a broker, if anything is there.
type Next<'a> = &'a mut dyn FnMut() -> Option<Value>;

#[test]
fn what_two_instances_commit_is_published_to_rabbitmq() {
    let (Some(store), Some(broker)) = (Server::Postgres.fresh(), Broker::Rabbitmq.shared()) else {
        return;
    };
    let exchange = name(&store);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let queue = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let (_connection, channel) = runtime.block_on(bound(&broker, &exchange, queue));
    let mut next = || runtime.block_on(taken(&channel, &exchange));
    let events = ("ADMITONE_RABBITMQ_EVENTS", exchange.as_str());
    publish(&["--store", &store, "--rabbitmq", &broker], events, &mut next);
}

#[test]
fn a_broker_that_was_away_is_told_what_it_missed() {
    let Some(store) = Server::Postgres.fresh() else { return };
    let Some(mut broker) = OwnBroker::start(Broker::Rabbitmq) else { return };
    let (exchange, address) = (name(&store), broker.address());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let queue = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    drop(runtime.block_on(bound(&address, &exchange, queue)));
    let directory = tempfile::tempdir().unwrap();
    let mut command = serve(directory.path(), &["--store", &store, "--rabbitmq", &address]);
    command.env("ADMITONE_RABBITMQ_EVENTS", &exchange);
    let house = House::run(command, directory.path());
    charge(&house);
    broker.kill();
    charge(&house);
    broker.restart();
    charge(&house);
    let (_connection, channel) = runtime.block_on(bound(&address, &exchange, queue));
    let told = read(&mut || runtime.block_on(taken(&channel, &exchange)), 3);
    assert!(told.values().all(|versions| versions.iter().copied().eq(1..=CHARGES)), "{told:?}");
    assert!(house.stop());
}

#[test]
fn what_two_instances_commit_is_published_to_kafka() {
    let (Some(store), Some(broker)) = (Server::Postgres.fresh(), Broker::Kafka.shared()) else {
        return;
    };
    let topic = name(&store);
    let mut consumer: Option<BaseConsumer> = None;
    let mut next = || {
        // The topic is made by whoever publishes first.
        let consumer = consumer.get_or_insert_with(|| assigned(&broker, &topic));
        let message = consumer.poll(Duration::from_millis(200))?.ok()?;
        Some(serde_json::from_slice(message.payload().unwrap()).unwrap())
    };
    let events = ("ADMITONE_KAFKA_EVENTS", topic.as_str());
    publish(&["--store", &store, "--kafka", &broker], events, &mut next);
}

/// Sells at two instances, kills one, and reads what was published.
fn publish(flags: &[&str], (variable, name): (&str, &str), next: Next<'_>) {
    let directory = tempfile::tempdir().unwrap();
    let open = |directory: &Path| {
        let mut command = serve(directory, flags);
        command.env(variable, name);
        House::run(command, directory)
    };
    let (first, second) = (open(directory.path()), open(directory.path()));
    for _ in 0..5 {
        charge(&first);
        charge(&second);
    }
    first.kill();
    for _ in 0..5 {
        charge(&second);
    }
    let told = read(next, 15);
    assert!(told.values().all(|versions| versions.iter().copied().eq(1..=CHARGES)), "{told:?}");
    assert!(second.stop());
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_admitone"));
    let doctor = doctor.arg("doctor").args(flags).env("ADMITONE_LISTEN", "127.0.0.1:0");
    let said = doctor.env(variable, name).output().unwrap().stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.lines().any(|line| line.starts_with("good  events to ")), "{said}");
}

fn charge(house: &House) {
    let mut buyer = Buyer::new(house);
    for _ in 0..CHARGES {
        let charged = buyer.post("/api/v1/wallet/charges", r#"{"amount":1}"#);
        assert_eq!(charged.status, 201, "{}", charged.body);
    }
}

/// The versions of each wallet as they came first, until so many wallets are complete.
fn read(next: Next<'_>, wallets: usize) -> BTreeMap<String, Vec<u64>> {
    let begun = Instant::now();
    let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    while told.values().map(Vec::len).sum::<usize>() < wallets * 3 {
        assert!(begun.elapsed() < PATIENCE, "not all was published: {told:?}");
        let Some(event) = next() else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        assert_eq!(event["specversion"], "1.0");
        if event["type"] != "wallet.moved" {
            continue;
        }
        let versions = told.entry(event["subject"].as_str().unwrap().to_owned()).or_default();
        let version = event["version"].as_u64().unwrap();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    told
}

/// A name that no other test has: that of the store's own place.
fn name(store: &str) -> String {
    let letters = store.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("admitone-test-{letters:016x}-{}", std::process::id())
}

/// A queue that is bound to everything about wallets, and has the name of the exchange.
async fn bound(broker: &str, exchange: &str, queue: QueueDeclareOptions) -> (Connection, Channel) {
    let connection = Connection::connect(broker, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let (name, none) = (exchange.into(), FieldTable::default());
    channel.exchange_declare(name, ExchangeKind::Topic, durable, none).await.unwrap();
    channel.queue_declare(exchange.into(), queue, FieldTable::default()).await.unwrap();
    let (from, how) = (exchange.into(), QueueBindOptions::default());
    let none = FieldTable::default();
    channel.queue_bind(exchange.into(), from, "wallet.*".into(), how, none).await.unwrap();
    (connection, channel)
}

async fn taken(channel: &Channel, queue: &str) -> Option<Value> {
    let how = BasicGetOptions { no_ack: true };
    let message = channel.basic_get(queue.into(), how).await.unwrap()?;
    Some(serde_json::from_slice(&message.delivery.data).unwrap())
}

/// A consumer of all partitions that a topic is made with.
fn assigned(broker: &str, topic: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker).set("group.id", format!("{topic}.look"));
    let consumer: BaseConsumer = config.create().unwrap();
    let mut all = TopicPartitionList::new();
    for partition in 0..16 {
        all.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&all).unwrap();
    consumer
}
