//! How a command travels to where it is settled.

use crate::Trouble;
use admitone_domain::{Command, StoredAnswer};
use async_trait::async_trait;
use std::sync::Arc;

/// Brings commands to where they are settled. It may repeat a command; it never loses one that
/// it accepted.
#[async_trait]
pub trait Delivery: Send + Sync {
    /// Brings a command and waits for its durable answer.
    async fn submit(&self, command: Command) -> Result<Reply, Trouble>;

    /// Whether a command that came now would be settled, as far as is known.
    async fn check(&self) -> Result<(), Trouble>;

    /// Returns once commands cannot be brought any more because a bug ended whoever settled them;
    /// where nobody does that in the caller's stead, never.
    async fn ended(&self) {
        std::future::pending::<()>().await;
    }

    /// How many commands wait now; none where they do not wait.
    fn waiting(&self) -> usize {
        0
    }
}

/// What comes back for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Its answer.
    Answered {
        /// As it is kept.
        answer: Arc<StoredAnswer>,
        /// Whether it had been answered before.
        replayed: bool,
    },
    /// Another wish was answered under this name before.
    KeyReused,
}
