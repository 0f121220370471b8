//! The token of lanes: a lane can move to another consumer while this one still settles, so what
//! comes by it is saved under the token that its consumer drew when it was assigned.
//!
//! And what came by a lane that is not its own is written by nobody here: in its own somebody else may be at work on
//! the same rows.

use crate::Trouble;
use crate::lane::{Lane, lane_of};
use crate::ports::lock::{Guard, Lock};
use crate::ports::store::{Fences, Mode};
use admitone_domain::{Command, Key, Rows};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Excludes as the lock inside does, and demands the tokens of lanes too.
pub struct LaneLock {
    /// What else is held.
    pub lock: Arc<dyn Lock>,
    /// The tokens of the lanes.
    pub fences: Fences,
    /// The lanes by which the batch came; none where nobody looks whether they are those of its commands.
    pub came_by: Option<CameBy>,
}

/// The lanes by which a batch came.
#[derive(Clone)]
pub struct CameBy {
    /// Which.
    pub lanes: Arc<[Lane]>,
    /// How many there are in all.
    pub count: u16,
}

struct Held {
    guard: Box<dyn Guard>,
    fences: Fences,
    came_by: Option<CameBy>,
}

#[async_trait]
impl Lock for LaneLock {
    fn wants_keys(&self) -> bool {
        self.lock.wants_keys()
    }

    /// Whoever lost a lane does not get it back by asking again.
    fn can_be_had_again(&self) -> bool {
        self.fences.0.is_empty()
    }

    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let guard = self.lock.acquire(keys, patience_ms).await?;
        let (fences, came_by) = (self.fences.clone(), self.came_by.clone());
        Ok(Box::new(Held { guard, fences, came_by }))
    }
}

#[async_trait]
impl Guard for Held {
    fn fences(&self) -> Fences {
        let Fences(mut fences) = self.guard.fences();
        fences.extend(self.fences.0.iter().cloned());
        Fences(fences)
    }

    fn is_lost(&self) -> bool {
        self.guard.is_lost()
    }

    fn mode(&self, usual: Mode) -> Mode {
        self.guard.mode(usual)
    }

    fn astray(&self, command: &Command, rows: &Rows) -> Result<Option<Lane>, Key> {
        let Some(CameBy { lanes, count }) = &self.came_by else { return Ok(None) };
        let own = lane_of(command, rows, *count)?;
        Ok((!lanes.contains(&own)).then_some(own))
    }

    fn settled(&mut self) {
        self.guard.settled();
    }

    async fn release(self: Box<Self>) {
        self.guard.release().await;
    }
}
