//! Where what comes back from a broker is handed to our own consumers.

use super::Envelope;
use crate::Trouble;
use crate::ports::event_bus::Consumer;
use std::sync::Arc;

/// Hands published events to consumers. A broker's adapter acknowledges what it handed over when
/// this has answered well, and not before.
pub struct Intake {
    /// The store whose events these are; those of another are left behind by an earlier house.
    pub source: Arc<str>,
    /// Who takes them; each is given all of them.
    pub consumers: Vec<Arc<dyn Consumer>>,
}

impl Intake {
    /// Takes events in the order in which they came. What cannot be read stops nobody: it would
    /// never be readable.
    pub async fn take(&self, bodies: &[impl AsRef<[u8]>]) -> Result<(), Trouble> {
        let mut events = Vec::with_capacity(bodies.len());
        for body in bodies {
            match Envelope::from_bytes(body.as_ref()) {
                Ok(event) if event.source == self.source => events.push(event),
                Ok(_) => count("foreign"),
                Err(_) => count("malformed"),
            }
        }
        self.hand(&events).await
    }

    /// The same with events that were never bytes.
    pub async fn hand(&self, events: &[Envelope]) -> Result<(), Trouble> {
        for consumer in &self.consumers {
            consumer.take(events).await?;
        }
        Ok(())
    }
}

fn count(why: &'static str) {
    metrics::counter!("admitone_events_passed_over_total", "why" => why).increment(1);
    tracing::warn!(why, "a message is no event of this house and is passed over");
}
