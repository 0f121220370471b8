//! What transactions read and wrote, with the versions: for the laboratory alone, which looks for
//! circles in it. A house that sells has none of this.
//!
//! Only committed transactions are kept, and of *conditional* ones only the rows that they did not
//! write: they add to a row whatever its version is, so the version that they saw says nothing about
//! who came before them.

use crate::Trouble;
use crate::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_domain::{Key, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// At most so many are kept; the oldest go first, and it is counted.
const KEPT_MAX: usize = 500_000;

/// A committed transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Which of this instance's.
    pub number: u64,
    /// The rows that it read, with their versions; 0 is a row that was not there.
    pub reads: Vec<(String, u64)>,
    /// The rows that it wrote, with the versions that it made.
    pub writes: Vec<(String, u64)>,
}

/// What an instance observed.
#[derive(Debug, Default)]
pub struct Observations {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    all: VecDeque<Observed>,
}

impl Observations {
    /// Those behind a number, at most so many, and how many were dropped before anybody asked.
    pub fn after(&self, number: u64, count: usize) -> (Vec<Observed>, u64) {
        let kept = self.kept();
        let dropped = kept.next - u64::try_from(kept.all.len()).unwrap_or(0);
        let behind = kept.all.iter().filter(|observed| observed.number > number);
        (behind.take(count).cloned().collect(), dropped)
    }

    fn add(&self, reads: &BTreeMap<Key, u64>, writes: &[(Key, u64)]) {
        let named = |(key, version): (&Key, &u64)| (format!("{key:?}"), *version);
        let mut kept = self.kept();
        kept.next += 1;
        let number = kept.next;
        let reads = reads.iter().map(named).collect();
        let writes = writes.iter().map(|(key, version)| named((key, version))).collect();
        kept.all.push_back(Observed { number, reads, writes });
        if kept.all.len() > KEPT_MAX {
            kept.all.pop_front();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store that is observed.
pub struct ObservedStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where it is written down.
    pub observations: Arc<Observations>,
}

#[async_trait]
impl Store for ObservedStore {
    fn modes(&self) -> &'static [Mode] {
        self.store.modes()
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        Ok(Box::new(ObservedTransaction {
            transaction: self.store.begin(mode, fences).await?,
            observations: Arc::clone(&self.observations),
            commutes: mode == Mode::Conditional,
            reads: BTreeMap::new(),
            writes: Vec::new(),
        }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.store.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.store.reserve(sequence, count).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.store.check().await
    }
}

struct ObservedTransaction {
    transaction: Box<dyn Transaction>,
    observations: Arc<Observations>,
    commutes: bool,
    reads: BTreeMap<Key, u64>,
    writes: Vec<(Key, u64)>,
}

#[async_trait]
impl Transaction for ObservedTransaction {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let known = self.transaction.load(wanted, rows).await?;
        for key in &wanted.keys {
            let version = rows.peek(*key).map_or(0, |found| found.version);
            self.reads.insert(*key, version);
        }
        Ok(known)
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        for change in &verdict.changes {
            if self.commutes {
                self.reads.remove(&change.key());
            } else {
                self.writes.push((change.key(), change.seen + 1));
            }
        }
        self.transaction.save(verdict).await
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        self.transaction.commit().await?;
        self.observations.add(&self.reads, &self.writes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::memory::MemoryStore;
    use admitone_domain::id::ShowId;

    #[tokio::test]
    async fn what_is_read_is_written_down_when_it_is_committed_and_not_before() {
        let observations = Arc::new(Observations::default());
        let store = ObservedStore {
            store: Arc::new(MemoryStore::new(Arc::new(SystemClock::default()))),
            observations: Arc::clone(&observations),
        };
        let wanted = Wanted { keys: vec![Key::Show(ShowId(1))], ..Wanted::default() };
        for commits in [false, true] {
            let mut transaction = store.begin(Mode::Plain, &Fences::default()).await.unwrap();
            transaction.load(&wanted, &mut Rows::default()).await.unwrap();
            if commits {
                transaction.save(&Arc::new(Verdict::default())).await.unwrap();
                transaction.commit().await.unwrap();
            }
            let (found, dropped) = observations.after(0, 10);
            assert_eq!((found.len(), dropped), (usize::from(commits), 0));
        }
        let (found, _) = observations.after(0, 10);
        assert_eq!(found[0].reads, [("Show(ShowId(1))".to_owned(), 0)]);
        assert!(observations.after(1, 10).0.is_empty());
    }
}
