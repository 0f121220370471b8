//! The bell between instances, as a channel of a server. Whoever rings is not told.

use crate::chance;
use crate::node::Node;
use admitone_app::Trouble;
use admitone_app::ports::bell::Bell;
use async_trait::async_trait;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A connection that broke is made anew after so long.
const PAUSE: Duration = Duration::from_millis(500);

/// A bell on a server.
pub struct RedisBell {
    node: Node,
    channel: String,
    instance: String,
    heard: Notify,
}

impl RedisBell {
    /// A bell for all whose names begin alike. It is heard while [`RedisBell::listen`] runs.
    pub fn new(node: Node, prefix: &str) -> Self {
        let channel = format!("{prefix}:committed");
        Self { node, channel, instance: chance::name(), heard: Notify::new() }
    }

    /// Listens until `stop`, whatever becomes of the server.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.hear()).await {
                tracing::debug!(%error, "nobody is heard for now");
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
        // Somebody may have rung before.
        self.heard.notify_one();
        let mut messages = messages.into_on_message();
        while let Some(message) = messages.next().await {
            if message.get_payload::<String>()? != self.instance {
                self.heard.notify_one();
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Bell for RedisBell {
    async fn ring(&self) -> Result<(), Trouble> {
        self.node.publish(&self.channel, self.instance.as_bytes()).await
    }

    async fn heard(&self) {
        self.heard.notified().await;
    }
}
