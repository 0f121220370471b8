//! Where events go, and who takes them.

use crate::Trouble;
use crate::events::Envelope;
use async_trait::async_trait;

/// Publishes events to others: topics of Kafka, exchanges of RabbitMQ, consumers of our own.
///
/// At least once: a relay that is killed before it has written down what was published, publishes it
/// again. In order per aggregate: the events of a lane come one call after the other, and a call is
/// only made when the one before it was answered.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Its name in logs, figures and the name of its road; small letters.
    fn name(&self) -> &'static str;

    /// Publishes events of one lane in this order; answers when all of them are confirmed. On
    /// trouble nobody knows which arrived, and all of them are published again. What can never be
    /// published (too large, say) must be told elsewhere and answered well: it would stop its lane.
    async fn publish(&self, lane: u8, events: &[Envelope]) -> Result<(), Trouble>;

    /// Whether it can be reached, for the doctor.
    async fn check(&self) -> Result<(), Trouble>;
}

/// Takes events of this house.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Its name; it stands in the ids of what it does, so it never changes.
    fn name(&self) -> &'static str;

    /// Takes events, those of one aggregate in their order, each perhaps more than once: what it
    /// does of an event must be under [`Envelope::command`], or behind an inbox. It answers well
    /// when what it did is durable; on trouble all of them come again.
    async fn take(&self, events: &[Envelope]) -> Result<(), Trouble>;
}
