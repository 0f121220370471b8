//! Which holds are over, by show: kept in memory, because every batch that takes stock asks.

use crate::shards::Shards;
use admitone_domain::Moment;
use admitone_domain::id::{ReservationId, ShowId};
use admitone_domain::reservation::{Reservation, ReservationState};
use std::collections::{BTreeMap, BTreeSet};

/// The ends of all live holds.
#[derive(Default)]
pub(crate) struct Due {
    by_show: BTreeMap<ShowId, BTreeSet<(Moment, ReservationId)>>,
    live: Shards<ReservationId, (ShowId, Moment)>,
}

impl Due {
    /// Of these holds.
    pub(crate) fn of(holds: Vec<(ReservationId, ShowId, Moment)>) -> Self {
        let mut ends: BTreeMap<ShowId, Vec<(Moment, ReservationId)>> = BTreeMap::new();
        let mut live = Shards::default();
        for (id, show, until) in holds {
            ends.entry(show).or_default().push((until, id));
            live.insert(id, (show, until));
        }
        let sorted = ends.into_iter().map(|(show, ends)| (show, BTreeSet::from_iter(ends)));
        Self { by_show: sorted.collect(), live }
    }

    /// Takes note of a reservation as it stands now.
    pub(crate) fn note(&mut self, reservation: &Reservation) {
        let is_held = reservation.state() == ReservationState::Held;
        self.set(reservation.id, is_held.then_some((reservation.show, reservation.held_until)));
    }

    /// Takes note of the end of a hold, or that there is none.
    pub(crate) fn set(&mut self, id: ReservationId, hold: Option<(ShowId, Moment)>) {
        let before = match hold {
            Some(hold) => self.live.insert(id, hold),
            None => self.live.remove(&id),
        };
        if let Some((show, until)) = before {
            self.by_show.entry(show).or_default().remove(&(until, id));
        }
        if let Some((show, until)) = hold {
            self.by_show.entry(show).or_default().insert((until, id));
        }
    }

    /// The holds of a show that are over.
    pub(crate) fn of_show(&self, show: ShowId, now: Moment) -> Vec<ReservationId> {
        let ends = self.by_show.get(&show).into_iter().flatten();
        ends.take_while(|(until, _)| *until <= now).map(|(_, id)| *id).collect()
    }

    /// The holds of all shows that are over, the longest first.
    pub(crate) fn of_all(&self, now: Moment, limit: usize) -> Vec<ReservationId> {
        let over = |ends: &BTreeSet<(Moment, ReservationId)>| {
            ends.iter()
                .take_while(|(until, _)| *until <= now)
                .take(limit)
                .copied()
                .collect::<Vec<_>>()
        };
        let mut all: Vec<_> = self.by_show.values().flat_map(over).collect();
        all.sort_unstable();
        all.truncate(limit);
        all.into_iter().map(|(_, id)| id).collect()
    }
}
