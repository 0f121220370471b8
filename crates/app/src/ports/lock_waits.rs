//! What a database says about those who wait for its locks.

use crate::Trouble;
use async_trait::async_trait;

/// Tells who waits for whom. What counts the present is of the house's own database, what only
/// grows is of its whole server, and each instance is told the same.
#[async_trait]
pub trait LockWaits: Send + Sync {
    /// What the server says now.
    async fn lock_waits(&self) -> Result<Waits, Trouble>;
}

/// What was said. A server does not tell everything.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Waits {
    /// How many connections wait now.
    pub waiting: u32,
    /// How long the one that waits longest has waited, in seconds.
    pub longest_s: f64,
    /// How often somebody has waited.
    pub total: Option<f64>,
    /// How long all of them together, in seconds.
    pub total_s: Option<f64>,
    /// How often some waited for each other in a circle.
    pub deadlocks: Option<f64>,
}
