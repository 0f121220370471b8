//! A store in front of a store: it counts batches, fails where it is told to, and lets commits
//! and draws of numbers through only while its gate is open.

use admitone_app::memory::MemoryStore;
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::{CommandId, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// What a commit comes to; told how many answers the batch has.
type Judge = dyn Fn(&Verdict) -> Option<TroubleKind> + Send + Sync;

/// What is done to rows on their way.
type Tear = dyn Fn(&mut Rows) + Send + Sync;

/// The store in front.
#[derive(Clone)]
pub(crate) struct Gate {
    store: MemoryStore,
    judge: Arc<Judge>,
    tear: Arc<Tear>,
    is_open: watch::Receiver<bool>,
    tried: Arc<Mutex<Vec<usize>>>,
    open: Arc<Mutex<Open>>,
}

/// How many transactions are open, and how many were at most.
#[derive(Default)]
struct Open {
    now: usize,
    most: usize,
}

/// One of those that are open.
struct OneOpen(Arc<Mutex<Open>>);

impl OneOpen {
    fn of(open: &Arc<Mutex<Open>>) -> Self {
        let mut counted = open.lock().unwrap();
        counted.now += 1;
        counted.most = counted.most.max(counted.now);
        Self(Arc::clone(open))
    }
}

impl Drop for OneOpen {
    fn drop(&mut self) {
        self.0.lock().unwrap().now -= 1;
    }
}

impl Gate {
    /// In front of a store; `judge` says which commits fail. The sender opens and shuts it.
    pub(crate) fn before(
        store: &MemoryStore,
        judge: impl Fn(&Verdict) -> Option<TroubleKind> + Send + Sync + 'static,
    ) -> (Self, watch::Sender<bool>) {
        let (opener, is_open) = watch::channel(true);
        let (store, judge, tear) = (store.clone(), Arc::new(judge), Arc::new(|_: &mut Rows| {}));
        let (tried, open) = (Arc::default(), Arc::default());
        (Self { store, judge, tear, is_open, tried, open }, opener)
    }

    /// Rows come through it as they never were.
    pub(crate) fn tearing(self, tear: impl Fn(&mut Rows) + Send + Sync + 'static) -> Self {
        Self { tear: Arc::new(tear), ..self }
    }

    /// How many commands each batch had that came to its commit, in order.
    pub(crate) fn tried(&self) -> Vec<usize> {
        self.tried.lock().unwrap().clone()
    }

    /// How many transactions were open at once, at most.
    pub(crate) fn most_open(&self) -> usize {
        self.open.lock().unwrap().most
    }
}

/// Fails every batch with this command.
pub(crate) fn against(
    command: u64,
    kind: TroubleKind,
) -> impl Fn(&Verdict) -> Option<TroubleKind> + Send + Sync {
    move |verdict| {
        let id = CommandId(u128::from(command));
        verdict.answers.iter().any(|answer| answer.id == id).then_some(kind)
    }
}

#[async_trait]
impl Store for Gate {
    fn modes(&self) -> &'static [Mode] {
        self.store.modes()
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let open = OneOpen::of(&self.open);
        let inner = self.store.begin(mode, fences).await?;
        Ok(Box::new(Passing { gate: self.clone(), inner, verdict: None, _open: open }))
    }

    async fn draw_fence(&self, name: &str) -> Result<Fence, Trouble> {
        self.store.draw_fence(name).await
    }

    async fn reserve(&self, sequence: Sequence, count: u64) -> Result<u64, Trouble> {
        self.is_open.clone().wait_for(|is_open| *is_open).await.unwrap();
        self.store.reserve(sequence, count).await
    }
}

struct Passing {
    gate: Gate,
    inner: Box<dyn Transaction>,
    verdict: Option<Arc<Verdict>>,
    _open: OneOpen,
}

#[async_trait]
impl Transaction for Passing {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let answers = self.inner.load(wanted, rows).await;
        (self.gate.tear)(rows);
        answers
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.verdict = Some(Arc::clone(verdict));
        self.inner.save(verdict).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), Trouble> {
        let verdict = self.verdict.clone().unwrap_or_default();
        self.gate.tried.lock().unwrap().push(verdict.answers.len());
        self.gate.is_open.wait_for(|is_open| *is_open).await.unwrap();
        match (self.gate.judge)(&verdict) {
            Some(kind) => Err(Trouble::new(kind, "commit", "the gate was told to fail")),
            None => self.inner.commit().await,
        }
    }
}
