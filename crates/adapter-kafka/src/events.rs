//! Events in a topic: each lane in one partition, so that the events of a thing stand there in their
//! order; after trouble some of them stand there twice.

use crate::options::{KafkaOptions, blocking};
use crate::producer::{Message, Producer};
use crate::topics;
use admitone_app::events::{CONTENT_TYPE, Envelope, too_large};
use admitone_app::ports::event_bus::EventBus;
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use rdkafka::producer::Producer as _;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Publishes events to a topic.
pub struct KafkaEvents {
    options: Arc<KafkaOptions>,
    producer: Producer,
    /// How many the topic has, once that is known.
    partitions: OnceCell<u16>,
}

impl KafkaEvents {
    /// By options, whose name is that of the topic, and whose lanes are its partitions where it is
    /// not there yet. The brokers need not be there yet: a call says so.
    pub fn new(options: KafkaOptions) -> Self {
        let options = Arc::new(options);
        let producer = Producer::new(Arc::clone(&options));
        Self { options, producer, partitions: OnceCell::new() }
    }

    async fn partitions(&self) -> Result<u16, Trouble> {
        self.partitions.get_or_try_init(|| topics::ensure_events(&self.options)).await.copied()
    }
}

#[async_trait]
impl EventBus for KafkaEvents {
    fn name(&self) -> &'static str {
        "kafka"
    }

    async fn publish(&self, lane: u8, events: &[Envelope]) -> Result<(), Trouble> {
        let partition = i32::from(u16::from(lane) % self.partitions().await?);
        let bodies: Vec<Vec<u8>> = events.iter().map(Envelope::to_bytes).collect();
        let message = |(event, body)| {
            let (event, body): (&Envelope, &Vec<u8>) = (event, body);
            Message {
                topic: &self.options.name,
                partition,
                key: event.subject().1,
                body: Some(body),
                headers: vec![("content-type", CONTENT_TYPE.to_owned())],
            }
        };
        let messages: Vec<Message<'_>> = events.iter().zip(&bodies).map(message).collect();
        for (event, result) in events.iter().zip(self.producer.publish(&messages).await) {
            match result {
                // It would stop its lane for ever.
                Err(trouble) if trouble.kind == TroubleKind::Inconsistent => too_large(event),
                other => other?,
            }
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.partitions().await?;
        let (client, topic) = (self.producer.client()?, self.options.name.clone());
        let patience = self.options.patience;
        blocking("look at the topic of events", move || {
            client.client().fetch_metadata(Some(topic.as_str()), patience).map(|_| ())
        })
        .await
    }
}
