//! The kinds of delivery and of lock. The transaction modes stand with the store.

/// How commands come to where they are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeliveryKind {
    /// Whoever has a command settles it.
    Direct,
    /// One writer in this process, in batches.
    Channel,
    /// A queue of jobs with several workers.
    Jobs,
    /// A broker's queue with several consumers, one command at a time.
    RabbitMq,
    /// A broker's log, a lane for each key: what names the same key comes one after the other.
    Kafka,
    /// A broker's log in batches, several consumers for one key.
    KafkaBatch,
}

impl DeliveryKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Direct, Self::Channel, Self::Jobs, Self::RabbitMq, Self::Kafka, Self::KafkaBatch];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Channel => "channel",
            Self::Jobs => "jobs",
            Self::RabbitMq => "rabbitmq",
            Self::Kafka => "kafka",
            Self::KafkaBatch => "kafka-batch",
        }
    }

    /// Which commands come one after the other, never two at once.
    pub(super) fn lane(self) -> Reach {
        match self {
            Self::Direct | Self::Jobs | Self::RabbitMq | Self::KafkaBatch => Reach::Nowhere,
            Self::Channel => Reach::Process,
            Self::Kafka => Reach::Everywhere,
        }
    }
}

/// What is held around the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LockKind {
    /// Nothing.
    None,
    /// In process: a mutex for each key, in the order of arrival.
    Mutex,
    /// In process: look again, the longer one has waited the more often, a few times in a row.
    Spin,
    /// In process: look again, the longer one has waited the more often.
    Simple,
    /// Redis: who waits is woken by a message.
    PubSub,
    /// Redis: a majority of independent nodes.
    Redlock,
}

impl LockKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Mutex, Self::Spin, Self::Simple, Self::PubSub, Self::Redlock];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mutex => "mutex",
            Self::Spin => "spin",
            Self::Simple => "simple",
            Self::PubSub => "pubsub",
            Self::Redlock => "redlock",
        }
    }

    /// Whom it keeps away.
    pub fn reach(self) -> Reach {
        match self {
            Self::None => Reach::Nowhere,
            Self::Mutex | Self::Spin | Self::Simple => Reach::Process,
            Self::PubSub | Self::Redlock => Reach::Everywhere,
        }
    }
}

/// How far an exclusion reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It excludes nobody.
    Nowhere,
    /// Everybody in this process.
    Process,
    /// Everybody; it can be lost without notice, so it has a token.
    Everywhere,
}
