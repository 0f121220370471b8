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
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// A place is kept within this time, or the user is answered before it is.
const PATIENCE: Duration = Duration::from_millis(500);
/// Who writes reads nothing.
const NOTHING: u64 = u64::MAX >> 1;
/// After so many news of places the book is made shorter, or after as many as its image has live
/// ones: an image costs as much as what it stands for.
const NEWS_PER_IMAGE: usize = 16_384;
/// What an image begins with, which no entry does.
const IMAGE: [u8; 2] = [0, 1];

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
    /// All places up to this one are over.
    over_to: u64,
    /// The places behind it that are over.
    ended: BTreeSet<Place>,
    /// The last entry that is in it.
    sequence: u64,
}

/// One instance's way to the book of a room.
pub struct PlaceBook {
    journal: Arc<dyn RoomJournal>,
    room: u32,
    /// What could not be written yet, the oldest life first.
    unsaved: Vec<Noted>,
    /// Where it is made shorter, if it is.
    tracker: Option<TaskTracker>,
    /// So many news this instance wrote since then, and after how many it does so.
    written: usize,
    news_per_image: Arc<AtomicUsize>,
}

/// What the book comes to, as it is kept.
#[derive(Serialize, Deserialize)]
struct Image {
    noted: Noted,
    over_to: u64,
}

impl PlaceBook {
    /// The book of a room.
    pub fn new(journal: Arc<dyn RoomJournal>, room: u32) -> Self {
        let news_per_image = Arc::new(AtomicUsize::new(NEWS_PER_IMAGE));
        Self { journal, room, unsaved: Vec::new(), tracker: None, written: 0, news_per_image }
    }

    /// The same, made shorter now and then. Shutdown waits for the tasks in `tracker`.
    #[must_use]
    pub fn shortened_in(self, tracker: TaskTracker) -> Self {
        Self { tracker: Some(tracker), ..self }
    }

    /// Writes down what is new. What cannot be written now is written with the next news; the
    /// line does not stand still for it.
    pub async fn note(&mut self, noted: Noted) {
        self.written += noted.given.len() + noted.ended.len();
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
                self.shorten_if_long();
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

    /// Makes it shorter after enough news, while the room goes on.
    fn shorten_if_long(&mut self) {
        let enough = self.news_per_image.load(Ordering::Relaxed);
        let Some(tracker) = self.tracker.as_ref().filter(|_| self.written >= enough) else {
            return;
        };
        self.written = 0;
        let (room, enough) = (self.room, Arc::clone(&self.news_per_image));
        let book = Self::new(Arc::clone(&self.journal), room);
        tracker.spawn(async move {
            let shortened = async {
                let places = book.read().await?;
                enough.store(places.live.len().max(NEWS_PER_IMAGE), Ordering::Relaxed);
                book.shorten(&places).await
            };
            if let Err(trouble) = shortened.await {
                tracing::warn!(room, %trouble, "the book of places stays long");
            }
        });
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
        let unreadable = |error| Trouble::new(TroubleKind::Inconsistent, "read places", error);
        let News { image, entries } = news;
        let mut pages: Vec<Vec<Noted>> = Vec::with_capacity(entries.len() + 1);
        if let Some((_, bytes)) = image {
            if let Some(bytes) = bytes.strip_prefix(&IMAGE) {
                let Image { noted, over_to } = postcard::from_bytes(bytes).map_err(unreadable)?;
                (places.epoch, places.over_to) = (noted.epoch, over_to);
                pages.push(vec![noted]);
            } else {
                pages.push(postcard::from_bytes(&bytes).map_err(unreadable)?);
            }
        }
        for entry in entries {
            pages.push(postcard::from_bytes(&entry.bytes).map_err(unreadable)?);
        }
        for noted in pages.iter().flatten() {
            places.add(noted);
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
        let image = Image { noted, over_to: places.over_to };
        // Writing into a growing vector fails for no value that these types can hold.
        let bytes = postcard::to_extend(&image, IMAGE.to_vec()).unwrap_or_default();
        self.journal.keep(self.book(), places.sequence, bytes).await
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
        live.max(self.ended.last().map_or(self.over_to, |place| place.0))
    }

    /// The first place that is not over, or the one behind all of them.
    pub fn first(&self) -> u64 {
        self.live.first_key_value().map_or(self.issued() + 1, |(place, _)| place.0)
    }

    /// The places that are over, in their order.
    pub fn ended(&self) -> impl Iterator<Item = Place> {
        (1..=self.over_to).map(Place).chain(self.ended.iter().copied())
    }

    fn is_over(&self, place: Place) -> bool {
        place.0 <= self.over_to || self.ended.contains(&place)
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
            if !self.is_over(*place) {
                self.ended.insert(*place);
            }
        }
        // Almost all that are over stand at the beginning, one behind the other.
        while self.ended.first() == Some(&Place(self.over_to + 1)) {
            self.ended.pop_first();
            self.over_to += 1;
        }
        for (place, user, generation) in &noted.given {
            if !self.is_over(*place) {
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
    async fn what_is_over_from_the_beginning_on_is_one_number() {
        let mut book = book(&[given(1, &[1, 2, 3, 4]), ended(1, &[4, 2, 1])]).await;
        let places = book.read().await.unwrap();
        assert_eq!((places.over_to, places.ended.len()), (2, 1));
        book.shorten(&places).await.unwrap();
        book.note(ended(1, &[3])).await;
        // Told once more, and late.
        book.note(given(1, &[1, 5])).await;
        let places = book.read().await.unwrap();
        assert_eq!((places.over_to, places.ended.len(), numbers(&places)), (4, 0, vec![5]));
        let over: Vec<u64> = places.ended().map(|place| place.0).collect();
        assert_eq!((over, places.issued(), places.first()), (vec![1, 2, 3, 4], 5, 5));
    }

    const PAGES: u64 = 200;

    /// Two hundred times a thousand people come and go; how many entries the book has then, how long
    /// its image is, and what it comes to.
    async fn of_a_crowd(tracker: Option<&TaskTracker>) -> (usize, usize, Places) {
        let journal = Arc::new(MemoryRoomJournal::new(Arc::new(HandClock::at(Moment(1)))));
        let mut book = PlaceBook::new(journal.clone(), 1);
        book.tracker = tracker.cloned();
        for page in 0..PAGES {
            let places = (page * 1_000 + 1..=page * 1_000 + 1_000).map(Place);
            let user = UserKey([7; 16]);
            let given = places.clone().map(|place| (place, user, Generation(0))).collect();
            book.note(Noted { epoch: 1, given, ended: Vec::new() }).await;
            book.note(Noted { epoch: 1, given: Vec::new(), ended: places.collect() }).await;
            until_idle(tracker).await;
        }
        let news = journal.exchange(Book::Places(1), 0, None).await.unwrap();
        let image = news.image.map_or(0, |(_, image)| image.len());
        (news.entries.len(), image, book.read().await.unwrap())
    }

    /// An image is made in its own time.
    async fn until_idle(tracker: Option<&TaskTracker>) {
        while tracker.is_some_and(|tracker| !tracker.is_empty()) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_book_is_as_long_as_there_are_places_and_not_as_there_was_news() {
        let (entries, image, places) = of_a_crowd(Some(&TaskTracker::new())).await;
        assert!(entries < 64 && image < 64, "{entries} entries, an image of {image} bytes");
        let (all, _, unshortened) = of_a_crowd(None).await;
        assert_eq!(all, 2 * usize::try_from(PAGES).unwrap(), "else it grows with whoever came");
        assert_eq!((places.issued(), places.over_to), (PAGES * 1_000, PAGES * 1_000));
        assert_eq!(Places { sequence: 0, ..places }, Places { sequence: 0, ..unshortened });
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
