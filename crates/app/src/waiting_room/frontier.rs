//! The two frontiers of the line: who is invited to the deck, and who may be admitted from it.
//! Both only grow. The second follows the first by at least one reaction time, which is what
//! gives every user who keeps the promise the time to be on the deck before it is his turn.

use super::pace::Pace;
use serde::{Deserialize, Serialize};

/// Invited up to here, ripe up to there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frontier {
    /// Places up to here are invited to the deck.
    pub(crate) deck_to: u64,
    /// Places up to here may be admitted.
    pub(crate) ripe_to: u64,
    ripe_next: u64,
    ripen_at_us: i64,
    moved_at_us: i64,
    /// Millionths of a thousandth of a place that were left over by the last step.
    carry: u64,
}

impl Frontier {
    /// As it was written down; what was invited but not yet ripe waits a whole reaction again.
    pub(crate) fn resume(&mut self, deck_to: u64, ripe_to: u64, now_us: i64, react_us: i64) {
        *self = Self {
            deck_to,
            ripe_to,
            ripe_next: ripe_to,
            ripen_at_us: now_us.saturating_add(react_us),
            moved_at_us: now_us,
            carry: 0,
        };
    }

    /// Ripens what has been invited for a reaction time. Returns how far was ripe before, if it
    /// was time.
    pub(crate) fn ripen(&mut self, now_us: i64, react_us: i64) -> Option<u64> {
        if now_us < self.ripen_at_us {
            return None;
        }
        let before = self.ripe_to;
        self.ripe_to = self.ripe_next;
        self.ripe_next = self.deck_to;
        self.ripen_at_us = now_us.saturating_add(react_us);
        Some(before)
    }

    /// Invites at most what the pace allows for the time that has gone by. A stall does not count
    /// beyond one reaction time: nobody could poll meanwhile.
    pub(crate) fn invite(&mut self, now_us: i64, issued: u64, wants_more: bool, pace: &Pace) {
        let elapsed_us = now_us.saturating_sub(self.moved_at_us).clamp(0, pace.react_us);
        self.moved_at_us = now_us;
        if !wants_more || self.deck_to >= issued {
            self.carry = 0;
            return;
        }
        let elapsed_us = u64::try_from(elapsed_us).unwrap_or(0);
        let credit = self.carry.saturating_add(pace.invite_milli.saturating_mul(elapsed_us));
        self.carry = credit % 1_000_000_000;
        self.deck_to = issued.min(self.deck_to + credit / 1_000_000_000);
    }

    /// Whether everybody who has a place is ripe: then a newcomer has nobody to wait for.
    pub(crate) fn is_level(&self, issued: u64) -> bool {
        self.ripe_to == issued
    }

    /// Makes everything up to `place` invited and ripe.
    pub(crate) fn level(&mut self, place: u64) {
        (self.deck_to, self.ripe_to, self.ripe_next) = (place, place, place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deck_moves_at_the_pace_and_ripens_one_to_two_reactions_later() {
        let pace = Pace::fresh(10_000, 3_000_000);
        let mut frontier = Frontier::default();
        let mut invited_at = None;
        for ms in (0..20_000).step_by(250) {
            let now_us = ms * 1_000;
            frontier.ripen(now_us, pace.react_us);
            frontier.invite(now_us, 1_000, true, &pace);
            assert!(frontier.deck_to <= u64::try_from(ms / 100).unwrap());
            if frontier.deck_to >= 30 {
                invited_at = invited_at.or(Some(ms));
            }
            if frontier.ripe_to >= 30 {
                let waited = ms - invited_at.unwrap();
                assert!((3_000..=6_250).contains(&waited), "{waited}");
                return;
            }
        }
        panic!("place 30 never ripened");
    }
}
