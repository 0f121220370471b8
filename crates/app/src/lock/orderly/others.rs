//! What those of one process know of the others that want the same rows.

use admitone_domain::Moment;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// After so many turns in which nobody of another process was met, those get a gap: whoever loses
/// has farther to go than the next of the line that won, and loses again.
const TURNS_MAX: u32 = 4;

/// How long the gap is: two or three transactions.
const GAP_MS: u64 = 3;

/// Somebody is there for so long since he was met last.
const THERE_US: i64 = 100_000;

/// The others, as far as they were met.
#[derive(Default)]
pub(super) struct Others {
    /// When one of them was met last, in microseconds of the clock; never yet.
    met_us: AtomicI64,
    /// So many turns met none of them since, or since the last gap.
    turns: AtomicU32,
}

impl Others {
    pub(super) fn were_met(&self, now: Moment) {
        self.met_us.store(now.0, Ordering::Relaxed);
        self.turns.store(0, Ordering::Relaxed);
    }

    pub(super) fn were_not_met(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// For how long the next turn is to wait, if others are there and had none for long.
    pub(super) fn gap_ms(&self, now: Moment) -> Option<u64> {
        let met_us = self.met_us.load(Ordering::Relaxed);
        let are_there = met_us > 0 && now.0.saturating_sub(met_us) < THERE_US;
        if !are_there || self.turns.load(Ordering::Relaxed) < TURNS_MAX {
            return None;
        }
        self.turns.store(0, Ordering::Relaxed);
        Some(GAP_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000);

    /// So many turns, one after the other, and what the next is told.
    fn after(turns: u32, others: &Others, now: Moment) -> Option<u64> {
        for _ in 0..turns {
            others.were_not_met();
        }
        others.gap_ms(now)
    }

    #[test]
    fn who_met_nobody_waits_for_nobody() {
        assert_eq!(after(100, &Others::default(), NOW), None);
    }

    #[test]
    fn those_who_were_met_get_a_gap_after_some_turns_and_again_after_as_many() {
        let others = Others::default();
        others.were_met(NOW);
        assert_eq!(after(TURNS_MAX - 1, &others, NOW), None);
        assert_eq!(after(1, &others, NOW), Some(GAP_MS));
        assert_eq!(after(TURNS_MAX - 1, &others, NOW), None);
        assert_eq!(after(1, &others, NOW), Some(GAP_MS));
    }

    #[test]
    fn whoever_is_met_had_his_turn_and_whoever_is_not_is_gone_soon() {
        let others = Others::default();
        others.were_met(NOW);
        assert_eq!(after(TURNS_MAX - 1, &others, NOW), None);
        others.were_met(NOW);
        assert_eq!(after(1, &others, NOW), None, "it is their turn that he met");
        assert_eq!(after(TURNS_MAX, &others, Moment(NOW.0 + THERE_US)), None);
    }
}
