//! Three brokers, of which the one that leads is killed: under load everything that was confirmed is there
//! once, and what only the leader had confirmed is gone with it.

use crate::{PATIENCE, carrier, job, now, number};
use admitone_adapter_kafka::{Confirms, KafkaCarrier, KafkaOptions};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::ports::carrier::{Carrier, Consumer, Heard};
use admitone_app::ports::clock::Clock;
use admitone_conformance::own_broker::{OwnCluster, kinds, publish};
use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// So many jobs are handed over together.
const BATCH: usize = 20;
/// So many batches before the leader is killed, and after it was.
const BEFORE: usize = 20;
const AFTER: usize = 40;

fn client(address: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("group.id", "looks");
    BaseConsumer::from_config(&config).unwrap()
}

/// Who leads the only lane of a carrier, and how many copies keep up.
fn standing(address: &str, topic: &str) -> Option<(i32, usize)> {
    let known = client(address).fetch_metadata(Some(topic), Duration::from_secs(5)).ok()?;
    let partition = known.topics().first()?.partitions().first()?;
    (partition.leader() > 0).then(|| (partition.leader(), partition.isr().len()))
}

/// Who leads once all copies keep up.
fn leader(address: &str, topic: &str, copies: usize) -> i32 {
    let until = now() + PATIENCE;
    loop {
        match standing(address, topic) {
            Some((leader, keeping_up)) if keeping_up == copies => return leader,
            other => assert!(now() < until, "{topic}: {other:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One behind the last job that all have who keep up. Who has just begun to lead does not know it yet.
fn end_of(client: &BaseConsumer, topic: &str) -> i64 {
    let until = now() + PATIENCE;
    loop {
        match client.fetch_watermarks(topic, 0, Duration::from_secs(10)) {
            Ok((_, end)) => return end,
            Err(error) => assert!(now() < until, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How often each job stands in the only lane.
fn written(address: &str, topic: &str) -> BTreeMap<usize, u32> {
    let client = client(address);
    let end = end_of(&client, topic);
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    client.assign(&place).unwrap();
    let (mut found, mut next, until) = (BTreeMap::new(), 0, now() + PATIENCE);
    while next < end {
        assert!(now() < until, "{next} of {end} came");
        let Some(Ok(message)) = client.poll(Duration::from_secs(1)) else { continue };
        let text = String::from_utf8_lossy(message.payload().unwrap()).into_owned();
        *found.entry(text.parse().unwrap()).or_default() += 1;
        next = message.offset() + 1;
    }
    found
}

/// Hands so many batches over, each once; what of it was confirmed.
async fn load(carrier: &KafkaCarrier, batches: std::ops::Range<usize>) -> BTreeSet<usize> {
    let mut confirmed = BTreeSet::new();
    for batch in batches {
        let numbers = batch * BATCH..(batch + 1) * BATCH;
        let results = carrier.publish(numbers.clone().map(|number| job(number, 1)).collect()).await;
        let kept = numbers.zip(results).filter(|(_, result)| result.is_ok());
        confirmed.extend(kept.map(|(number, _)| number));
    }
    confirmed
}

/// Takes and ends jobs until all of these came.
async fn take_all(consumer: &mut dyn Consumer, wanted: &BTreeSet<usize>) {
    let (mut came, until) = (BTreeSet::new(), now() + PATIENCE);
    while !wanted.is_subset(&came) {
        assert!(now() < until, "{:?} did not come", wanted.difference(&came));
        let Ok(Heard::Jobs(jobs)) = consumer.next(200).await else { continue };
        came.extend(jobs.iter().map(number));
        let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
        let _ = consumer.acknowledge(&tags).await;
    }
}

/// One cluster for both: three brokers take a while to start.
#[tokio::test(flavor = "multi_thread")]
async fn of_three_brokers_the_leader_is_killed_and_what_all_copies_confirmed_is_there_once() {
    let Some(mut cluster) = OwnCluster::start() else { return };
    let address = cluster.address();
    leader_killed_under_load(&mut cluster, &address).await;
    confirmed_by_the_leader_alone_it_is_lost(&mut cluster, &address).await;
}

async fn leader_killed_under_load(cluster: &mut OwnCluster, address: &str) {
    let topic = "kept.commands";
    let patience = Duration::from_secs(30);
    let kept = carrier(KafkaOptions { patience, ..KafkaOptions::new(address, "kept", 1) });
    publish(&*kept, vec![job(1_000_000, 1)]).await;
    let killed = leader(address, topic, 3);
    let mut consumer = kept.consumer().await.unwrap();
    let before = load(&kept, 0..BEFORE).await;
    let (during, ()) = tokio::join!(load(&kept, BEFORE..BEFORE + AFTER), async {
        cluster.kill(killed);
    });
    let confirmed: BTreeSet<usize> = before.union(&during).copied().collect();
    let next = leader(address, topic, 2);
    assert!(next != killed && during.len() > AFTER * BATCH / 2, "{} after it", during.len());
    let written = written(address, topic);
    let lost: Vec<_> = confirmed.iter().filter(|one| !written.contains_key(one)).collect();
    assert!(lost.is_empty(), "lost, of {}: {lost:?}", confirmed.len());
    let twice: Vec<_> = written.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "there more than once: {twice:?}");
    take_all(consumer.as_mut(), &confirmed).await;
    consumer.leave().await;
    cluster.restart(killed);
    leader(address, topic, 3);
}

/// While the others say nothing, the leader confirms by itself, and dies.
async fn confirmed_by_the_leader_alone_it_is_lost(cluster: &mut OwnCluster, address: &str) {
    let (topic, patience) = ("hasty.commands", Duration::from_secs(2));
    let careful = KafkaOptions { patience, ..KafkaOptions::new(address, "hasty", 1) };
    let hasty = carrier(KafkaOptions { confirms: Confirms::Leader, ..careful.clone() });
    let careful = carrier(careful);
    publish(&*hasty, vec![job(1, 1)]).await;
    publish(&*careful, vec![job(2, 1)]).await;
    let led = leader(address, topic, 3);
    let others: Vec<i32> = cluster.ids().filter(|id| *id != led).collect();
    for id in &others {
        cluster.pause(*id);
    }
    // What they had asked the leader for is answered by then, with nothing.
    SystemClock::default().sleep_ms(1_500).await;
    assert_eq!(kinds(&hasty.publish(vec![job(3, 1)]).await), [None], "it is said to be there");
    let results = careful.publish(vec![job(4, 1)]).await;
    assert_eq!(kinds(&results), [Some(TroubleKind::Unavailable)], "it is not known");
    cluster.kill(led);
    for id in others {
        cluster.resume(id);
    }
    assert_ne!(leader(address, topic, 2), led);
    let written: Vec<usize> = written(address, topic).into_keys().collect();
    assert_eq!(written, [1, 2], "and three is lost");
}
