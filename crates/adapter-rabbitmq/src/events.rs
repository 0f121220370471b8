//! Events on an exchange: each under its type as the key, so that who binds a queue says what of it
//! he wants. What no queue takes is nobody's, and is no trouble.
//!
//! A lane has one call at a time, and of one thing the next event is published when the one before is confirmed. So a
//! queue has the events of a thing in their order; after trouble some of them stand there twice, and none before one that it follows.

use crate::options::RabbitOptions;
use crate::publisher::{Message, Publisher};
use crate::topology::Topology;
use admitone_app::Trouble;
use admitone_app::events::{CONTENT_TYPE, Envelope, too_large};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::event_bus::EventBus;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;

/// Publishes events to a topic exchange.
pub struct RabbitEvents {
    exchange: String,
    body_max: usize,
    publisher: Publisher,
}

impl RabbitEvents {
    /// By options, whose name is that of the exchange. The broker need not be there yet: a call
    /// says so.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(options: RabbitOptions, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let (exchange, body_max) = (options.name.clone(), options.body_max);
        let publisher = Publisher::new(Arc::new(options), Topology::Events, clock)?;
        Ok(Self { exchange, body_max, publisher })
    }

    /// Publishes events of different things, all at once. Whatever the broker refuses comes again: what can never be
    /// published is known by its size alone, before it is asked.
    async fn publish_wave(&self, wave: &[&Envelope]) -> Result<(), Trouble> {
        let bodies: Vec<Vec<u8>> = wave.iter().map(|event| event.to_bytes()).collect();
        let mut messages = Vec::with_capacity(wave.len());
        for (event, body) in wave.iter().zip(&bodies) {
            if body.len() > self.body_max {
                too_large(event);
                continue;
            }
            messages.push(Message {
                exchange: self.exchange.clone(),
                key: event.kind(),
                is_mandatory: false,
                body,
                priority: None,
                content_type: Some(CONTENT_TYPE),
                headers: Vec::new(),
            });
        }
        self.publisher.publish(&messages).await.into_iter().collect()
    }
}

/// The first event of each thing, then the second, and so on: the broker may take the second of two that are on their
/// way together, and refuse the first.
fn waves(events: &[Envelope]) -> Vec<Vec<&Envelope>> {
    let (mut waves, mut before) = (Vec::<Vec<_>>::new(), HashMap::<_, usize>::new());
    for event in events {
        let number = before.entry(event.event.aggregate).or_default();
        if *number == waves.len() {
            waves.push(Vec::new());
        }
        waves[*number].push(event);
        *number += 1;
    }
    waves
}

#[async_trait]
impl EventBus for RabbitEvents {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    async fn publish(&self, _lane: u8, events: &[Envelope]) -> Result<(), Trouble> {
        for wave in waves(events) {
            self.publish_wave(&wave).await?;
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.publisher.check().await
    }
}
