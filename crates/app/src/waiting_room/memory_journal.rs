//! A journal of rooms in memory: several desks of one process share a room by it, as tests need.

use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::room_journal::{Book, Entry, News, RoomJournal};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Books in memory.
pub struct MemoryRoomJournal {
    clock: Arc<dyn Clock>,
    books: Mutex<HashMap<Book, Kept>>,
}

#[derive(Default)]
struct Kept {
    image: Option<(u64, Vec<u8>)>,
    entries: Vec<Entry>,
    last: u64,
    at_us: i64,
}

impl MemoryRoomJournal {
    /// Empty books, with the time of a clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, books: Mutex::default() }
    }

    fn with<T>(&self, book: Book, act: impl FnOnce(&mut Kept) -> T) -> T {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        act(books.entry(book).or_default())
    }
}

#[async_trait]
impl RoomJournal for MemoryRoomJournal {
    async fn exchange(
        &self,
        book: Book,
        since: u64,
        entry: Option<Vec<u8>>,
    ) -> Result<News, Trouble> {
        let now_us = self.clock.now().0;
        Ok(self.with(book, |kept| {
            if let Some(bytes) = entry {
                kept.last += 1;
                kept.at_us = kept.at_us.max(now_us);
                let (sequence, at_us) = (kept.last, kept.at_us);
                kept.entries.push(Entry { sequence, at_us, bytes });
            }
            let first = kept.entries.first().map_or(kept.last + 1, |entry| entry.sequence);
            let image = kept.image.clone().filter(|_| since == 0 || since + 1 < first);
            let since = image.as_ref().map_or(since, |(sequence, _)| *sequence);
            let entries = kept.entries.iter().filter(|entry| entry.sequence > since);
            News { entries: entries.cloned().collect(), image }
        }))
    }

    async fn keep(&self, book: Book, sequence: u64, image: Vec<u8>) -> Result<(), Trouble> {
        self.with(book, |kept| {
            let before = kept.image.as_ref().map_or(0, |(before, _)| *before);
            if sequence > before {
                kept.entries.retain(|entry| entry.sequence > before);
                kept.image = Some((sequence, image));
            }
        });
        Ok(())
    }
}
