//! The store port: one transaction at a time, durable by one row of the journal.

use crate::answers::Place;
use crate::journal;
use crate::open::{Shared, SqliteStore};
use crate::tables::read;
use crate::trouble;
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::NUMBER_MAX;
use admitone_domain::{CommandId, Key, KeyMap, Loaded, Moment, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

#[async_trait]
impl Store for SqliteStore {
    /// Plain only: nobody else can come between the load and the save.
    fn modes(&self) -> &'static [Mode] {
        &[Mode::Plain]
    }

    async fn begin(&self, _mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        self.shared.check()?;
        let writer = Arc::clone(&self.writer).lock_owned().await;
        if self.shared.memory().lag() > self.options.lag_max {
            self.folder.fold().await?;
        }
        let shared = Arc::clone(&self.shared);
        let fences = fences.clone();
        Ok(Box::new(Batch { shared, fences, verdict: None, _writer: writer }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        let token = self.shared.journal.draw_fence(name)?;
        Ok(Fence { name: name.to_owned(), token })
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.shared.journal.reserve(sequence.name(), count)
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.shared.check()?;
        self.shared.journal.check()
    }
}

struct Batch {
    shared: Arc<Shared>,
    fences: Fences,
    verdict: Option<Arc<Verdict>>,
    _writer: OwnedMutexGuard<()>,
}

#[async_trait]
impl Transaction for Batch {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        if rows.now == Moment::default() {
            rows.now = self.shared.clock.now();
        }
        let (misses, answered) = self.shared.look_up(wanted, rows);
        self.shared.load_misses(&misses, rows)?;
        let kept = answered.into_iter().map(|(id, place)| self.shared.answer_at(id, place));
        kept.filter_map(Result::transpose).collect()
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.verdict = Some(Arc::clone(verdict));
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        let Some(verdict) = &self.verdict else { return Ok(()) };
        for fence in &self.fences.0 {
            let newest = journal::newest_fence(&self.shared.journal_reader(), &fence.name)?;
            if newest > fence.token {
                return Err(Trouble::new(TroubleKind::Fenced, "commit", &fence.name));
            }
        }
        let seq = self.shared.memory().seq + 1;
        let body = postcard::to_stdvec(&**verdict)
            .map_err(|error| trouble::unreadable("write a batch", error))?;
        self.shared.journal.append(seq, &body)?;
        self.shared.memory().take(seq, Arc::clone(verdict));
        Ok(())
    }
}

impl Shared {
    /// Loads what memory has, under one taking of its lock. What it does not know of, and where
    /// the answers are of commands that have one.
    fn look_up(&self, wanted: &Wanted, rows: &mut Rows) -> (Vec<Key>, Vec<(CommandId, Place)>) {
        let mut memory = self.memory();
        let mut misses = Vec::new();
        for key in &wanted.keys {
            match memory.find(*key) {
                Some(known) => rows.insert(*key, known.row()),
                None => misses.push(*key),
            }
        }
        let due = wanted.due_of.iter().flat_map(|show| memory.due.of_show(*show, rows.now));
        rows.due = due.collect();
        let answers = wanted.commands.iter().map(|id| (*id, memory.answers.find(*id)));
        let answered = answers.filter(|(_, place)| !matches!(place, Place::Nowhere)).collect();
        (misses, answered)
    }

    fn load_misses(&self, misses: &[Key], rows: &mut Rows) -> Result<(), Trouble> {
        for (key, found) in misses.iter().zip(self.rows_in_tables(misses)?) {
            rows.insert(*key, found);
        }
        Ok(())
    }

    /// Rows from the tables, remembered for the next time.
    pub(crate) fn rows_in_tables(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = self.memory().round();
        let (found, neighbours) = self.read(|tables| {
            let neighbours = seats_around(tables, keys)?;
            let one = |key: &Key| match neighbours.get(key) {
                Some(loaded) => Ok(Some(loaded.clone())),
                None => read::row(tables, *key),
            };
            Ok((keys.iter().map(one).collect::<Result<Vec<_>, _>>()?, neighbours))
        })?;
        let mut memory = self.memory();
        for (key, loaded) in neighbours {
            memory.remember(asked, key, Some(loaded));
        }
        // A batch may have been committed meanwhile: what memory knows by now is newer.
        Ok(keys.iter().zip(found).map(|(key, found)| memory.remember(asked, *key, found)).collect())
    }

    /// The answer that is kept of a command.
    pub(crate) fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        let place = self.memory().answers.find(id);
        self.answer_at(id, place)
    }

    fn answer_at(&self, id: CommandId, place: Place) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        match place {
            Place::Memory(answer) => Ok(Some(answer)),
            Place::Page(number) => {
                let found = self.read(|tables| read::answer(tables, number, id))?;
                Ok(found.map(Arc::new))
            }
            Place::Nowhere => Ok(None),
        }
    }
}

/// So many seats are read together: who holds a seat has neighbours who do so next.
const SEATS_TOGETHER: u64 = 32;

/// The seats that are asked for, with those around them.
fn seats_around(tables: &Connection, keys: &[Key]) -> Result<KeyMap<Loaded>, Trouble> {
    let seat = |key: &Key| if let Key::Seat(id) = key { Some(id.0 / SEATS_TOGETHER) } else { None };
    let mut found = KeyMap::default();
    let mut last = None;
    for block in keys.iter().filter_map(seat).filter(|block| *block < NUMBER_MAX / SEATS_TOGETHER) {
        if last != Some(block) {
            let from = block * SEATS_TOGETHER;
            for loaded in read::seats(tables, from, from + SEATS_TOGETHER - 1)? {
                found.insert(loaded.row.key(), loaded);
            }
        }
        last = Some(block);
    }
    Ok(found)
}
