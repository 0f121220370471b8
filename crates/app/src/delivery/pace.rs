//! How many jobs are ended in a minute, told from what was seen before: whoever looks now and then is told,
//! whoever looks once is not.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// What was seen is compared with what was seen so long ago.
const SPAN_MS: i64 = 60_000;
/// Over less nothing is said: a batch would look like a flood.
const SPAN_MIN_MS: i64 = 5_000;
/// Looks that are closer count as one.
const APART_MS: i64 = 1_000;

/// Looks of the last minute.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<VecDeque<Look>>);

/// How much was done at a moment.
#[derive(Debug, Clone, Copy)]
struct Look {
    at_ms: i64,
    done: u64,
}

impl Pace {
    /// So much is done now; how much that is in a minute, if anybody looked before.
    pub(super) fn seen(&self, at_ms: i64, done: u64) -> Option<u64> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock went back: what was seen says nothing any more.
        if looks.back().is_some_and(|last| last.done > done || last.at_ms > at_ms) {
            looks.clear();
        }
        while looks.get(1).is_some_and(|next| at_ms - next.at_ms >= SPAN_MS) {
            looks.pop_front();
        }
        if looks.back().is_none_or(|last| at_ms - last.at_ms >= APART_MS) {
            looks.push_back(Look { at_ms, done });
        }
        let first = looks.front().filter(|first| at_ms - first.at_ms >= SPAN_MIN_MS)?;
        let span_ms = u64::try_from(at_ms - first.at_ms).ok()?;
        let ended = (done - first.done).saturating_mul(SPAN_MS.unsigned_abs());
        Some(ended / span_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_in_a_minute_is_told_from_two_looks() {
        let pace = Pace::default();
        assert_eq!(pace.seen(0, 100), None);
        assert_eq!(pace.seen(4_999, 150), None, "too soon to say");
        assert_eq!(pace.seen(30_000, 400), Some(600));
        assert_eq!(pace.seen(60_000, 700), Some(600));
        // What was long ago is forgotten: nothing was done since.
        assert_eq!(pace.seen(120_000, 700), Some(0));
        assert_eq!(pace.seen(180_000, 760), Some(60));
    }

    #[test]
    fn who_counts_or_goes_back_begins_anew() {
        let pace = Pace::default();
        pace.seen(0, 100);
        assert_eq!(pace.seen(10_000, 20), None);
        assert_eq!(pace.seen(20_000, 30), Some(60));
        assert_eq!(pace.seen(1_000, 30), None);
    }

    #[test]
    fn who_looks_all_the_time_keeps_little() {
        let pace = Pace::default();
        for at_ms in 0..200_000 {
            pace.seen(at_ms, 0);
        }
        assert!(pace.0.lock().is_ok_and(|looks| looks.len() <= 62));
    }
}
