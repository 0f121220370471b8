//! Hints that commands were answered, from who settled them to who waits. Like a bell they promise
//! nothing: one that is lost costs the time until whoever waits looks by himself.

use crate::Trouble;
use admitone_domain::CommandId;
use async_trait::async_trait;

/// Tells other instances whose commands were answered, and hears it.
#[async_trait]
pub trait Hints: Send + Sync {
    /// Tells all who wait: these were answered.
    async fn tell(&self, answered: &[CommandId]) -> Result<(), Trouble>;

    /// Waits until somebody told; perhaps for ever.
    async fn heard(&self) -> Vec<CommandId>;
}

/// Nobody tells anybody: everybody looks by himself.
pub struct NoHints;

#[async_trait]
impl Hints for NoHints {
    async fn tell(&self, _answered: &[CommandId]) -> Result<(), Trouble> {
        Ok(())
    }

    async fn heard(&self) -> Vec<CommandId> {
        std::future::pending().await
    }
}
