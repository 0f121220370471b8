//! What the group is told about offsets, one word at a time. The broker writes each to its disk before it takes
//! the next, and signs of life come behind them on the same way: whoever sends more than it can take is
//! presumed dead. What becomes known while a word is under way is said by the next.

use crate::consumer::Client;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The word under way, if one is.
#[derive(Default)]
pub(crate) struct Word {
    under_way: Option<JoinHandle<bool>>,
    /// Whether a word did not arrive of which nobody has been told.
    is_lost: bool,
}

impl Word {
    /// Whether another can be sent.
    pub(crate) async fn is_free(&mut self) -> bool {
        if self.under_way.as_ref().is_some_and(|word| !word.is_finished()) {
            return false;
        }
        self.end().await;
        true
    }

    /// Whether something has to be said again.
    pub(crate) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.is_lost)
    }

    /// Sends one. It is not waited for: a batch would take as long as its answer.
    pub(crate) fn send(&mut self, client: &Arc<Client>, offsets: TopicPartitionList) {
        let client = Arc::clone(client);
        self.under_way = Some(tokio::task::spawn_blocking(move || {
            let told = client.commit(&offsets, CommitMode::Sync);
            if let Err(error) = &told {
                tracing::debug!(%error, "offsets stay where they were");
            }
            told.is_ok()
        }));
    }

    /// Waits for the one under way.
    pub(crate) async fn arrives(&mut self, patience: Duration) {
        if tokio::time::timeout(patience, self.end()).await.is_err() {
            tracing::debug!("a word about offsets takes long");
        }
    }

    async fn end(&mut self) {
        if let Some(word) = &mut self.under_way {
            self.is_lost |= !word.await.unwrap_or(false);
            self.under_way = None;
        }
    }
}
