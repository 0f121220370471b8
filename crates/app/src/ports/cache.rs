//! Answers that many ask for, kept beside the store for a while. Never the truth: what is decided
//! is decided on rows, and a cache that is away or empty costs a question to the store.

use crate::Trouble;
use async_trait::async_trait;

/// Keeps bytes by name for a while, for all instances or for one.
///
/// # Behavior
/// - What was put is found until its time is over or its topic is dropped.
/// - A value that was read from the store before a topic was dropped is not kept after it: whoever
///   puts names the turn of the topic that was there when the reading began.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What is kept under a name of a topic, and which turn the topic is in.
    async fn get(&self, topic: &str, name: &str) -> Result<Cached, Trouble>;

    /// Keeps a value, unless the topic is in another turn by now.
    async fn put(&self, topic: &str, name: &str, value: &[u8], turn: u64) -> Result<(), Trouble>;

    /// Something of the topic changed: nothing of it is found any more, and its next turn begins.
    async fn drop_topic(&self, topic: &str) -> Result<(), Trouble>;
}

/// What a cache says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cached {
    /// The value, if it is there.
    pub value: Option<Vec<u8>>,
    /// In which turn the topic is: needed to put what is read now.
    pub turn: u64,
}
