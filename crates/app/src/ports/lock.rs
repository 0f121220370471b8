//! Exclusion outside the transaction: taken before it begins, let go after it commits.

use crate::Trouble;
use crate::lane::Lane;
use crate::ports::store::{Fences, Mode};
use admitone_domain::{Command, Key, Rows};
use async_trait::async_trait;
use std::collections::BTreeSet;

/// Keeps others away from keys. All keys of a batch are taken in one call, sorted and once each:
/// there is no order to get wrong.
///
/// # Behavior
/// - `two_never_hold_one_key`: who reads, waits and writes under it loses no update of another.
/// - `different_keys_are_held_at_once`: whoever has other keys disturbs nobody.
/// - `all_keys_are_taken_or_none`: who gives up waiting for one key has none of the others.
/// - `overlapping_wishes_do_not_deadlock`: many who want the same keys all get them.
/// - `patience_ends_as_busy`: it says so, soon after the patience is over, and not before.
/// - `a_released_key_is_free`: the next one has it at once.
/// - `a_dropped_guard_ends_by_itself`: without release the keys are free, at the latest when a
///   lease runs out.
/// - `who_stops_waiting_leaves_no_trace`: a wait that is cancelled holds up nobody.
/// - `a_live_holder_keeps_it`: longer than a lease, for as long as the guard lives.
/// - `a_lost_lock_is_found_out_by_its_fence`: the next holder's token makes the earlier one stale,
///   and the store refuses to save.
/// - `without_the_fence_a_lost_lock_does_harm`: the same, no token, and it is saved.
#[async_trait]
pub trait Lock: Send + Sync {
    /// Whether it looks at the keys at all; if not, nobody has to name them.
    fn wants_keys(&self) -> bool {
        true
    }

    /// Whether who lost it may take it anew and go on.
    fn can_be_had_again(&self) -> bool {
        true
    }

    /// Whether those who met take turns.
    fn has_turns(&self) -> bool {
        false
    }

    /// A turn among those of this process who met on one of these keys, in the order in which they come. Nobody
    /// waits where nobody met; `has_met` says that this one did, or that he would not know of it. A turn is an order and no exclusion: nothing may
    /// rest on it.
    async fn turn(&self, _keys: &BTreeSet<Key>, _has_met: bool, _patience_ms: u64) -> Turn {
        Turn::Unneeded
    }

    /// Waits until nobody else has any of the keys, at most `patience_ms`; then it is trouble of
    /// the kind `Busy`. No keys are had at once.
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble>;
}

/// What asking for a turn came to.
pub enum Turn {
    /// Nobody met, so there is nothing to wait for; whoever meets somebody later asks again.
    Unneeded,
    /// It has come, and lasts until it is dropped.
    Come(Box<dyn Guard>),
    /// Patience was over before it came. Nobody waits for it twice.
    Missed,
}

/// A lock that is held; dropped without `release` it must still end by itself.
#[async_trait]
pub trait Guard: Send + Sync {
    /// The tokens with which the store recognises a holder that lost the lock.
    fn fences(&self) -> Fences;

    /// Whether it is known to be lost: somebody else may have the keys. Only a lock that can be
    /// lost says so, and not every one that is lost knows it; the tokens are what protects.
    fn is_lost(&self) -> bool {
        false
    }

    /// In which mode the batch is settled under it: the strategy's. Only where no lock could be
    /// had another one protects the batch in its stead.
    fn mode(&self, usual: Mode) -> Mode {
        usual
    }

    /// Where lanes exclude: the lane of a command by the rows that it is decided on, if it is none of those by which
    /// this batch came. Elsewhere nothing is astray.
    ///
    /// # Errors
    /// A row that must be loaded first.
    fn astray(&self, _command: &Command, _rows: &Rows) -> Result<Option<Lane>, Key> {
        Ok(None)
    }

    /// What was done under it is durable or undone, and nothing of it comes later: whoever has the keys next may have
    /// its tokens too. Where that is not said, as where the answer to a commit was lost, a new token ends what may be
    /// under way yet.
    fn settled(&mut self) {}

    /// Of a turn: somebody of another process was met in it.
    fn met(&mut self) {}

    /// Lets go.
    async fn release(self: Box<Self>);
}

/// No exclusion: for strategies whose delivery or transaction protects by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLock;

#[async_trait]
impl Lock for NoLock {
    fn wants_keys(&self) -> bool {
        false
    }

    async fn acquire(
        &self,
        _keys: &BTreeSet<Key>,
        _patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl Guard for NoLock {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    async fn release(self: Box<Self>) {}
}
