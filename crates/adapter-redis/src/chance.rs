//! Numbers that nobody can guess and no two processes share.

use ring::rand::{SecureRandom, SystemRandom};

/// Sixteen random bytes as text.
pub(crate) fn name() -> String {
    format!("{:032x}", number())
}

/// A random number below `bound`; 0 if the bound is 0.
pub(crate) fn below(bound: u64) -> u64 {
    let rest = number().checked_rem(u128::from(bound)).unwrap_or(0);
    u64::try_from(rest).unwrap_or(0)
}

/// The system's source does not fail once it has been seeded; without it all would be zero, and a
/// lock's owner would not be told from another.
fn number() -> u128 {
    let mut bytes = [0; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::error!("the system has no random numbers");
    }
    u128::from_ne_bytes(bytes)
}
