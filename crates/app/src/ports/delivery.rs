//! How a command travels to where it is settled.

use crate::Trouble;
use admitone_domain::payment::Payment;
use admitone_domain::{Command, CommandId, Moment, Outcome, StoredAnswer};
use async_trait::async_trait;
use std::sync::Arc;

/// Brings commands to where they are settled. It may repeat a command; it never loses one that
/// it accepted.
#[async_trait]
pub trait Delivery: Send + Sync {
    /// Brings a command and waits for its durable answer; a bounded time, where it travels.
    async fn submit(&self, command: Command) -> Result<Reply, Trouble>;

    /// Brings a command and waits only until it is kept: its answer is asked for later. Where a
    /// command does not travel it is settled at once. Nobody has this by default: who brings
    /// commands by another's hands and forgot it would wait after all.
    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble>;

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
    /// It is kept and will be answered; nobody knows yet how.
    Accepted(Receipt),
}

impl Reply {
    /// The payment that it says was begun in steps, and how that stood then.
    pub fn begun(&self) -> Option<&Payment> {
        match self {
            Self::Answered { answer, .. } => match &answer.answer {
                Ok(Outcome::Gateway { payment, .. }) => Some(payment),
                _ => None,
            },
            Self::KeyReused | Self::Accepted(_) => None,
        }
    }
}

/// What tells a command that was accepted, to ask for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its name.
    pub id: CommandId,
    /// Its fresh number: with the name it tells this journey from others.
    pub fresh: u64,
    /// After this moment it is refused, if it was not answered before.
    pub until: Moment,
}
