//! Kafka beside the store.

use serde::Deserialize;

/// Where Kafka is, and how it carries commands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct KafkaConfiguration {
    /// Brokers, separated by commas.
    pub(crate) servers: String,
    /// So many lanes, each a partition.
    pub(crate) lanes: u16,
    /// The topic to which events are published; none when it is empty.
    pub(crate) events: String,
}

impl Default for KafkaConfiguration {
    fn default() -> Self {
        Self { servers: String::new(), lanes: 16, events: String::new() }
    }
}
