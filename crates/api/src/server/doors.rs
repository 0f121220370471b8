//! How a house closes: it says so first, and then refuses.

use tokio_util::sync::CancellationToken;

/// The two steps of closing. Between them everything is answered as always, but the house says that
/// it is not ready, and asks nobody back on the same connection: time for a balancer to look.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    /// The house is about to close.
    pub leaving: CancellationToken,
    /// What is asked from now on is refused, and what was asked before is answered.
    pub closing: CancellationToken,
}
