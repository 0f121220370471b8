//! Hints that commands were answered, as a channel of a server: the names of a batch are one
//! message. Whoever settled them has told its own process already.

use crate::node::Node;
use admitone_app::Trouble;
use admitone_app::ports::hints::Hints;
use admitone_domain::CommandId;
use async_trait::async_trait;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// A connection that broke is made anew after so long.
const PAUSE: Duration = Duration::from_millis(500);
/// So many names go in one message.
const NAMES_MAX: usize = 4_096;
/// So many messages wait for who looks; more are lost, as hints may be.
const DEPTH_MAX: usize = 256;

/// Hints by a server.
pub struct RedisHints {
    node: Node,
    channel: String,
    told: mpsc::Sender<Vec<CommandId>>,
    heard: Mutex<mpsc::Receiver<Vec<CommandId>>>,
}

impl RedisHints {
    /// Hints for all whose names begin alike. They are heard while [`RedisHints::listen`] runs.
    pub fn new(node: Node, prefix: &str) -> Self {
        let (told, heard) = mpsc::channel(DEPTH_MAX);
        Self { node, channel: format!("{prefix}:answered"), told, heard: Mutex::new(heard) }
    }

    /// Listens until `stop`, whatever becomes of the server.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.hear()).await {
                tracing::debug!(%error, "no hints are heard for now");
            }
            let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
        }
    }

    async fn hear(&self) -> redis::RedisResult<()> {
        let connect = self.node.client().get_async_pubsub();
        let Ok(connected) = tokio::time::timeout(self.node.patience(), connect).await else {
            return Ok(());
        };
        let mut messages = connected?;
        messages.subscribe(&self.channel).await?;
        let mut messages = messages.into_on_message();
        while let Some(message) = messages.next().await {
            // Who looks is behind: it looks for all of them soon.
            let _ = self.told.try_send(names(message.get_payload_bytes()));
        }
        Ok(())
    }
}

fn names(bytes: &[u8]) -> Vec<CommandId> {
    let (names, _) = bytes.as_chunks();
    names.iter().map(|name| CommandId(u128::from_le_bytes(*name))).collect()
}

#[async_trait]
impl Hints for RedisHints {
    async fn tell(&self, answered: &[CommandId]) -> Result<(), Trouble> {
        for some in answered.chunks(NAMES_MAX) {
            let message: Vec<u8> = some.iter().flat_map(|name| name.0.to_le_bytes()).collect();
            self.node.publish(&self.channel, &message).await?;
        }
        Ok(())
    }

    async fn heard(&self) -> Vec<CommandId> {
        match self.heard.lock().await.recv().await {
            Some(names) => names,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_told_and_a_torn_one_is_none() {
        let told = [CommandId(7), CommandId(u128::MAX)];
        let mut bytes: Vec<u8> = told.iter().flat_map(|name| name.0.to_le_bytes()).collect();
        bytes.push(1);
        assert_eq!(names(&bytes), told);
    }
}
