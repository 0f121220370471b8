//! A waiting room that several instances share through nothing but a journal. Each has the room
//! itself in memory; what is asked of any of them is written into the journal first, which gives
//! it an order and a time, and every instance lets the same happen in that order. A room is a
//! pure function of what was asked and when, so all of them are the same room, and the answer to
//! a question is known as soon as it stands in the journal: one round trip.
//!
//! Nobody leads, so nobody has to be waited for when he falls silent.

use super::batch::{Batch, Outcome};
use super::place::Place;
use super::record::Record;
use super::room::Room;
use super::settings::RoomSettings;
use crate::ports::room_journal::{Book, Entry, News, RoomJournal};
use crate::ports::shared_room::{Exchanged, PassChanges, SharedPass, SharedRoom, SharedRooms};
use crate::{Trouble, TroubleKind};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// Everybody who lets the same happen has to have the same rules. Whoever changes what a room does
/// with what it is asked counts this up. The first entry of a newer version puts older instances
/// out: what they write behind it counts for nobody, and they answer nobody.
const RULES: u8 = 1;

/// An image is made whenever so many entries were written, by whoever wrote the last of them.
const ENTRIES_PER_IMAGE: u64 = 1_024;

/// The waiting rooms in a journal.
pub struct JournalRooms {
    journal: Arc<dyn RoomJournal>,
    tracker: TaskTracker,
}

impl JournalRooms {
    /// Rooms in this journal. Shutdown waits for the tasks in `tracker`.
    pub fn new(journal: Arc<dyn RoomJournal>, tracker: TaskTracker) -> Self {
        Self { journal, tracker }
    }
}

#[async_trait]
impl SharedRooms for JournalRooms {
    async fn open(
        &self,
        room: u32,
        settings: &RoomSettings,
    ) -> Result<Box<dyn SharedRoom>, Trouble> {
        settings.validate().map_err(broken)?;
        let journal = Arc::clone(&self.journal);
        let mut replica = Replica::new(room, journal, self.tracker.clone(), RULES);
        replica.open(settings).await?;
        Ok(Box::new(replica))
    }
}

/// What an entry says.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    /// The room was made with these settings, unless it was there.
    Opened(Box<RoomSettings>),
    /// An instance asked this.
    Asked(Batch),
}

/// One instance's copy of a room.
struct Replica {
    number: u32,
    journal: Arc<dyn RoomJournal>,
    tracker: TaskTracker,
    /// The rules of this instance, and the newest that the journal knows.
    own_rules: u8,
    rules: u8,
    /// `None` until the journal says how it was made.
    room: Option<Room>,
    /// The last entry that happened in it.
    sequence: u64,
    /// Whose pass changed since the desk was told last.
    changed: BTreeSet<Place>,
    /// Whether the desk has to be told of all who are inside.
    is_whole: bool,
}

#[async_trait]
impl SharedRoom for Replica {
    async fn exchange(&mut self, batch: &Batch) -> Result<Exchanged, Trouble> {
        let asks = *batch != Batch::default();
        if !asks && !self.is_restless() {
            // Where nothing is asked and nobody waits, looking is enough.
            self.exchange_entry(None).await?;
        }
        let answered = if asks || self.is_restless() {
            self.exchange_entry(Some(&Said::Asked(batch.clone()))).await?
        } else {
            None
        };
        let passes = self.take_changes();
        let Some(room) = &self.room else { return Err(broken("nobody made the room")) };
        let outcome = answered.unwrap_or_else(|| Outcome::nothing(room.snapshot()));
        Ok(Exchanged { outcome, gauges: room.gauges(), settings: room.settings().clone(), passes })
    }
}

impl Replica {
    fn new(
        number: u32,
        journal: Arc<dyn RoomJournal>,
        tracker: TaskTracker,
        own_rules: u8,
    ) -> Self {
        Self {
            number,
            journal,
            tracker,
            own_rules,
            rules: 0,
            room: None,
            sequence: 0,
            changed: BTreeSet::new(),
            is_whole: true,
        }
    }

    /// Reads the room; makes it if there is none.
    async fn open(&mut self, settings: &RoomSettings) -> Result<(), Trouble> {
        self.exchange_entry(None).await?;
        if self.room.is_none() {
            // Several may write this; the first of them is the beginning.
            let made = Said::Opened(Box::new(settings.clone()));
            self.exchange_entry(Some(&made)).await?;
        }
        Ok(())
    }

    /// Whether time alone can change anything, as far as is known here.
    fn is_restless(&self) -> bool {
        self.room.as_ref().is_some_and(Room::is_restless)
    }

    fn book(&self) -> Book {
        Book::Asked(self.number)
    }

    /// Writes an entry, lets everything happen that is written up to it, and says what came of it.
    async fn exchange_entry(&mut self, said: Option<&Said>) -> Result<Option<Outcome>, Trouble> {
        self.check_rules(self.rules)?;
        let bytes = said.map(|said| encode(said, self.own_rules));
        let news = self.journal.exchange(self.book(), self.sequence, bytes).await?;
        let news = if news.follows(self.sequence) { news } else { self.begin_anew(&news).await? };
        let own = said.and(news.last());
        let outcome = self.follow(news)?;
        if let Some(sequence) = own.filter(|own| own % ENTRIES_PER_IMAGE == 0) {
            self.keep_image(sequence);
        }
        Ok(outcome.filter(|_| said.is_some()))
    }

    /// Entries were dropped while they were being read: again from the image, and no farther than
    /// the own entry, which has to be the last.
    async fn begin_anew(&mut self, told: &News) -> Result<News, Trouble> {
        let mut news = self.journal.exchange(self.book(), 0, None).await?;
        let last = told.last().unwrap_or(u64::MAX);
        news.entries.retain(|entry| entry.sequence <= last);
        let is_whole = news.image.is_some() && news.follows(0) && news.last() == Some(last);
        is_whole.then_some(news).ok_or_else(|| broken("a gap in the journal"))
    }

    /// Lets everything happen that is told; what came of the last of it.
    fn follow(&mut self, news: News) -> Result<Option<Outcome>, Trouble> {
        if let Some((sequence, image)) = news.image {
            let (rules, bytes) = image.split_first().ok_or_else(|| broken("an empty image"))?;
            // Kept also when they are too new: then nothing is written any more.
            self.rules = *rules;
            self.check_rules(*rules)?;
            self.room = Some(Room::from_whole(bytes).map_err(broken)?);
            (self.sequence, self.is_whole) = (sequence, true);
        }
        let mut outcome = None;
        for entry in news.entries {
            outcome = self.happen(&entry)?;
            self.sequence = entry.sequence;
        }
        Ok(outcome)
    }

    fn happen(&mut self, entry: &Entry) -> Result<Option<Outcome>, Trouble> {
        let (rules, bytes) = entry.bytes.split_first().ok_or_else(|| broken("an empty entry"))?;
        if *rules < self.rules {
            return Ok(None);
        }
        self.rules = *rules;
        self.check_rules(*rules)?;
        match (postcard::from_bytes(bytes).map_err(broken)?, &mut self.room) {
            (Said::Opened(settings), none @ None) => {
                *none = Some(Room::new(self.number, *settings, entry.at_us).map_err(broken)?);
                Ok(None)
            }
            (Said::Opened(_), Some(_)) => Ok(None),
            (Said::Asked(_), None) => Err(broken("a question before the room was made")),
            (Said::Asked(batch), Some(room)) => {
                let mut outcome = room.exchange(entry.at_us, &batch);
                for record in std::mem::take(&mut outcome.records) {
                    self.note(&record);
                }
                Ok(Some(outcome))
            }
        }
    }

    /// Whoever has older rules would let something else happen than everybody else.
    fn check_rules(&self, rules: u8) -> Result<(), Trouble> {
        if rules <= self.own_rules {
            return Ok(());
        }
        let detail = format!("an instance of a newer version has the room (rules {rules})");
        Err(Trouble::new(TroubleKind::Unavailable, "follow a shared room", detail))
    }

    fn note(&mut self, record: &Record) {
        match record {
            Record::Admitted { place, .. }
            | Record::Claimed { place, .. }
            | Record::Extended { place, .. }
            | Record::Renewed { place }
            | Record::Lapsed { place }
            | Record::Ended { place, .. } => {
                self.changed.insert(*place);
            }
            Record::Reset => self.is_whole = true,
            Record::Clock { .. }
            | Record::Frontier { .. }
            | Record::Joined { .. }
            | Record::Called { .. }
            | Record::Changed(_) => {}
        }
    }

    /// Whose passes changed since this was asked last, and how they stand now.
    fn take_changes(&mut self) -> PassChanges {
        let changed = std::mem::take(&mut self.changed);
        let Some(room) = &self.room else { return PassChanges::default() };
        let is_whole = std::mem::take(&mut self.is_whole);
        let places = if is_whole { room.inside().collect() } else { changed };
        let pass = |place: Place| {
            let (slot, generation) = room.slot(place)?;
            Some(SharedPass {
                user: slot.user,
                generation,
                called_us: slot.called_us,
                deadline_us: slot.deadline_us,
                is_claimed: slot.claimed,
            })
        };
        let changed = places.into_iter().map(|place| (place, pass(place))).collect();
        PassChanges { is_whole, changed }
    }

    /// The bytes are made and written elsewhere, while the room goes on.
    fn keep_image(&self, sequence: u64) {
        let Some(whole) = self.room.as_ref().map(Room::whole) else { return };
        let (journal, book, room) = (Arc::clone(&self.journal), self.book(), self.number);
        let rules = self.rules;
        self.tracker.spawn(async move {
            let encode = move || {
                let mut image = vec![rules];
                image.extend(whole.encode());
                image
            };
            let kept = match tokio::task::spawn_blocking(encode).await {
                Ok(image) => journal.keep(book, sequence, image).await.map_err(|t| t.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = kept {
                tracing::warn!(room, sequence, error, "no image of a shared room was kept");
            }
        });
    }
}

fn encode(said: &Said, rules: u8) -> Vec<u8> {
    // Writing into a growing vector fails for no value that these types can hold.
    postcard::to_extend(said, vec![rules]).unwrap_or_default()
}

fn broken(detail: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "follow a shared room", detail)
}

#[cfg(test)]
mod tests;
