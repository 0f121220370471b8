//! Whoever follows what was committed, inside this process.

use admitone_domain::Verdict;
use std::sync::Arc;

/// Is told of every batch after its commit and before anybody is answered.
pub trait Tap: Send + Sync {
    /// A batch was committed. Must be quick: the next batch waits for it.
    fn committed(&self, verdict: &Arc<Verdict>);
}
