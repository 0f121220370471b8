//! Events on an exchange: each under its type as the key, so that who binds a queue says what of it
//! he wants. What no queue takes is nobody's, and is no trouble.
//!
//! A lane has one call at a time and a call one channel, so a queue has the events of a thing in
//! their order; after trouble some of them stand there twice.

use crate::options::RabbitOptions;
use crate::publisher::{Message, Publisher};
use crate::topology::Topology;
use admitone_app::events::{CONTENT_TYPE, Envelope, too_large};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::event_bus::EventBus;
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use std::sync::Arc;

/// Publishes events to a topic exchange.
pub struct RabbitEvents {
    exchange: String,
    publisher: Publisher,
}

impl RabbitEvents {
    /// By options, whose name is that of the exchange. The broker need not be there yet: a call
    /// says so.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(options: RabbitOptions, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let exchange = options.name.clone();
        let publisher = Publisher::new(Arc::new(options), Topology::Events, clock)?;
        Ok(Self { exchange, publisher })
    }
}

#[async_trait]
impl EventBus for RabbitEvents {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    async fn publish(&self, _lane: u8, events: &[Envelope]) -> Result<(), Trouble> {
        let bodies: Vec<Vec<u8>> = events.iter().map(Envelope::to_bytes).collect();
        let message = |(event, body)| {
            let (event, body): (&Envelope, &Vec<u8>) = (event, body);
            Message {
                exchange: self.exchange.clone(),
                key: event.kind(),
                is_mandatory: false,
                body,
                priority: None,
                content_type: Some(CONTENT_TYPE),
                headers: Vec::new(),
            }
        };
        let messages: Vec<Message<'_>> = events.iter().zip(&bodies).map(message).collect();
        for (event, result) in events.iter().zip(self.publisher.publish(&messages).await) {
            match result {
                // It would stop its lane for ever.
                Err(trouble) if trouble.kind == TroubleKind::Inconsistent => too_large(event),
                other => other?,
            }
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.publisher.check().await
    }
}
