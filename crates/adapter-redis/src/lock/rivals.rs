//! Other instances that want the same lock where nobody is woken: how long a line keeps it, when it leaves the others a
//! look, and how often the first of a line looks.
//!
//! If each let go and the next of the same line took it a fraction of a millisecond later, whoever looks from outside,
//! and ever more seldom the longer he fails, would find it free by chance, and somebody would wait a whole second.

use crate::monotonic;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So many turns of one line come one after the other under one lock of the nodes; then others have a look.
const TURNS_MAX: u32 = 8;

/// So long is left to them: longer than the pauses of whoever has tried for a while.
pub(super) const LOOK: Duration = Duration::from_millis(4);

/// Who was met so long ago is not waited for any more.
const ABOUT: Duration = Duration::from_millis(500);

/// The random time between tries begins with this, in ms, where the nodes have one contender of each instance.
pub(super) const FIRST_MS: u64 = 8;

/// It is halved down to this.
const LAST_MS: u64 = 2;

/// Where it doubles it does so often.
const DOUBLINGS_MAX: u32 = 4;

/// Who was never met may be there all the same, and finds no gap: he has a look after so many turns of a line.
const UNMET_TURNS: u32 = 24;

/// When so little is left of the patience all nodes are asked.
pub(super) const LAST_TRY: Duration = Duration::from_millis(16);

/// What is known of other instances.
#[derive(Default)]
pub(super) struct Rivals {
    /// When somebody had a lock that was wanted here.
    met: Mutex<Option<Instant>>,
}

impl Rivals {
    pub(super) fn were_met(&self) {
        *self.met() = Some(monotonic::now());
    }

    /// Whether others are left a look after so many turns of one line: if somebody was met lately, else when it was
    /// long without a gap.
    pub(super) fn have_a_look(&self, turns: u32) -> bool {
        turns >= UNMET_TURNS || self.met().is_some_and(|met| monotonic::now() < met + ABOUT)
    }

    fn met(&self) -> MutexGuard<'_, Option<Instant>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is the others' turn, if there are others, after so many of one line.
pub(super) fn are_due_after(turns: u32) -> bool {
    turns > 0 && turns.is_multiple_of(TURNS_MAX)
}

/// Tries in vain.
#[derive(Default)]
pub(super) struct Tries {
    failed: u32,
    /// Whether all nodes were asked before, and said that somebody has it.
    may_look: bool,
    /// How many of the last ones split the votes: nobody has it then, and all who want it try again.
    split: u32,
}

impl Tries {
    pub(super) fn failed(&mut self, is_split: bool) {
        self.failed = self.failed.saturating_add(1);
        self.split = if is_split { self.split.saturating_add(1) } else { 0 };
        self.may_look = true;
    }

    /// How often somebody else had it.
    pub(super) fn in_vain(&self) -> u32 {
        self.failed
    }

    /// No majority of the nodes answered.
    pub(super) fn nobody_knew(&mut self) {
        self.failed(true);
        self.may_look = false;
    }

    /// One node was asked alone, and knew of somebody; whether the votes were split it cannot know.
    pub(super) fn looked(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    pub(super) fn may_look(&self) -> bool {
        self.may_look
    }

    /// Within what time to try again, so that many leave each other room.
    pub(super) fn ever_longer_ms(&self, first_ms: u64) -> u64 {
        first_ms << self.failed.saturating_sub(1).min(DOUBLINGS_MAX)
    }

    /// Within what time to try again, so that whoever has tried for long finds it free before others do. Only
    /// those who split the votes leave each other ever more room.
    pub(super) fn ever_shorter_ms(&self) -> u64 {
        match self.split {
            0 => (FIRST_MS >> self.failed.saturating_sub(1).min(DOUBLINGS_MAX)).max(LAST_MS),
            split => FIRST_MS << (split - 1).min(DOUBLINGS_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times after failed tries, each of which split the votes or not.
    fn times_ms(tries: &[bool]) -> Vec<u64> {
        let mut all = Tries::default();
        let mut after = |is_split: &bool| {
            all.failed(*is_split);
            all.ever_shorter_ms()
        };
        tries.iter().map(&mut after).collect()
    }

    #[test]
    fn whoever_tries_for_long_tries_often_and_those_who_split_the_votes_leave_room() {
        assert_eq!(times_ms(&[false; 5]), [8, 4, 2, 2, 2]);
        assert_eq!(times_ms(&[true; 6]), [8, 16, 32, 64, 128, 128]);
        assert_eq!(times_ms(&[false, false, true, false]), [8, 4, 8, 2]);
    }

    #[test]
    fn who_was_met_has_a_look_each_time_and_who_was_not_now_and_then() {
        let rivals = Rivals::default();
        assert_eq!([8, 16, 24].map(|turns| rivals.have_a_look(turns)), [false, false, true]);
        *rivals.met() = Some(monotonic::now() + Duration::from_mins(1));
        assert!(rivals.have_a_look(8), "it has not been that long since");
        assert_eq!([0, 7, 8, 9, 16].map(are_due_after), [false, false, true, false, true]);
    }

    #[test]
    fn one_node_is_asked_alone_only_while_all_of_them_know_that_somebody_has_it() {
        let mut tries = Tries::default();
        assert!(!tries.may_look());
        tries.failed(true);
        assert!(tries.may_look());
        let room = tries.ever_shorter_ms();
        tries.looked();
        assert_eq!(tries.ever_shorter_ms(), room, "those who split the votes leave as much room");
        tries.nobody_knew();
        assert!(!tries.may_look());
    }
}
