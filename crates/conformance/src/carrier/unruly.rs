//! What misbehaves on purpose: stores, a lock and a carrier for the cases of workers.

use admitone_app::memory::MemoryStore;
use admitone_app::ports::carrier::{
    Abilities, Carrier, Consumer, Dead, Heard, Outgoing, Return, Tag,
};
use admitone_app::ports::hints::Hints;
use admitone_app::ports::lock::{Guard, Lock, NoLock};
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::{CommandId, Key, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A store in which a batch never ends.
pub(super) struct Stuck {
    pub(super) begun: Arc<AtomicU32>,
}

#[async_trait]
impl Store for Stuck {
    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    async fn begin(&self, _mode: Mode, _fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        Ok(Fence { name: name.to_owned(), token: 0 })
    }

    async fn reserve(&self, _sequence: Sequence, _count: u64) -> Result<u64, Trouble> {
        Ok(1)
    }
}

/// When what comes is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acknowledged {
    /// Before anybody has it.
    TooEarly,
    /// Never: whoever wants to dies before it is said.
    Never,
}

/// Acknowledges at another time than its consumer wants.
pub(super) struct Unruly(pub(super) Arc<dyn Carrier>, pub(super) Acknowledged);

struct UnrulyConsumer(Box<dyn Consumer>, Acknowledged);

#[async_trait]
impl Carrier for Unruly {
    fn abilities(&self) -> Abilities {
        self.0.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        self.0.publish(jobs).await
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        Ok(Box::new(UnrulyConsumer(self.0.consumer().await?, self.1)))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.0.check().await
    }
}

#[async_trait]
impl Consumer for UnrulyConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        let heard = self.0.next(jobs_max).await?;
        if let (Heard::Jobs(jobs), Acknowledged::TooEarly) = (&heard, self.1) {
            let tags: Vec<Tag> = jobs.iter().map(|job| job.tag).collect();
            self.0.acknowledge(&tags).await?;
        }
        Ok(heard)
    }

    async fn acknowledge(&mut self, _tags: &[Tag]) -> Result<(), Trouble> {
        match self.1 {
            Acknowledged::TooEarly => Ok(()),
            Acknowledged::Never => std::future::pending().await,
        }
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        self.0.give_back(jobs).await
    }

    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        self.0.put_away(jobs).await
    }

    async fn leave(self: Box<Self>) {
        self.0.leave().await;
    }
}

/// Which commands somebody was told to be answered.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Vec<CommandId>>);

impl Told {
    pub(super) fn has(&self, name: CommandId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&name)
    }
}

#[async_trait]
impl Hints for Told {
    async fn tell(&self, names: &[CommandId]) -> Result<(), Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
        Ok(())
    }

    async fn heard(&self) -> Vec<CommandId> {
        std::future::pending().await
    }
}

/// A store that cannot stand one command.
pub(super) struct Allergic(pub(super) MemoryStore, pub(super) CommandId, pub(super) Reaction);

/// What whoever loads that command meets.
#[derive(Clone)]
pub(super) enum Reaction {
    /// Trouble.
    Fails,
    /// No end, counted.
    NeverEnds(Arc<AtomicU32>),
}

struct AllergicTransaction(Box<dyn Transaction>, CommandId, Reaction);

#[async_trait]
impl Store for Allergic {
    fn modes(&self) -> &'static [Mode] {
        &Mode::ALL
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let inner = self.0.begin(mode, fences).await?;
        Ok(Box::new(AllergicTransaction(inner, self.1, self.2.clone())))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.0.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.0.reserve(sequence, count).await
    }
}

#[async_trait]
impl Transaction for AllergicTransaction {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        if !wanted.commands.contains(&self.1) {
            return self.0.load(wanted, rows).await;
        }
        match &self.2 {
            Reaction::Fails => {
                Err(Trouble::new(TroubleKind::Inconsistent, "load", "allergic to it"))
            }
            Reaction::NeverEnds(count) => {
                count.fetch_add(1, Ordering::SeqCst);
                std::future::pending().await
            }
        }
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.0.save(verdict).await
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        self.0.commit().await
    }
}

/// A lock that somebody else has, for so many tries.
pub(super) struct Busy {
    pub(super) left: AtomicU32,
}

#[async_trait]
impl Lock for Busy {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        let less = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(Trouble::new(TroubleKind::Busy, "acquire", "somebody else has it"));
        }
        NoLock.acquire(keys, patience_ms).await
    }
}
