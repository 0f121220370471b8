//! The road to a bus: everything of a lane at once, until it is confirmed.

use super::{Carrier, Envelope, Fate, Intake, Parcel};
use crate::Trouble;
use crate::ports::event_bus::EventBus;
use async_trait::async_trait;
use std::sync::Arc;

/// What is published, as it is called.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// An event that is too large for a broker is told to the log: it would stop its lane for ever.
pub fn too_large(event: &Envelope) {
    metrics::counter!("admitone_events_passed_over_total", "why" => "too_large").increment(1);
    tracing::error!(event = event.id(), kind = event.kind(), "an event is too large for the bus");
}

/// Publishes what it is given to a bus.
pub struct BusCarrier(pub Arc<dyn EventBus>);

#[async_trait]
impl Carrier for BusCarrier {
    async fn carry(&self, lane: u8, parcels: Vec<Parcel>) -> Result<Vec<Fate>, Trouble> {
        let events: Vec<Envelope> = parcels.into_iter().map(|parcel| parcel.envelope).collect();
        self.0.publish(lane, &events).await?;
        Ok(vec![Fate::Done; events.len()])
    }
}

/// The bus of a house without a broker, and the road of consumers that need none: they are called,
/// with the same promises.
pub struct InProcess {
    /// The name of the road.
    pub name: &'static str,
    /// Who is called.
    pub intake: Intake,
}

#[async_trait]
impl EventBus for InProcess {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn publish(&self, _lane: u8, events: &[Envelope]) -> Result<(), Trouble> {
        self.intake.hand(events).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
