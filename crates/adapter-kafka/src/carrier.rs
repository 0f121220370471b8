//! The carrier: who hands over and who consumes.

use crate::consumer::KafkaConsumer;
use crate::options::{KafkaOptions, blocking};
use crate::producer::{Message, Producer};
use crate::topics;
use admitone_app::Trouble;
use admitone_app::ports::carrier::{Abilities, Carrier, Consumer, Outgoing};
use admitone_app::ports::clock::Clock;
use async_trait::async_trait;
use rdkafka::producer::Producer as _;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Carries jobs through Kafka.
pub struct KafkaCarrier {
    pub(crate) options: Arc<KafkaOptions>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) producer: Arc<Producer>,
    /// Set once the topics are there.
    topics: OnceCell<()>,
}

impl KafkaCarrier {
    /// A carrier by its options. The brokers need not be there yet: a call says so.
    pub fn new(options: KafkaOptions, clock: Arc<dyn Clock>) -> Self {
        let options = Arc::new(options);
        let producer = Arc::new(Producer::new(Arc::clone(&options)));
        Self { options, clock, producer, topics: OnceCell::new() }
    }

    pub(crate) async fn has_topics(&self) -> Result<(), Trouble> {
        self.topics.get_or_try_init(|| topics::ensure(&self.options)).await.copied()
    }
}

#[async_trait]
impl Carrier for KafkaCarrier {
    fn abilities(&self) -> Abilities {
        self.options.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        if let Err(trouble) = self.has_topics().await {
            return jobs.iter().map(|_| Err(trouble.clone())).collect();
        }
        let topic = self.options.topic();
        let message = |job| {
            let Outgoing { body, lane, .. }: &Outgoing = job;
            Message {
                topic: &topic,
                partition: i32::from(lane.0),
                key: lane.0.to_string(),
                body: Some(body),
                headers: Vec::new(),
            }
        };
        let messages: Vec<Message<'_>> = jobs.iter().map(message).collect();
        self.producer.publish(&messages).await
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        self.has_topics().await?;
        let (options, clock) = (Arc::clone(&self.options), Arc::clone(&self.clock));
        Ok(Box::new(KafkaConsumer::open(options, clock, Arc::clone(&self.producer))?))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.has_topics().await?;
        let (client, topic) = (self.producer.client()?, self.options.topic());
        let patience = self.options.patience;
        blocking("look at the topics of Kafka", move || {
            client.client().fetch_metadata(Some(topic.as_str()), patience).map(|_| ())
        })
        .await
    }
}
