//! Defects that are planted on purpose, each by its name in `ADMITONE_SABOTAGE`: the laboratory's
//! auditor has to find every one of them. Only built with the feature `sabotage`, never in a house
//! that sells.

mod answers;
mod store;

use admitone_app::ports::delivery::Delivery;
use admitone_app::ports::store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// A batch is answered and not committed.
    LostCommit,
    /// A reservation is not written.
    LoseReservation,
    /// A reservation is written for another buyer.
    OtherBuyer,
    /// A reservation is written with other seats.
    OtherSeat,
    /// A release is not written.
    ForgetRelease,
    /// A seat that is held stays free.
    SeatStaysFree,
    /// Tickets that are held are not counted.
    StockNotCounted,
    /// They are counted once more.
    StockCountedTwice,
    /// A wallet's entry is not written.
    LoseEntry,
    /// It is written twice.
    DoubleEntry,
    /// It is written over another amount.
    WrongEntry,
    /// The balance is one too high.
    WrongBalance,
    /// The balance stays as it was.
    KeepBalance,
    /// A payment is not written.
    LosePayment,
    /// What was paid stays only held.
    PaidForNothing,
    /// A hold is written as given up.
    GiveUp,
    /// A hold is written as sold.
    ForFree,
    /// Rows are decided on as they were a while ago.
    StaleRows,
    /// What was answered is forgotten, so that a repetition is done again.
    NoMemory,
    /// Holds never end.
    LateExpiry,
    /// Holds end at once.
    EarlyExpiry,
    /// Another balance is told.
    TellOtherBalance,
    /// Another reservation is told.
    TellOtherReservation,
    /// What was done is told to be refused.
    TellRefusal,
    /// A command is done again under another name.
    DoTwice,
    /// Somebody is told what another was told.
    TellAnothers,
    /// Memory is taken with a batch and never given back.
    LeakMemory,
    /// Files are opened with a batch and never closed.
    LeakFiles,
}

/// The names.
const DEEDS: [(&str, Deed); 28] = [
    ("lost-commit", Deed::LostCommit),
    ("lose-reservation", Deed::LoseReservation),
    ("other-buyer", Deed::OtherBuyer),
    ("other-seat", Deed::OtherSeat),
    ("forget-release", Deed::ForgetRelease),
    ("seat-stays-free", Deed::SeatStaysFree),
    ("stock-not-counted", Deed::StockNotCounted),
    ("stock-counted-twice", Deed::StockCountedTwice),
    ("lose-entry", Deed::LoseEntry),
    ("double-entry", Deed::DoubleEntry),
    ("wrong-entry", Deed::WrongEntry),
    ("wrong-balance", Deed::WrongBalance),
    ("keep-balance", Deed::KeepBalance),
    ("lose-payment", Deed::LosePayment),
    ("paid-for-nothing", Deed::PaidForNothing),
    ("give-up", Deed::GiveUp),
    ("for-free", Deed::ForFree),
    ("stale-rows", Deed::StaleRows),
    ("no-memory", Deed::NoMemory),
    ("late-expiry", Deed::LateExpiry),
    ("early-expiry", Deed::EarlyExpiry),
    ("tell-other-balance", Deed::TellOtherBalance),
    ("tell-other-reservation", Deed::TellOtherReservation),
    ("tell-refusal", Deed::TellRefusal),
    ("do-twice", Deed::DoTwice),
    ("tell-anothers", Deed::TellAnothers),
    ("leak-memory", Deed::LeakMemory),
    ("leak-files", Deed::LeakFiles),
];

/// One in so many is done wrong: now and then is harder to find than always.
const ONE_IN: u64 = 7;

/// Whose turn it is to be done wrong.
#[derive(Debug)]
struct Turn {
    deed: Deed,
    count: AtomicU64,
}

impl Turn {
    fn is_due(&self, deed: Deed) -> bool {
        self.deed == deed && self.count.fetch_add(1, Ordering::Relaxed) % ONE_IN == ONE_IN - 1
    }
}

fn turn() -> Option<Arc<Turn>> {
    let name = std::env::var("ADMITONE_SABOTAGE").ok()?;
    let found = DEEDS.iter().find(|(known, _)| *known == name)?;
    tracing::warn!(name, "selling with a planted defect");
    Some(Arc::new(Turn { deed: found.1, count: AtomicU64::new(0) }))
}

/// The store with its defect, if one is planted.
pub(crate) fn store(store: Arc<dyn Store>) -> Arc<dyn Store> {
    match turn() {
        Some(turn) => Arc::new(store::Spoilt::new(store, turn)),
        None => store,
    }
}

/// The delivery with its defect, if one is planted.
pub(crate) fn delivery(delivery: Arc<dyn Delivery>) -> Arc<dyn Delivery> {
    match turn() {
        Some(turn) => Arc::new(answers::Spoilt::new(delivery, turn)),
        None => delivery,
    }
}
