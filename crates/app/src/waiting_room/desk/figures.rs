//! What the desk counts for its operators: exchanges, refusals, and how long people waited.
//!
//! A place remembers nothing of its time, because a million of them wait. What is kept is how far
//! the line had come when, and that only as finely as there is room for.

use crate::waiting_room::batch::{Gone, JoinRefusal, Outcome};
use crate::waiting_room::place::Place;

/// So many moments are kept; then every other one goes.
const MOMENTS_MAX: usize = 4_096;

pub(super) struct Figures {
    room: String,
    joins: Joins,
}

/// When the line had come how far.
struct Joins {
    /// Nothing is known of the places up to here.
    unknown_to: u64,
    moments: Vec<(i64, u64)>,
    step_us: i64,
}

impl Figures {
    /// Of a room that has given so many places before.
    pub(super) fn of(room: u32, issued: u64) -> Self {
        Self { room: format!("room_{room}"), joins: Joins::after(issued) }
    }

    /// Counts an exchange that took so long and is durable.
    pub(super) fn count(&mut self, outcome: &Outcome, took_us: u64) {
        let room = || self.room.clone();
        let questions = outcome.joined.len() + outcome.touched.len() + outcome.ended.len();
        if questions > 0 {
            metrics::histogram!("wr_exchange_batch", "room" => room()).record(number(questions));
            metrics::histogram!("wr_exchange_seconds", "room" => room()).record(seconds(took_us));
        }
        let joins = outcome.joined.iter().filter_map(|joined| joined.err().map(refused));
        let touches = outcome.touched.iter().filter_map(|touch| touch.err().map(gone));
        for why in joins.chain(touches) {
            metrics::counter!("wr_refused_total", "room" => room(), "why" => why).increment(1);
        }
        let now_us = outcome.snapshot.clock_us;
        self.joins.note(now_us, outcome.snapshot.issued);
        for admission in &outcome.admitted_now {
            if let Some(joined_us) = self.joins.of(admission.place) {
                let waited_us = u64::try_from(now_us - joined_us).unwrap_or(0);
                metrics::histogram!("wr_wait_seconds", "room" => room()).record(seconds(waited_us));
            }
        }
    }
}

impl Joins {
    fn after(issued: u64) -> Self {
        Self { unknown_to: issued, moments: Vec::new(), step_us: 0 }
    }

    fn note(&mut self, now_us: i64, issued: u64) {
        let (last_us, last) = self.moments.last().copied().unwrap_or((i64::MIN, self.unknown_to));
        if issued < last {
            // A new epoch counts from one again.
            *self = Self::after(0);
        } else if issued > last {
            match self.moments.last_mut() {
                Some(moment) if now_us.saturating_sub(last_us) < self.step_us => moment.1 = issued,
                _ => self.moments.push((now_us, issued)),
            }
        }
        if self.moments.len() >= MOMENTS_MAX {
            self.thin_out();
        }
    }

    /// Every other moment goes; from now on they are twice as far apart.
    fn thin_out(&mut self) {
        let mut is_kept = false;
        self.moments.retain(|_| {
            is_kept = !is_kept;
            !is_kept
        });
        let span_us = match (self.moments.first(), self.moments.last()) {
            (Some(first), Some(last)) => last.0 - first.0,
            _ => 0,
        };
        let count = i64::try_from(self.moments.len()).unwrap_or(i64::MAX).max(1);
        self.step_us = (span_us / count).max(1_000);
    }

    /// About when a place was given.
    fn of(&self, place: Place) -> Option<i64> {
        if place.0 <= self.unknown_to {
            return None;
        }
        let at = self.moments.partition_point(|(_, issued)| *issued < place.0);
        self.moments.get(at).map(|(at_us, _)| *at_us)
    }
}

fn refused(why: JoinRefusal) -> &'static str {
    match why {
        JoinRefusal::Draining => "draining",
        JoinRefusal::Closed => "closed",
        JoinRefusal::Full => "full",
    }
}

fn gone(why: Gone) -> &'static str {
    match why {
        Gone::Ended => "ended",
        Gone::OtherUser => "other_user",
        Gone::Renewed => "renewed",
        Gone::Passed => "passed",
    }
}

fn seconds(us: u64) -> f64 {
    let whole = u32::try_from(us / 1_000_000).unwrap_or(u32::MAX);
    let rest = u32::try_from(us % 1_000_000).unwrap_or(0);
    f64::from(whole) + f64::from(rest) / 1e6
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_as_old_as_the_moment_when_the_line_had_come_to_it() {
        let mut joins = Joins::after(10);
        for (at_us, issued) in [(100, 10), (200, 12), (300, 12), (400, 20)] {
            joins.note(at_us, issued);
        }
        let at = |place| joins.of(Place(place));
        assert_eq!(
            [at(10), at(11), at(12), at(13), at(20)].map(|at| at.unwrap_or(0)),
            [0, 200, 200, 400, 400]
        );
        assert_eq!(at(21), None, "not given yet");
    }

    #[test]
    fn a_long_line_is_remembered_more_coarsely_and_no_longer() {
        let mut joins = Joins::after(0);
        for place in 1..=100_000_u32 {
            joins.note(i64::from(place) * 1_000, u64::from(place));
            assert!(joins.moments.len() < MOMENTS_MAX);
        }
        let at_us = joins.of(Place(50_000)).unwrap();
        assert!((49_000_000..=51_000_000).contains(&at_us), "{at_us}");
    }

    #[test]
    fn a_new_epoch_forgets_the_old_one() {
        let mut joins = Joins::after(0);
        joins.note(100, 500);
        joins.note(200, 0);
        joins.note(300, 3);
        assert_eq!(joins.of(Place(2)), Some(300));
    }
}
