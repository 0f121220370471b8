//! What was put away: a topic with a key for each job, from which the last word about a key counts.
//! A job that is retried or thrown away is taken back by a word without a body.

use crate::options::{KafkaOptions, blocking};
use crate::producer::Log;
use admitone_app::Trouble;
use admitone_app::ports::queues::{JobState, Lying};
use admitone_domain::Moment;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A look at a topic ends after so long without a message, whatever is missing.
pub(crate) const SILENCE: Duration = Duration::from_secs(5);

/// What lies there, the oldest first, each with the lane by which it came.
pub(crate) async fn read(options: &Arc<KafkaOptions>) -> Result<Vec<(u16, Lying)>, Trouble> {
    let options = Arc::clone(options);
    blocking("look at what was put away", move || {
        let mut lying: BTreeMap<String, (i64, u16, Lying)> = BTreeMap::new();
        each(&options, &options.dead(), (0, Offset::Beginning), |message| {
            let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
            if message.payload().is_none() {
                lying.remove(&key);
            } else {
                let lane = header(message, "lane").and_then(|text| text.parse().ok());
                let one = put_away(key.clone(), message);
                lying.insert(key, (message.offset(), lane.unwrap_or(0), one));
            }
            true
        })?;
        let mut lying: Vec<_> = lying.into_values().collect();
        lying.sort_by_key(|(offset, _, _)| *offset);
        Ok(lying.into_iter().map(|(_, lane, one)| (lane, one)).collect())
    })
    .await
}

fn put_away(id: String, message: &BorrowedMessage<'_>) -> Lying {
    let attempts = header(message, "attempts").and_then(|text| text.parse().ok());
    Lying {
        id,
        attempts: attempts.unwrap_or(0),
        reason: header(message, "reason"),
        ..lying(message, JobState::Dead)
    }
}

/// A message as it lies in a topic.
pub(crate) fn lying(message: &BorrowedMessage<'_>, state: JobState) -> Lying {
    Lying {
        id: format!("{}-{}", message.partition(), message.offset()),
        state,
        body: message.payload().unwrap_or_default().to_vec(),
        attempts: 0,
        reason: None,
        consumer: None,
        since: message.timestamp().to_millis().map(|ms| Moment(ms.saturating_mul(1000))),
    }
}

fn header(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let headers = message.headers()?;
    let found = headers.iter().find(|header| header.key == name)?;
    Some(String::from_utf8_lossy(found.value.unwrap_or_default()).into_owned())
}

/// Shows each message of a partition from an offset on, up to its end, as long as it is wanted.
pub(crate) fn each(
    options: &KafkaOptions,
    topic: &str,
    (partition, from): (i32, Offset),
    mut look: impl FnMut(&BorrowedMessage<'_>) -> bool,
) -> KafkaResult<()> {
    // A client must name a group even where it is told its partition and says nothing to the group.
    let group = format!("{}.look", options.name);
    let mut config = options.consumer();
    config.set("group.id", group).set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Log> = config.create_with_context(Log)?;
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, partition, from)?;
    consumer.assign(&place)?;
    while let Some(message) = consumer.poll(SILENCE) {
        match message {
            Ok(message) if look(&message) => {}
            Ok(_) | Err(KafkaError::PartitionEOF(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Err(KafkaError::MessageConsumption(rdkafka::error::RDKafkaErrorCode::OperationTimedOut))
}
