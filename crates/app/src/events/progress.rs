//! How far a lane of a road is. Numbers become visible out of order, so a position alone would skip
//! what appears late: kept are a floor, below which nothing is left to do and nothing can appear
//! any more, and what was done above it.

use admitone_domain::{Event, Key, Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So many events of a lane are tried again and again beside each other; then the lane waits.
pub(super) const PARKED_MAX: usize = 4;
/// So many events are carried past one that is parked.
const PAST_MAX: usize = 1_024;

/// How far a lane is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    floor: u64,
    /// What was done above the floor.
    done: BTreeSet<u64>,
    /// What was tried in vain and is tried again.
    parked: Vec<Parked>,
}

/// An event that was tried in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parked {
    pub(super) number: u64,
    pub(super) aggregate: Key,
    pub(super) attempts: u32,
    /// When it was tried first.
    pub(super) since: Moment,
    /// When it is tried next.
    pub(super) next: Moment,
}

/// An event that is to be tried now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) number: u64,
    pub(super) event: Event,
    pub(super) parked: Option<Parked>,
}

impl Progress {
    /// A road begins behind this number.
    pub(super) fn begin(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    /// Everything up to here is done.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// So many events above the floor are done.
    pub(super) fn above(&self) -> usize {
        self.done.len()
    }

    /// When something that is parked is tried next.
    pub(super) fn next(&self) -> Option<Moment> {
        self.parked.iter().map(|parked| parked.next).min()
    }

    /// So many events are parked.
    pub(super) fn parked(&self) -> usize {
        self.parked.len()
    }

    /// When the first attempt was made of those that are parked.
    pub(super) fn first_parked_at(&self) -> Option<Moment> {
        self.parked.iter().map(|parked| parked.since).min()
    }

    /// Whether too much is parked for anything new to be tried.
    pub(super) fn is_full(&self) -> bool {
        let parked = self.parked.len();
        parked >= PARKED_MAX || parked > 0 && self.done.len() >= PAST_MAX
    }

    /// The first that is parked.
    pub(super) fn first_parked(&self) -> Option<u64> {
        self.parked.iter().map(|parked| parked.number).min()
    }

    /// What of the events that were found behind a number is tried now: not what is parked, nor
    /// what follows it in its aggregate; nothing new once too much is parked, and then the first
    /// that is left for that reason.
    pub(super) fn sort_out(
        &self,
        from: u64,
        found: Vec<(u64, Event)>,
        now: Moment,
    ) -> (Vec<Due>, Option<u64>) {
        let waits = |parked: &&Parked| now < parked.next || parked.number <= from;
        let mut stopped: BTreeSet<Key> =
            self.parked.iter().filter(waits).map(|parked| parked.aggregate).collect();
        let (mut due, mut left) = (Vec::new(), None);
        for (number, event) in found {
            if number <= self.floor || self.done.contains(&number) {
                continue;
            }
            let parked = self.parked.iter().find(|parked| parked.number == number).copied();
            if stopped.contains(&event.aggregate) {
                continue;
            }
            if parked.is_none() && self.is_full() {
                stopped.insert(event.aggregate);
                left = left.or(Some(number));
            } else {
                due.push(Due { number, event, parked });
            }
        }
        (due, left)
    }

    /// It was carried, or is not to be.
    pub(super) fn done(&mut self, number: u64) {
        self.parked.retain(|parked| parked.number != number);
        self.done.insert(number);
    }

    /// It was tried in vain, and is tried again.
    pub(super) fn park(&mut self, parked: Parked) {
        self.parked.retain(|known| known.number != parked.number);
        self.parked.push(parked);
    }

    /// The floor rises to where nothing is left to do: not over what is `left`, not over what was
    /// not `read`, not over where something may still appear.
    pub(super) fn rise(&mut self, horizon: u64, read: u64, left: Option<u64>) {
        let below = left.map_or(u64::MAX, |number| number - 1);
        self.floor = self.floor.max(horizon.min(read).min(below));
        self.done = self.done.split_off(&(self.floor + 1));
    }

    /// As it is kept.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Numbers and moments always have a form.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// As it was kept; nothing when that cannot be read.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::Happening;
    use admitone_domain::id::ReservationId;

    fn event(number: u64, reservation: u64) -> (u64, Event) {
        let aggregate = Key::Reservation(ReservationId(reservation));
        (number, Event { aggregate, version: 1, at: Moment(1), what: Happening::Released })
    }

    fn numbers(due: &[Due]) -> Vec<u64> {
        due.iter().map(|due| due.number).collect()
    }

    fn parked(number: u64, reservation: u64) -> Parked {
        let aggregate = Key::Reservation(ReservationId(reservation));
        Parked { number, aggregate, attempts: 1, since: Moment(1), next: Moment(10) }
    }

    #[test]
    fn what_appears_below_what_was_done_is_not_skipped() {
        let mut progress = Progress::begin(0);
        progress.done(3);
        // 2 is in hand elsewhere: nothing is certain above 1.
        progress.rise(1, u64::MAX, None);
        assert_eq!(progress.floor(), 1);
        let found = vec![event(2, 1), event(3, 2), event(4, 1)];
        let (due, left) = progress.sort_out(1, found, Moment(5));
        assert_eq!((numbers(&due), left), (vec![2, 4], None));
        progress.done(2);
        progress.done(4);
        progress.rise(9, u64::MAX, None);
        assert_eq!(progress, Progress::begin(9));
    }

    #[test]
    fn a_position_alone_would_skip_it() {
        let mut by_position = Progress::begin(0);
        by_position.done(3);
        by_position.rise(u64::MAX, 3, None);
        let (due, _) = by_position.sort_out(0, vec![event(2, 1), event(3, 2)], Moment(5));
        assert_eq!(due, []);
    }

    #[test]
    fn what_is_parked_stops_its_aggregate_and_nobody_else() {
        let mut progress = Progress::begin(0);
        progress.park(parked(1, 1));
        let found = vec![event(1, 1), event(2, 2), event(3, 1)];
        let (due, left) = progress.sort_out(0, found.clone(), Moment(9));
        assert_eq!((numbers(&due), left), (vec![2], None));
        progress.done(2);
        progress.rise(3, u64::MAX, progress.first_parked());
        assert_eq!(progress.floor(), 0);
        // What comes later in its aggregate waits too, though the parked one is not read again.
        let (due, _) = progress.sort_out(3, vec![event(4, 1), event(5, 3)], Moment(9));
        assert_eq!(numbers(&due), [5]);
        let (due, _) = progress.sort_out(0, found, Moment(10));
        assert_eq!(numbers(&due), [1, 3]);
    }

    #[test]
    fn a_lane_with_too_much_parked_tries_nothing_new() {
        let mut progress = Progress::begin(0);
        (1..=4).for_each(|number| progress.park(parked(number, number)));
        let found: Vec<_> = (1..=6).map(|number| event(number, number)).collect();
        assert!(progress.is_full());
        assert_eq!(progress.sort_out(0, found.clone(), Moment(1)), (vec![], Some(5)));
        let (due, left) = progress.sort_out(0, found, Moment(10));
        assert_eq!((numbers(&due), left), (vec![1, 2, 3, 4], Some(5)));
        assert_eq!(progress.next(), Some(Moment(10)));
    }
}
