//! A lock without its tokens, to show what they are for. Never in a sale: a holder that lost the
//! lock in a long pause writes over what the next one did.

use crate::Trouble;
use crate::ports::lock::{Guard, Lock, Turn};
use crate::ports::store::{Fences, Mode};
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Excludes as the lock inside does, and hands out no token.
pub struct Unfenced(pub Arc<dyn Lock>);

struct Bare(Box<dyn Guard>);

#[async_trait]
impl Lock for Unfenced {
    fn wants_keys(&self) -> bool {
        self.0.wants_keys()
    }

    fn has_turns(&self) -> bool {
        self.0.has_turns()
    }

    /// A turn has no token: it is passed on.
    async fn turn(&self, keys: &BTreeSet<Key>, has_met: bool, patience_ms: u64) -> Turn {
        self.0.turn(keys, has_met, patience_ms).await
    }

    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let held = self.0.acquire(keys, patience_ms).await?;
        Ok(Box::new(Bare(held)))
    }
}

#[async_trait]
impl Guard for Bare {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    fn mode(&self, usual: Mode) -> Mode {
        self.0.mode(usual)
    }

    fn settled(&mut self) {
        self.0.settled();
    }

    async fn release(self: Box<Self>) {
        self.0.release().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::lock::Orderly;
    use admitone_domain::id::SeatId;

    #[tokio::test]
    async fn turns_are_as_they_were() {
        let orderly = Orderly::new(Arc::new(SystemClock::default()));
        let lock = Unfenced(Arc::new(orderly));
        assert!(lock.has_turns());
        let seat = [Key::Seat(SeatId(1))].into();
        let met = lock.turn(&seat, true, 0).await;
        assert!(matches!(met, Turn::Come(_)));
        assert!(matches!(lock.turn(&seat, false, 1).await, Turn::Missed), "it is somebody's");
    }
}
