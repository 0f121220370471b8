//! Hands jobs over, and says so only when all copies have them.

use crate::options::{KafkaOptions, trouble};
use admitone_app::{Trouble, TroubleKind};
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::future_producer::Delivery;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const OPERATION: &str = "publish to Kafka";

/// A message with its way.
pub(crate) struct Message<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) key: String,
    /// None takes back what has this key.
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What the client says by itself goes to the log.
pub(crate) struct Log;

impl ClientContext for Log {
    fn log(&self, _level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "Kafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // Who reads to the end of a topic wants to hear of it, and it is no error.
        if error != KafkaError::Global(RDKafkaErrorCode::PartitionEOF) {
            tracing::warn!(%error, reason, "Kafka");
        }
    }
}

impl ConsumerContext for Log {}

type Client = FutureProducer<Log>;

/// Hands jobs over.
pub(crate) struct Producer {
    options: Arc<KafkaOptions>,
    client: Mutex<Option<Client>>,
}

impl Producer {
    pub(crate) fn new(options: Arc<KafkaOptions>) -> Self {
        Self { options, client: Mutex::default() }
    }

    /// The client in use; another where that one can say nothing any more.
    pub(crate) fn client(&self) -> Result<Client, Trouble> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = client.as_ref().filter(|one| one.client().fatal_error().is_none()) {
            return Ok(client.clone());
        }
        let made: Client = self
            .options
            .producer()
            .create_with_context(Log)
            .map_err(|error| trouble(OPERATION, &error))?;
        *client = Some(made.clone());
        Ok(made)
    }

    /// Hands messages over in their order; a result for each.
    pub(crate) async fn publish(&self, messages: &[Message<'_>]) -> Vec<Result<(), Trouble>> {
        let client = match self.client() {
            Ok(client) => client,
            Err(trouble) => return messages.iter().map(|_| Err(trouble.clone())).collect(),
        };
        // All are queued before the first is waited for: they travel together.
        let sent: Vec<_> = messages.iter().map(|message| self.send(&client, message)).collect();
        let mut results = Vec::with_capacity(sent.len());
        for delivery in sent {
            results.push(match delivery {
                Ok(delivery) => self.confirmed(delivery).await,
                Err(trouble) => Err(trouble),
            });
        }
        results
    }

    fn send(&self, client: &Client, message: &Message<'_>) -> Result<DeliveryFuture, Trouble> {
        let size = message.body.map_or(0, <[u8]>::len);
        if size > self.options.body_max {
            let detail = format!("{size} bytes are too many");
            return Err(Trouble::new(TroubleKind::Inconsistent, OPERATION, detail));
        }
        let mut headers = OwnedHeaders::new();
        for (name, value) in &message.headers {
            headers = headers.insert(Header { key: name, value: Some(value) });
        }
        let mut record = FutureRecord::<str, [u8]>::to(message.topic)
            .partition(message.partition)
            .key(&message.key)
            .headers(headers);
        record.payload = message.body;
        client.send_result(record).map_err(|(error, _)| trouble(OPERATION, &error))
    }

    async fn confirmed(&self, delivery: DeliveryFuture) -> Result<(), Trouble> {
        // The client gives up by itself: this is for the case that it does not.
        let patience = self.options.patience + Duration::from_secs(1);
        let unknown = |detail: &str| Trouble::new(TroubleKind::Unavailable, OPERATION, detail);
        match tokio::time::timeout(patience, delivery).await {
            Ok(Ok(Ok(Delivery { .. }))) => Ok(()),
            Ok(Ok(Err((error, _)))) => Err(trouble(OPERATION, &error)),
            Ok(Err(_)) => Err(unknown("the client ended")),
            Err(_) => Err(unknown("no answer")),
        }
    }
}
