//! A lock without its tokens, to show what they are for. Never in a sale: a holder that lost the
//! lock in a long pause writes over what the next one did.

use crate::Trouble;
use crate::ports::lock::{Guard, Lock};
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

    async fn release(self: Box<Self>) {
        self.0.release().await;
    }
}
