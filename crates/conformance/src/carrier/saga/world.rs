//! What outlives every process: the store, the carrier, and a gateway that keeps its own ledger.

use super::super::FreshCarrier;
use super::super::workers::until;
use super::process::{Fuse, Sent};
use crate::sale::{self, NOW, programme};
use admitone_app::clock::HandClock;
use admitone_app::delivery::{Job, journey};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::gateway::{BackWord, Charge, Gateway, GiveBack, Word};
use admitone_app::ports::reads::{Asking, Page, Reads};
use admitone_app::ports::store::Mode;
use admitone_domain::Money;
use admitone_domain::id::BuyerId;
use admitone_domain::reservation::ItemState;
use admitone_domain::wallet::EntryKind;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) const ANN: BuyerId = BuyerId(1);
/// What comes into the wallet, where a story pays from it.
pub(super) const CHARGED: i64 = 100;
/// What the gateway calls the only payment.
pub(super) const KEY: &str = "key";

const ALL: Page = Page { before: None, limit: 1_000 };

/// What the gateway has taken, and given back by the number of the refund.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    taken: i64,
    backs: BTreeMap<u32, i64>,
}

/// The gateway as one process sees it.
pub(super) struct Line {
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) fuse: Arc<Fuse>,
}

impl Line {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Gateway for Line {
    async fn confirm(&self, charge: &Charge) -> Word {
        self.fuse.cross().await;
        self.ledger().taken = charge.amount.0;
        self.fuse.cross().await;
        Word::Taken
    }

    async fn find(&self, _charge: &Charge) -> Word {
        let word = {
            let ledger = self.ledger();
            match (ledger.taken, ledger.backs.is_empty()) {
                (0, _) => Word::Open,
                (_, true) => Word::Taken,
                (_, false) => Word::GivenBack(Money(ledger.backs.values().sum())),
            }
        };
        self.fuse.cross().await;
        word
    }

    async fn give_back(&self, _charge: &Charge, back: &GiveBack) -> BackWord {
        self.fuse.cross().await;
        // Asked again with the same number, it is not done again.
        self.ledger().backs.entry(back.number).or_insert(back.amount.0);
        self.fuse.cross().await;
        BackWord::Done
    }
}

pub(super) struct World {
    pub(super) fresh: FreshCarrier,
    pub(super) store: MemoryStore,
    pub(super) clock: Arc<HandClock>,
    pub(super) ledger: Arc<Mutex<Ledger>>,
    pub(super) sent: Sent,
}

impl World {
    /// A show with three seats for one each.
    pub(super) async fn open(fresh: FreshCarrier) -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        let store = MemoryStore::new(clock.clone());
        let settler = sale::settler(Arc::new(store.clone()), Mode::Optimistic);
        for reply in settler.settle(programme(3, 2).collect()).await {
            sale::answer(reply).unwrap_or_else(|refusal| panic!("{refusal}"));
        }
        Self { fresh, store, clock, ledger: Arc::default(), sent: Arc::default() }
    }

    /// Waits until everything that the carrier has confirmed is answered: it loses nothing.
    pub(super) async fn has_answered_all_that_was_sent(&self) {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for body in sent {
            let job = Job::decode(&body).unwrap_or_else(|error| panic!("{error}"));
            let names = [job.command.id, journey(&job.command)];
            let what = format!("the answer of {:?}", job.command);
            until(&what, || async {
                let found = self.store.answers(&names).await.ok()?;
                (!found.is_empty()).then_some(())
            })
            .await;
        }
    }

    /// What the house has of the buyer's money for tickets: at the gateway and from the wallet.
    pub(super) async fn kept(&self) -> i64 {
        let from_wallet = self.moved(EntryKind::Use).await - self.moved(EntryKind::Refund).await;
        from_wallet + self.by_gateway()
    }

    /// What the entries of a kind in the wallet come to.
    async fn moved(&self, kind: EntryKind) -> i64 {
        let entries = self.store.entries(ANN, ALL).await;
        let entries = entries.unwrap_or_else(|trouble| panic!("{trouble}"));
        entries.iter().filter(|entry| entry.kind == kind).map(|entry| entry.amount.0).sum()
    }

    fn by_gateway(&self) -> i64 {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.taken - ledger.backs.values().sum::<i64>()
    }

    /// What the buyer's tickets cost.
    pub(super) async fn worth(&self) -> i64 {
        let all = self.store.reservations(Some(ANN), ALL).await;
        let all = all.unwrap_or_else(|trouble| panic!("{trouble}"));
        all.iter().filter_map(|one| one.total_in(ItemState::Sold)).map(|sum| sum.0).sum()
    }

    /// Money is where tickets are, the wallet is the sum of its entries, and nothing is left hanging.
    pub(super) async fn audit(&self) -> Result<(), String> {
        let (kept, worth) = (self.kept().await, self.worth().await);
        if kept != worth {
            return Err(format!("{kept} was kept, and the tickets cost {worth}"));
        }
        let balance = sale::balance(&self.store, ANN).await;
        let charged = self.moved(EntryKind::Charge).await;
        // Asked for once under one name, however often: or never, where nobody pays from the wallet.
        if ![0, CHARGED].contains(&charged) {
            return Err(format!("{charged} came into the wallet, and {CHARGED} was charged"));
        }
        if charged - balance + self.by_gateway() != kept {
            return Err(format!("{charged} came into the wallet, {balance} is left, {kept} kept"));
        }
        let open = self.store.open_payments(Asking::Anybody, None, 100).await;
        match open.unwrap_or_else(|trouble| panic!("{trouble}")).first() {
            Some(payment) => Err(format!("left hanging: {payment:?}")),
            None => Ok(()),
        }
    }
}
