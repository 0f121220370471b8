//! The topics of a carrier, made by whoever comes first. A topic with other partitions is said: its
//! keys would be in other lanes.

use crate::options::{KafkaOptions, blocking, trouble};
use admitone_app::{Trouble, TroubleKind};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use std::sync::Arc;

const OPERATION: &str = "make the topics of Kafka";

/// As many copies as the broker thinks right.
const COPIES: TopicReplication<'static> = TopicReplication::Fixed(-1);

type Admin = AdminClient<DefaultClientContext>;

/// Makes the topics of a carrier where they are missing.
pub(crate) async fn ensure(options: &Arc<KafkaOptions>) -> Result<(), Trouble> {
    let (jobs, dead) = (options.topic(), options.dead());
    let topics = [
        NewTopic::new(&jobs, i32::from(options.lanes), COPIES),
        // What is put away is kept until somebody has looked, by its key.
        NewTopic::new(&dead, 1, COPIES).set("cleanup.policy", "compact"),
    ];
    let admin = make(options, &topics).await?;
    let wanted = usize::from(options.lanes);
    let found = partitions(admin, options, jobs).await?;
    // A topic that has just been made may not be known everywhere yet.
    if found == wanted || found == 0 {
        return Ok(());
    }
    let detail = format!("{} has {found} partitions, not {wanted}", options.topic());
    Err(Trouble::new(TroubleKind::Inconsistent, OPERATION, detail))
}

/// What a topic of events is like.
#[derive(Clone, Copy)]
pub(crate) struct Events {
    pub(crate) partitions: u16,
    /// What travels together is a message to it, and may not have more bytes.
    pub(crate) bytes_max: usize,
}

/// As brokers have it where nobody says otherwise; it is taken where they do not tell.
const BYTES_MAX: usize = 1_048_588;

/// Makes the topic of events where it is missing; what it is like.
pub(crate) async fn ensure_events(options: &Arc<KafkaOptions>) -> Result<Events, Trouble> {
    let topic = NewTopic::new(&options.name, i32::from(options.lanes), COPIES);
    let admin = make(options, &[topic]).await?;
    let bytes_max = bytes_max(&admin, options).await.unwrap_or(BYTES_MAX);
    let found = partitions(admin, options, options.name.clone()).await?;
    match u16::try_from(found) {
        Ok(partitions) if partitions > 0 => Ok(Events { partitions, bytes_max }),
        _ => Err(Trouble::new(TroubleKind::Unavailable, OPERATION, "it is not known yet")),
    }
}

/// The largest message that the topic takes.
async fn bytes_max(admin: &Admin, options: &KafkaOptions) -> Option<usize> {
    let topic = [ResourceSpecifier::Topic(&options.name)];
    let patience = AdminOptions::new().request_timeout(Some(options.patience));
    let told = admin.describe_configs(&topic, &patience).await.ok()?;
    let config = told.into_iter().next()?.ok()?;
    config.get("max.message.bytes")?.value.as_ref()?.parse().ok()
}

async fn make(options: &KafkaOptions, topics: &[NewTopic<'_>]) -> Result<Admin, Trouble> {
    let config: ClientConfig = options.client();
    let admin: Admin = config.create().map_err(|error| trouble(OPERATION, &error))?;
    let patience = AdminOptions::new()
        .operation_timeout(Some(options.patience))
        .request_timeout(Some(options.patience));
    let made = admin.create_topics(topics, &patience).await;
    for result in made.map_err(|error| trouble(OPERATION, &error))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                let detail = format!("{topic}: {code}");
                return Err(Trouble::new(TroubleKind::Unavailable, OPERATION, detail));
            }
        }
    }
    Ok(admin)
}

/// How many partitions a topic has; none where it is not known.
async fn partitions(admin: Admin, options: &KafkaOptions, topic: String) -> Result<usize, Trouble> {
    let patience = options.patience;
    blocking(OPERATION, move || {
        admin.inner().fetch_metadata(Some(topic.as_str()), patience).map(|metadata| {
            metadata.topics().iter().map(|topic| topic.partitions().len()).sum::<usize>()
        })
    })
    .await
}
