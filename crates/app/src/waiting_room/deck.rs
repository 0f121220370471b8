//! The deck: the small, exact, ordered set of invited users who have shown themselves lately.
//! Admission takes from nowhere else, so an absent user never takes a slot.

use super::place::Place;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Present users in the order of their places.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Deck {
    sitters: VecDeque<Sitter>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sitter {
    place: Place,
    touched_us: i64,
}

impl Deck {
    pub(crate) fn len(&self) -> u64 {
        self.sitters.len() as u64
    }

    /// Puts a user on the deck, or notes that one on it is still there.
    pub(crate) fn sit(&mut self, place: Place, now_us: i64) {
        let index = self.index_of(place);
        match self.sitters.get_mut(index) {
            Some(sitter) if sitter.place == place => sitter.touched_us = now_us,
            Some(_) | None => self.sitters.insert(index, Sitter { place, touched_us: now_us }),
        }
    }

    pub(crate) fn leave(&mut self, place: Place) {
        if self.contains(place) {
            self.sitters.remove(self.index_of(place));
        }
    }

    pub(crate) fn contains(&self, place: Place) -> bool {
        self.sitters.get(self.index_of(place)).is_some_and(|sitter| sitter.place == place)
    }

    /// The smallest place on the deck.
    pub(crate) fn first(&self) -> Option<Place> {
        self.sitters.front().map(|sitter| sitter.place)
    }

    /// The greatest place on the deck.
    pub(crate) fn last(&self) -> Option<Place> {
        self.sitters.back().map(|sitter| sitter.place)
    }

    /// How many sit on places before this one.
    pub(crate) fn rank(&self, place: Place) -> u64 {
        self.index_of(place) as u64
    }

    /// Takes off whoever has been silent since before `since_us`. They keep their places.
    pub(crate) fn sweep(&mut self, since_us: i64) {
        self.sitters.retain(|sitter| sitter.touched_us >= since_us);
    }

    fn index_of(&self, place: Place) -> usize {
        self.sitters.partition_point(|sitter| sitter.place < place)
    }
}
