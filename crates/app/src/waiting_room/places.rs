//! The book of places of a room that is kept where it may be lost: who was given which place, and
//! which are over. It is written before a user is answered, so that nobody whom the room forgets
//! loses the place, not even one who comes back without a token.
//!
//! Instances write it side by side: an end may stand before the place that it ends. What it comes
//! to does not depend on that order.

use super::place::{Generation, Place, UserKey};
use crate::ports::room_journal::{Book, News, RoomJournal};
use crate::{Trouble, TroubleKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A place is kept within this time, or the user is answered before it is.
const PATIENCE: Duration = Duration::from_millis(500);
/// Who writes reads nothing.
const NOTHING: u64 = u64::MAX >> 1;

/// News of places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Which life of the room.
    pub epoch: u16,
    /// Places that were given, or whose token was made anew.
    pub given: Vec<(Place, UserKey, Generation)>,
    /// Places that are over.
    pub ended: Vec<Place>,
}

/// What the book comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Which life of the room.
    pub epoch: u16,
    /// The places that are not over.
    pub live: BTreeMap<Place, (UserKey, Generation)>,
    /// The places that are.
    pub ended: BTreeSet<Place>,
    /// The last entry that is in it.
    sequence: u64,
}

/// One instance's way to the book of a room.
pub struct PlaceBook {
    journal: Arc<dyn RoomJournal>,
    room: u32,
    /// What could not be written yet, the oldest life first.
    unsaved: Vec<Noted>,
}

impl PlaceBook {
    /// The book of a room.
    pub fn new(journal: Arc<dyn RoomJournal>, room: u32) -> Self {
        Self { journal, room, unsaved: Vec::new() }
    }

    /// Writes down what is new. What cannot be written now is written with the next news; the
    /// line does not stand still for it.
    pub async fn note(&mut self, noted: Noted) {
        match self.unsaved.last_mut().filter(|last| last.epoch == noted.epoch) {
            Some(last) => {
                last.given.extend(noted.given);
                last.ended.extend(noted.ended);
            }
            None => self.unsaved.push(noted),
        }
        let bytes = encode(&self.unsaved);
        let writing = self.journal.exchange(self.book(), NOTHING, Some(bytes));
        let trouble = match tokio::time::timeout(PATIENCE, writing).await {
            Ok(Ok(_)) => {
                self.unsaved.clear();
                return;
            }
            Ok(Err(trouble)) => trouble.to_string(),
            Err(_) => format!("no answer within {PATIENCE:?}"),
        };
        metrics::counter!("wr_places_not_kept_total").increment(1);
        tracing::warn!(
            room = self.room,
            trouble,
            "places are not kept yet: a Redis that is lost now forgets them"
        );
    }

    /// Whether something could not be written yet.
    pub fn is_behind(&self) -> bool {
        !self.unsaved.is_empty()
    }

    /// Reads all of it, with what this instance could not write yet.
    ///
    /// # Errors
    /// The book cannot be read.
    pub async fn read(&self) -> Result<Places, Trouble> {
        let news = self.journal.exchange(self.book(), 0, None).await?;
        if !news.follows(0) {
            let detail = "the book changed while it was read";
            return Err(Trouble::new(TroubleKind::Unavailable, "read places", detail));
        }
        let mut places = Places { sequence: news.last().unwrap_or(0), ..Places::default() };
        let News { image, entries } = news;
        let pages = image.into_iter().map(|(_, bytes)| bytes);
        for page in pages.chain(entries.into_iter().map(|entry| entry.bytes)) {
            let noted: Vec<Noted> = postcard::from_bytes(&page)
                .map_err(|error| Trouble::new(TroubleKind::Inconsistent, "read places", error))?;
            for noted in &noted {
                places.add(noted);
            }
        }
        for noted in &self.unsaved {
            places.add(noted);
        }
        Ok(places)
    }

    /// Keeps what it comes to instead of all that led there.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn shorten(&self, places: &Places) -> Result<(), Trouble> {
        let live = places.live.iter();
        let given = live.map(|(place, (user, generation))| (*place, *user, *generation)).collect();
        let ended = places.ended.iter().copied().collect();
        let noted = Noted { epoch: places.epoch, given, ended };
        self.journal.keep(self.book(), places.sequence, encode(&[noted])).await
    }

    fn book(&self) -> Book {
        Book::Places(self.room)
    }
}

impl Noted {
    /// Whether there is nothing to write down.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.ended.is_empty()
    }
}

impl Places {
    /// The last place that was given.
    pub fn issued(&self) -> u64 {
        let live = self.live.last_key_value().map_or(0, |(place, _)| place.0);
        live.max(self.ended.last().map_or(0, |place| place.0))
    }

    /// The first place that is not over, or the one behind all of them.
    pub fn first(&self) -> u64 {
        self.live.first_key_value().map_or(self.issued() + 1, |(place, _)| place.0)
    }

    fn add(&mut self, noted: &Noted) {
        if noted.epoch < self.epoch {
            return;
        }
        if noted.epoch > self.epoch {
            *self = Self { epoch: noted.epoch, sequence: self.sequence, ..Self::default() };
        }
        for place in &noted.ended {
            self.live.remove(place);
            self.ended.insert(*place);
        }
        for (place, user, generation) in &noted.given {
            if !self.ended.contains(place) {
                let known = self.live.entry(*place).or_insert((*user, *generation));
                known.1 = known.1.max(*generation);
            }
        }
    }
}

fn encode(noted: &[Noted]) -> Vec<u8> {
    // Writing into a growing vector fails for no value that these types can hold.
    postcard::to_stdvec(noted).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::HandClock;
    use crate::waiting_room::memory_journal::MemoryRoomJournal;
    use admitone_domain::Moment;

    fn given(epoch: u16, places: &[u64]) -> Noted {
        let one = |n: &u64| (Place(*n), UserKey([u8::try_from(*n).unwrap(); 16]), Generation(0));
        Noted { epoch, given: places.iter().map(one).collect(), ended: Vec::new() }
    }

    fn ended(epoch: u16, places: &[u64]) -> Noted {
        Noted { epoch, given: Vec::new(), ended: places.iter().copied().map(Place).collect() }
    }

    fn numbers(places: &Places) -> Vec<u64> {
        places.live.keys().map(|place| place.0).collect()
    }

    async fn book(pages: &[Noted]) -> PlaceBook {
        let clock = Arc::new(HandClock::at(Moment(1)));
        let mut book = PlaceBook::new(Arc::new(MemoryRoomJournal::new(clock)), 1);
        for page in pages {
            book.note(page.clone()).await;
        }
        book
    }

    #[tokio::test]
    async fn the_order_of_an_end_and_its_place_does_not_matter() {
        for pages in [[given(1, &[1, 2]), ended(1, &[1])], [ended(1, &[1]), given(1, &[1, 2])]] {
            let places = book(&pages).await.read().await.unwrap();
            assert_eq!((numbers(&places), places.issued(), places.first()), (vec![2], 2, 2));
        }
    }

    #[tokio::test]
    async fn a_new_life_forgets_the_old_one_and_what_comes_late_from_it() {
        let pages = [given(1, &[1, 2]), given(2, &[1]), given(1, &[3]), ended(1, &[1])];
        let places = book(&pages).await.read().await.unwrap();
        assert_eq!((places.epoch, numbers(&places)), (2, vec![1]));
    }

    #[tokio::test]
    async fn a_shortened_book_says_the_same() {
        let book = book(&[given(1, &[1, 2, 3]), ended(1, &[2]), given(1, &[4])]).await;
        let before = book.read().await.unwrap();
        book.shorten(&before).await.unwrap();
        assert_eq!(book.read().await.unwrap(), before);
    }

    #[tokio::test]
    async fn the_newest_token_of_a_place_counts() {
        let mut newer = given(1, &[1]);
        newer.given[0].2 = Generation(3);
        let book = book(&[newer, given(1, &[1])]).await;
        let places = book.read().await.unwrap();
        assert_eq!(places.live[&Place(1)].1, Generation(3));
    }
}
