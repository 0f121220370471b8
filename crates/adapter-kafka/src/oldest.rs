//! When the oldest job came that nobody has ended: the first of each lane is looked at.

use crate::dead::SILENCE;
use crate::options::KafkaOptions;
use crate::producer::Log;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeSet;

/// In milliseconds since 1970, as the broker or who handed it over noted it; none where nothing lies.
/// `firsts` are lanes, each with the offset of its first job.
pub(crate) fn oldest_ms(options: &KafkaOptions, firsts: &[(u16, i64)]) -> KafkaResult<Option<i64>> {
    if firsts.is_empty() {
        return Ok(None);
    }
    let topic = options.topic();
    let mut config = options.consumer();
    config.set("group.id", format!("{}.look", options.name)).set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Log> = config.create_with_context(Log)?;
    let mut places = TopicPartitionList::new();
    for (lane, first) in firsts {
        places.add_partition_offset(&topic, i32::from(*lane), Offset::Offset(*first))?;
    }
    consumer.assign(&places)?;
    let mut left: BTreeSet<i32> = firsts.iter().map(|(lane, _)| i32::from(*lane)).collect();
    let mut oldest: Option<i64> = None;
    while !left.is_empty() {
        match consumer.poll(SILENCE) {
            Some(Ok(message)) if left.remove(&message.partition()) => {
                let came = message.timestamp().to_millis();
                oldest = [oldest, came].into_iter().flatten().min();
            }
            // The second of a lane.
            Some(Ok(_)) => {}
            // Somebody has ended it meanwhile, and it is gone.
            Some(Err(KafkaError::PartitionEOF(lane))) => drop(left.remove(&lane)),
            Some(Err(error)) => return Err(error),
            // What does not answer is left out.
            None => break,
        }
    }
    Ok(oldest)
}
