//! What the client of a consumer tells between messages: which partitions are its own.

use admitone_app::ports::carrier::Lane;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How far somebody had been handed out jobs of a partition who has not ended them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Handed {
    /// The last of them.
    pub(crate) last: i64,
    /// How often they had been handed out then.
    pub(crate) times: u32,
}

impl Handed {
    /// As it stands beside an offset of the group.
    pub(crate) fn text(self) -> String {
        format!("handed {} {}", self.last, self.times)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (last, times) = text.strip_prefix("handed ")?.split_once(' ')?;
        Some(Self { last: last.parse().ok()?, times: times.parse().ok()? })
    }
}

/// What became of partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    Assigned(Vec<(Lane, Option<Handed>)>),
    Revoked(Vec<Lane>),
}

/// Writes down what becomes of partitions, for the consumer to read before the next message.
pub(crate) struct Turns {
    untold: Mutex<Vec<Turn>>,
    patience: Duration,
}

impl Turns {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { untold: Mutex::default(), patience }
    }

    pub(crate) fn take(&self) -> Vec<Turn> {
        std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, turn: Turn) {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).push(turn);
    }
}

impl ClientContext for Turns {
    fn log(&self, _level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "Kafka");
    }

    fn error(&self, error: rdkafka::error::KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "Kafka");
    }
}

impl ConsumerContext for Turns {
    fn pre_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(partitions) = rebalance {
            self.note(Turn::Revoked(lanes(partitions)));
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let Rebalance::Assign(partitions) = rebalance else { return };
        let mut asked = TopicPartitionList::new();
        for partition in partitions.elements() {
            asked.add_partition(partition.topic(), partition.partition());
        }
        let known = consumer.committed_offsets(asked, self.patience).ok();
        let handed = |lane: Lane| {
            let known = known.as_ref()?.elements();
            let of_lane = known.iter().find(|known| known.partition() == i32::from(lane.0))?;
            Handed::parse(of_lane.metadata())
        };
        let lanes = lanes(partitions).into_iter().map(|lane| (lane, handed(lane)));
        self.note(Turn::Assigned(lanes.collect()));
    }
}

fn lanes(partitions: &TopicPartitionList) -> Vec<Lane> {
    let numbers = partitions.elements();
    numbers.iter().filter_map(|one| u16::try_from(one.partition()).ok()).map(Lane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_out_is_read_as_it_was_written() {
        let handed = Handed { last: 41, times: 2 };
        assert_eq!(Handed::parse(&handed.text()), Some(handed));
        for other in ["", "handed", "handed 1", "handed x 2", "somebody else's"] {
            assert_eq!(Handed::parse(other), None);
        }
    }
}
