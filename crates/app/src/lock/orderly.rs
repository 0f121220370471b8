//! Orderly: no lock, and turns for those who met. A strategy that finds out at the commit that somebody else
//! was first tries again; where fifty want one row, forty-nine try in vain each time, and chance decides who
//! is next. Once two met on a key, whoever names it stands in line until nobody does. Where rows are locked nobody is
//! told that he meets somebody, and each waits at the row with a connection of his own: there all stand in line.
//!
//! Whoever meets somebody of another process has farther to go than the next of the line that won, so that each
//! line leaves the other a gap now and then.
//!
//! It protects nothing: that stays with the transaction, which meets other instances as ever.

mod others;

use self::others::Others;
use super::LineLock;
use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::lock::{Guard, Lock, NoLock, Turn};
use crate::ports::store::Fences;
use admitone_domain::Key;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Turns of one process.
pub struct Orderly {
    line: LineLock,
    clock: Arc<dyn Clock>,
    others: Arc<Others>,
}

impl Orderly {
    /// Nobody met; the clock ends patience.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { line: LineLock::new(Arc::clone(&clock)), clock, others: Arc::default() }
    }
}

/// A turn that tells what it met.
struct OneTurn {
    turn: Box<dyn Guard>,
    clock: Arc<dyn Clock>,
    others: Arc<Others>,
}

#[async_trait]
impl Guard for OneTurn {
    fn fences(&self) -> Fences {
        self.turn.fences()
    }

    fn settled(&mut self) {
        self.others.were_not_met();
    }

    fn met(&mut self) {
        self.others.were_met(self.clock.now());
    }

    async fn release(self: Box<Self>) {
        self.turn.release().await;
    }
}

#[async_trait]
impl Lock for Orderly {
    fn wants_keys(&self) -> bool {
        false
    }

    fn has_turns(&self) -> bool {
        true
    }

    async fn turn(&self, keys: &BTreeSet<Key>, has_met: bool, patience_ms: u64) -> Turn {
        if keys.is_empty() || !has_met && !self.line.is_wanted(keys) {
            return Turn::Unneeded;
        }
        let Ok(turn) = self.line.acquire(keys, patience_ms).await else { return Turn::Missed };
        if let Some(gap_ms) = self.others.gap_ms(self.clock.now()) {
            self.clock.sleep_ms(gap_ms).await;
        }
        let (clock, others) = (Arc::clone(&self.clock), Arc::clone(&self.others));
        Turn::Come(Box::new(OneTurn { turn, clock, others }))
    }

    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        NoLock.acquire(keys, patience_ms).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use admitone_domain::id::SeatId;

    fn seat(id: u64) -> BTreeSet<Key> {
        [Key::Seat(SeatId(id))].into()
    }

    fn come(turn: Turn) -> Box<dyn Guard> {
        match turn {
            Turn::Come(guard) => guard,
            Turn::Unneeded | Turn::Missed => panic!("no turn came"),
        }
    }

    #[tokio::test]
    async fn whoever_names_a_key_on_which_two_met_stands_in_line_until_nobody_does() {
        let turns = Orderly::new(Arc::new(SystemClock::default()));
        assert!(matches!(turns.turn(&seat(1), false, 0).await, Turn::Unneeded), "nobody met");
        let met = come(turns.turn(&seat(1), true, 0).await);
        assert!(matches!(turns.turn(&seat(2), false, 0).await, Turn::Unneeded), "another key");
        let key = seat(1);
        let mut waiting = turns.turn(&key, false, 60_000);
        tokio::select! {
            biased;
            _ = &mut waiting => panic!("somebody has his turn"),
            () = tokio::task::yield_now() => {}
        }
        met.release().await;
        come(waiting.await);
        assert!(matches!(turns.turn(&key, false, 0).await, Turn::Unneeded), "there is no line");
    }

    #[tokio::test]
    async fn who_waited_long_enough_goes_on_without_a_turn() {
        let turns = Orderly::new(Arc::new(SystemClock::default()));
        let _met = come(turns.turn(&seat(1), true, 0).await);
        assert!(matches!(turns.turn(&seat(1), true, 1).await, Turn::Missed));
    }
}
