//! A hint between instances that something was committed. It carries nothing and promises nothing:
//! one that is lost costs the time until the others look by themselves.

use crate::Trouble;
use async_trait::async_trait;

/// Rings at other instances, and hears them.
#[async_trait]
pub trait Bell: Send + Sync {
    /// Has all others look.
    async fn ring(&self) -> Result<(), Trouble>;

    /// Waits until another rang; perhaps for ever.
    async fn heard(&self);
}

/// A bell that nobody hears: everybody looks by himself.
pub struct NoBell;

#[async_trait]
impl Bell for NoBell {
    async fn ring(&self) -> Result<(), Trouble> {
        Ok(())
    }

    async fn heard(&self) {
        std::future::pending::<()>().await;
    }
}
