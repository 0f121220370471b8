//! What can be set, and what follows for the client.

use admitone_app::ports::carrier::Abilities;
use admitone_app::{Trouble, TroubleKind};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::time::Duration;

/// So often the heart of a consumer beats before it would be presumed dead.
const HEARTBEATS: u32 = 30;

/// Whose word says that a job is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirms {
    /// That of every copy that keeps up.
    AllCopies,
    /// That of the leader alone, which may die before anybody else has it: only a test wants that.
    Leader,
    /// Nobody's. Jobs are lost: only a test wants that.
    Nobody,
}

impl Confirms {
    fn acks(self) -> &'static str {
        match self {
            Self::AllCopies => "all",
            Self::Leader => "1",
            Self::Nobody => "0",
        }
    }
}

/// What can be set of a carrier.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// Where brokers are: `HOST:PORT`, several with commas between them.
    pub address: String,
    /// What the names of its topics and of its group begin with.
    pub name: String,
    /// What operators call it.
    pub title: String,
    /// So many lanes, each a partition.
    pub lanes: u16,
    /// The largest job, in bytes.
    pub body_max: usize,
    /// A consumer from which nothing is heard so long is presumed dead, in milliseconds.
    pub session_ms: u32,
    /// Whose word is waited for.
    pub confirms: Confirms,
    /// No call takes longer.
    pub patience: Duration,
}

impl KafkaOptions {
    /// The usual ones.
    pub fn new(address: &str, name: &str, lanes: u16) -> Self {
        Self {
            address: address.to_owned(),
            name: name.to_owned(),
            title: name.to_owned(),
            lanes: lanes.max(1),
            body_max: 900_000,
            session_ms: 6_000,
            confirms: Confirms::AllCopies,
            patience: Duration::from_secs(10),
        }
    }

    pub(crate) fn abilities(&self) -> Abilities {
        Abilities {
            lanes: Some(self.lanes),
            has_urgency: false,
            has_delay: false,
            body_max: self.body_max,
        }
    }

    /// The topic of jobs.
    pub(crate) fn topic(&self) -> String {
        format!("{}.commands", self.name)
    }

    /// The topic of what was put away.
    pub(crate) fn dead(&self) -> String {
        format!("{}.dead", self.name)
    }

    /// What every client needs.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.address)
            .set("client.id", "admitone")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "2000")
            .set("topic.metadata.propagation.max.ms", "5000")
            .set_log_level(RDKafkaLogLevel::Warning);
        config
    }

    /// Confirmed by all copies, in order, none twice.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", (self.confirms == Confirms::AllCopies).to_string())
            .set("acks", self.confirms.acks())
            // Jobs come in batches already: nothing is won by waiting for more.
            .set("linger.ms", "0")
            .set("message.timeout.ms", self.patience.as_millis().to_string());
        config
    }

    /// One of the group; it says itself how far it is, and gives up only the partitions that
    /// others get. It hears with its next heartbeat that somebody came or went, and what one gave up is
    /// nobody's until another has heard of it: so its heart beats faster than being alive asks for.
    pub(crate) fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", &self.name)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", self.session_ms.to_string())
            .set("heartbeat.interval.ms", (self.session_ms / HEARTBEATS).to_string())
            .set("fetch.wait.max.ms", "100");
        config
    }
}

/// What the client says went wrong.
pub(crate) fn trouble(operation: &'static str, error: &KafkaError) -> Trouble {
    let kind = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => TroubleKind::Busy,
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidArgument) => {
            TroubleKind::Inconsistent
        }
        _ => TroubleKind::Unavailable,
    };
    Trouble::new(kind, operation, error)
}

/// Runs what waits without giving way, beside those that must not wait.
pub(crate) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    call: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, Trouble> {
    let called = tokio::task::spawn_blocking(call).await;
    let ended = |error| Trouble::new(TroubleKind::Unavailable, operation, error);
    called.map_err(ended)?.map_err(|error| trouble(operation, &error))
}
