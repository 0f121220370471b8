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

/// An event, and as it travels.
type Record<'a> = (&'a Envelope, Vec<u8>);

/// Whether the brokers will never take it as it is.
fn is_refused(trouble: &Trouble) -> bool {
    trouble.kind == TroubleKind::Inconsistent
}

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

    /// Sends events together; a result for each.
    async fn send(&self, partition: i32, records: &[Record<'_>]) -> Vec<Result<(), Trouble>> {
        let mut messages = Vec::with_capacity(records.len());
        for (event, body) in records {
            messages.push(Message {
                topic: &self.options.name,
                partition,
                key: event.subject().1,
                body: Some(body),
                headers: vec![("content-type", CONTENT_TYPE.to_owned())],
            });
        }
        self.producer.publish(&messages).await
    }

    /// What travels together is refused together: a topic whose largest message is smaller than a
    /// batch takes each of its events alone. What is refused alone would stop its lane for ever.
    async fn one_by_one(&self, partition: i32, records: &[Record<'_>]) -> Result<(), Trouble> {
        for record in records {
            for result in self.send(partition, std::slice::from_ref(record)).await {
                match result {
                    Err(trouble) if is_refused(&trouble) => too_large(record.0),
                    other => other?,
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl EventBus for KafkaEvents {
    fn name(&self) -> &'static str {
        "kafka"
    }

    async fn publish(&self, lane: u8, events: &[Envelope]) -> Result<(), Trouble> {
        let partition = i32::from(u16::from(lane) % self.partitions().await?);
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let body = event.to_bytes();
            if body.len() > self.options.body_max {
                too_large(event);
            } else {
                records.push((event, body));
            }
        }
        for (at, result) in self.send(partition, &records).await.into_iter().enumerate() {
            match result {
                Err(trouble) if is_refused(&trouble) => {
                    return self.one_by_one(partition, &records[at..]).await;
                }
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
