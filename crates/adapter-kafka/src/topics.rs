//! The topics of a carrier, made by whoever comes first. A topic with other partitions is said: its
//! keys would be in other lanes.

use crate::options::{KafkaOptions, blocking, trouble};
use admitone_app::{Trouble, TroubleKind};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use std::sync::Arc;

const OPERATION: &str = "make the topics of Kafka";

/// As many copies as the broker thinks right.
const COPIES: TopicReplication<'static> = TopicReplication::Fixed(-1);

/// Makes the topics where they are missing.
pub(crate) async fn ensure(options: &Arc<KafkaOptions>) -> Result<(), Trouble> {
    let config: ClientConfig = options.client();
    let admin: AdminClient<DefaultClientContext> =
        config.create().map_err(|error| trouble(OPERATION, &error))?;
    let (jobs, dead) = (options.topic(), options.dead());
    let topics = [
        NewTopic::new(&jobs, i32::from(options.lanes), COPIES),
        // What is put away is kept until somebody has looked, by its key.
        NewTopic::new(&dead, 1, COPIES).set("cleanup.policy", "compact"),
    ];
    let patience = AdminOptions::new()
        .operation_timeout(Some(options.patience))
        .request_timeout(Some(options.patience));
    let made = admin.create_topics(&topics, &patience).await;
    for result in made.map_err(|error| trouble(OPERATION, &error))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => {
                let detail = format!("{topic}: {code}");
                return Err(Trouble::new(TroubleKind::Unavailable, OPERATION, detail));
            }
        }
    }
    let (patience, wanted) = (options.patience, usize::from(options.lanes));
    let metadata = blocking(OPERATION, move || {
        admin.inner().fetch_metadata(Some(jobs.as_str()), patience).map(|metadata| {
            metadata.topics().iter().map(|topic| topic.partitions().len()).sum::<usize>()
        })
    });
    let partitions = metadata.await?;
    // A topic that has just been made may not be known everywhere yet.
    if partitions == wanted || partitions == 0 {
        return Ok(());
    }
    let detail = format!("{} has {partitions} partitions, not {wanted}", options.topic());
    Err(Trouble::new(TroubleKind::Inconsistent, OPERATION, detail))
}
