//! The time that has gone by, from a clock that nobody can set. A lease is measured by no other:
//! a clock that is set back would make a lock that ran out look held.

use tokio::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "a lease is measured by a clock nobody can set")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
