//! RabbitMQ beside the store.

use admitone_adapter_rabbitmq::QueueKind;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// Where RabbitMQ is, and how it keeps queues.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RabbitmqConfiguration {
    pub(crate) server: String,
    #[serde(deserialize_with = "kind")]
    pub(crate) queues: QueueKind,
    /// Zero: one queue that all consumers take from.
    pub(crate) lanes: u16,
    pub(crate) prefetch: u16,
    /// So many of one worker where a lock keeps them apart.
    pub(crate) consumers: u16,
    pub(crate) length_max: u32,
    /// The exchange to which events are published; none when it is empty.
    pub(crate) events: String,
}

impl Default for RabbitmqConfiguration {
    fn default() -> Self {
        Self {
            server: String::new(),
            queues: QueueKind::Quorum,
            lanes: 0,
            prefetch: 1,
            consumers: 6,
            length_max: 100_000,
            events: String::new(),
        }
    }
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<QueueKind, D::Error> {
    let text = String::deserialize(deserializer)?;
    let kinds = [QueueKind::Quorum, QueueKind::Classic];
    kinds
        .into_iter()
        .find(|kind| kind.name() == text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is neither `quorum` nor `classic`")))
}
