//! A group that goes on from an offset, in one lane or in all; and what becomes of one that is told an
//! offset which its lane does not have.

use crate::{carrier, job, number};
use admitone_adapter_kafka::{KafkaCarrier, KafkaOptions};
use admitone_app::TroubleKind;
use admitone_app::ports::carrier::{Carrier, Lane};
use admitone_app::ports::queues::{Queues, Start};
use admitone_conformance::own_broker::{Broker, publish, take};
use admitone_conformance::redis_server::own_prefix;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::config::FromClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::sync::Arc;

const LANES: u16 = 2;

/// So many jobs, every second of them in the second lane: each lane has the offsets 0 to 4.
const JOBS: usize = 10;

/// A topic of which all jobs have ended.
async fn ended(address: &str, name: &str) -> Arc<KafkaCarrier> {
    let carrier = carrier(KafkaOptions::new(address, name, LANES));
    publish(&*carrier, (0..JOBS).map(|number| job(number, LANES.into())).collect()).await;
    assert_eq!(taken(&carrier, JOBS).await.len(), JOBS);
    assert_eq!(lag(&carrier).await, 0);
    carrier
}

/// Takes so many jobs, ends them, and leaves; by lane, in the order in which they came.
async fn taken(carrier: &KafkaCarrier, count: usize) -> Vec<usize> {
    let mut consumer = carrier.consumer().await.unwrap();
    let mut jobs = take(&mut *consumer, count).await;
    let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
    consumer.acknowledge(&tags).await.unwrap();
    consumer.leave().await;
    jobs.sort_by_key(|job| job.lane);
    jobs.iter().map(number).collect()
}

async fn lag(carrier: &KafkaCarrier) -> u64 {
    carrier.list().await.unwrap()[0].lag
}

fn at<const COUNT: usize>(places: [(u16, u64); COUNT]) -> Start {
    Start::Offsets(places.map(|(lane, offset)| (Lane(lane), offset)).into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_goes_on_at_an_offset_of_one_lane_or_of_all() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let name = own_prefix();
    let carrier = ended(&address, &name).await;
    carrier.restart(&name, at([(0, 3)])).await.unwrap();
    assert_eq!(lag(&carrier).await, 2, "the other lane stays where it was");
    assert_eq!(taken(&carrier, 2).await, [6, 8]);
    carrier.restart(&name, at([(0, 4), (1, 2)])).await.unwrap();
    assert_eq!(taken(&carrier, 4).await, [8, 5, 7, 9]);
    carrier.restart(&name, Start::Offset(3)).await.unwrap();
    assert_eq!(taken(&carrier, 4).await, [6, 8, 7, 9]);
    carrier.restart(&name, Start::Offset(1)).await.unwrap();
    carrier.restart(&name, Start::Offset(5)).await.unwrap();
    assert_eq!(lag(&carrier).await, 0, "with what comes next, in all lanes");
    publish(&*carrier, vec![job(11, LANES.into())]).await;
    assert_eq!(taken(&carrier, 1).await, [11]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_a_lane_has_not_is_refused_and_no_lane_is_moved() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let name = own_prefix();
    let carrier = ended(&address, &name).await;
    // What was deleted, as it is when it is too old.
    forget_before(&address, &name, 2).await;
    let wrong = [
        (at([(0, 6)]), "lane 0 has the offsets 2 to 5 (the next job's), and 6 is none of them"),
        (at([(0, 1)]), "lane 0 has the offsets 2 to 5 (the next job's), and 1 is none of them"),
        (at([(0, 6), (1, 0)]), "lane 0 has"),
        (at([(2, 0)]), "there is no lane 2, they are 0 to 1"),
        (Start::Offset(1), "lane 0 has the offsets 2 to 5"),
        (Start::Offset(u64::MAX), "lane 1 has the offsets 0 to 5"),
    ];
    for (start, why) in wrong {
        let said = carrier.restart(&name, start.clone()).await.unwrap_err();
        assert_eq!(said.kind, TroubleKind::Inconsistent, "it is said to the operator as it is");
        let is_told = said.detail.starts_with("nothing was moved: ") && said.detail.contains(why);
        assert!(is_told, "{start:?}: {said}");
        assert_eq!(lag(&carrier).await, 0, "{start:?}");
    }
    carrier.restart(&name, at([(0, 2)])).await.unwrap();
    assert_eq!(taken(&carrier, 3).await, [4, 6, 8]);
}

/// The guard is off: somebody tells the group past the house.
#[tokio::test(flavor = "multi_thread")]
async fn told_an_offset_that_is_not_there_a_group_settles_all_of_the_lane_again() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let name = own_prefix();
    let carrier = ended(&address, &name).await;
    let mut config = config(&address);
    let client = BaseConsumer::from_config(config.set("group.id", &name)).unwrap();
    client.commit(&place(&name, 6), CommitMode::Sync).unwrap();
    assert_eq!(taken(&carrier, 5).await, [0, 2, 4, 6, 8], "all of it had ended");
}

fn config(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address);
    config
}

/// An offset of the first lane.
fn place(name: &str, offset: i64) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    let topic = format!("{name}.commands");
    list.add_partition_offset(&topic, 0, Offset::Offset(offset)).unwrap();
    list
}

/// Has the broker delete what is before an offset of the first lane.
async fn forget_before(address: &str, name: &str, offset: i64) {
    let admin = AdminClient::from_config(&config(address)).unwrap();
    let deleted = admin.delete_records(&place(name, offset), &AdminOptions::new()).await.unwrap();
    deleted.elements().iter().for_each(|one| one.error().unwrap());
}
