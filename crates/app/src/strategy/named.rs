//! The strategies that have a name.

use super::DeliveryKind::{Channel, Direct, Jobs, Kafka, KafkaBatch, RabbitMq};
use super::LockKind::{None, PubSub, Redlock, Simple, Spin};
use super::{DeliveryKind, LockKind, Strategy};
use crate::ports::store::Mode;
use crate::ports::store::Mode::{Conditional, Optimistic, Pessimistic, Plain, Serializable};

/// A strategy with a name.
#[derive(Debug, Clone, Copy)]
pub struct Named {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub strategy: Strategy,
    /// What it is for.
    pub meaning: &'static str,
}

const fn named(
    name: &'static str,
    axes: (DeliveryKind, LockKind, Mode),
    meaning: &'static str,
) -> Named {
    Named { name, strategy: Strategy::new(axes.0, axes.1, axes.2), meaning }
}

/// All of them.
pub const NAMED: [Named; 16] = [
    named(
        "unsafe",
        (Direct, None, Plain),
        "The control: it must oversell, or no test here proves anything.",
    ),
    named(
        "simple-lock",
        (Direct, Simple, Plain),
        "A lock in the process, looked at again after pauses, the shorter the longer one has waited.",
    ),
    named(
        "spin-lock",
        (Direct, Spin, Plain),
        "A lock in the process, looked at again at once when it may be one's turn, before that seldom.",
    ),
    named("pessimistic", (Direct, None, Pessimistic), "The load locks the rows."),
    named(
        "optimistic",
        (Direct, None, Optimistic),
        "The save demands the versions that were seen.",
    ),
    named(
        "conditional",
        (Direct, None, Conditional),
        "The save demands what must hold of each row, and adds to it.",
    ),
    named("serializable", (Direct, None, Serializable), "The store's own isolation."),
    named(
        "pubsub-lock",
        (Direct, PubSub, Plain),
        "A lock in Redis that wakes who waits by a message.",
    ),
    named("redlock", (Direct, Redlock, Plain), "A lock on a majority of independent Redis nodes."),
    named("double-lock", (Direct, Redlock, Pessimistic), "Redlock, and the rows locked too."),
    named("job-queue", (Jobs, None, Optimistic), "Workers take commands from a queue in Redis."),
    named(
        "rabbitmq-lock",
        (RabbitMq, Redlock, Plain),
        "Consumers of a RabbitMQ queue, one command each, under Redlock.",
    ),
    named(
        "kafka",
        (Kafka, None, Plain),
        "A lane of Kafka for each key: one after the other. What writes stock and wallet is taken apart.",
    ),
    named(
        "kafka-batch",
        (KafkaBatch, Redlock, Plain),
        "Several consumers of Kafka, in batches, under Redlock.",
    ),
    named(
        "single-writer",
        (Channel, None, Plain),
        "One writer in one process, in batches: the default on the embedded store, and its only one.",
    ),
    named(
        "batched",
        (Channel, None, Conditional),
        "One writer in each process, in batches: the default on shared stores.",
    ),
];

/// All names, for whoever mistyped one.
pub(super) fn names() -> String {
    NAMED.map(|named| format!("`{}`", named.name)).join(", ")
}
