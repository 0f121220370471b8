//! Events in a topic: each lane in one partition, so that the events of a thing stand there in their
//! order; after trouble some of them stand there twice.

use crate::options::{KafkaOptions, blocking};
use crate::producer::{Message, Producer};
use crate::topics::{self, Events};
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

/// What a record has besides its key and its body, at most.
const AROUND: usize = 200;

/// So many of them fit into one message; one at least, which is then too large. What travels in two
/// could be refused in its first half and taken in its second, in another order.
fn that_fit(records: &[Record<'_>], bytes_max: usize) -> usize {
    let mut room = bytes_max.saturating_sub(AROUND);
    let fits = |(event, body): &&Record<'_>| {
        let left = room.checked_sub(event.subject().1.len() + body.len() + AROUND);
        left.map(|left| room = left).is_some()
    };
    records.iter().take_while(fits).count().max(1)
}

/// Publishes events to a topic.
pub struct KafkaEvents {
    options: Arc<KafkaOptions>,
    producer: Producer,
    /// What the topic is like, once that is known.
    topic: OnceCell<Events>,
}

impl KafkaEvents {
    /// By options, whose name is that of the topic, and whose lanes are its partitions where it is
    /// not there yet. The brokers need not be there yet: a call says so.
    pub fn new(options: KafkaOptions) -> Self {
        let options = Arc::new(options);
        let producer = Producer::new(Arc::clone(&options));
        Self { options, producer, topic: OnceCell::new() }
    }

    async fn topic(&self) -> Result<Events, Trouble> {
        self.topic.get_or_try_init(|| topics::ensure_events(&self.options)).await.copied()
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

    /// What travels together is refused together: it is asked for each event alone. What is refused
    /// alone would stop its lane for ever.
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
        let topic = self.topic().await?;
        let partition = i32::from(u16::from(lane) % topic.partitions);
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            let body = event.to_bytes();
            if body.len() > self.options.body_max {
                too_large(event);
            } else {
                records.push((event, body));
            }
        }
        let mut rest = &records[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(that_fit(rest, topic.bytes_max));
            for (at, result) in self.send(partition, now).await.into_iter().enumerate() {
                match result {
                    Err(trouble) if is_refused(&trouble) => {
                        self.one_by_one(partition, &now[at..]).await?;
                        break;
                    }
                    other => other?,
                }
            }
            rest = later;
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.topic().await?;
        let (client, topic) = (self.producer.client()?, self.options.name.clone());
        let patience = self.options.patience;
        blocking("look at the topic of events", move || {
            client.client().fetch_metadata(Some(topic.as_str()), patience).map(|_| ())
        })
        .await
    }
}
