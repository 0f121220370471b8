//! Defects in what is read and written.

use super::{Deed, Turn};
use admitone_app::Trouble;
use admitone_app::ports::store::{Fence, Fences, Mode, Sequence, Store, Transaction, Wanted};
use admitone_domain::id::{BuyerId, SeatId};
use admitone_domain::reservation::{ItemState, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::{Change, Key, Loaded, Moment, Money, Row, Rows, StoredAnswer, Verdict};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An hour in microseconds.
const HOUR_US: i64 = 3_600_000_000;
/// What is lost at a time, so that a soak of seconds shows what one of hours would.
const LEAK_BYTES: usize = 8 << 20;
const LEAK_FILES: usize = 8;

/// A store that does something wrong.
pub(super) struct Spoilt {
    store: Arc<dyn Store>,
    turn: Arc<Turn>,
    /// Rows as they were when they were loaded first.
    stale: Arc<Mutex<HashMap<Key, Loaded>>>,
}

impl Spoilt {
    pub(super) fn new(store: Arc<dyn Store>, turn: Arc<Turn>) -> Self {
        Self { store, turn, stale: Arc::default() }
    }
}

#[async_trait]
impl Store for Spoilt {
    fn modes(&self) -> &'static [Mode] {
        self.store.modes()
    }

    async fn begin(&self, mode: Mode, fences: &Fences) -> Result<Box<dyn Transaction>, Trouble> {
        let transaction = self.store.begin(mode, fences).await?;
        let (turn, stale) = (Arc::clone(&self.turn), Arc::clone(&self.stale));
        Ok(Box::new(SpoiltTransaction { transaction, turn, stale, is_meant: false }))
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

struct SpoiltTransaction {
    transaction: Box<dyn Transaction>,
    turn: Arc<Turn>,
    stale: Arc<Mutex<HashMap<Key, Loaded>>>,
    /// Whether a buyer's command is in it.
    is_meant: bool,
}

#[async_trait]
impl Transaction for SpoiltTransaction {
    async fn load(
        &mut self,
        wanted: &Wanted,
        rows: &mut Rows,
    ) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let mut known = self.transaction.load(wanted, rows).await?;
        match self.turn.deed {
            Deed::NoMemory => known.clear(),
            Deed::LateExpiry => {
                rows.due.clear();
                wanted.keys.iter().for_each(|key| lengthen(*key, rows));
            }
            // Now and then: where every clock is wrong alike, none is.
            Deed::EarlyExpiry if self.turn.is_due(Deed::EarlyExpiry) => {
                rows.now = Moment(rows.now.0 + 48 * HOUR_US);
            }
            Deed::StaleRows => self.make_stale(&wanted.keys, rows),
            _ => {}
        }
        Ok(known)
    }

    async fn save(&mut self, verdict: &Arc<Verdict>) -> Result<(), Trouble> {
        self.is_meant = verdict.changes.iter().any(|change| is_a_sale(&change.row));
        let mut spoilt = Verdict::clone(verdict);
        let turn = Arc::clone(&self.turn);
        spoilt.changes.retain_mut(|change| keep(&turn, change));
        let mut doubled = Vec::new();
        spoilt.entries.retain_mut(|entry| {
            if turn.is_due(Deed::WrongEntry) {
                entry.amount = Money(entry.amount.0 + 1);
            }
            if turn.is_due(Deed::DoubleEntry) {
                let mut again = *entry;
                again.id.0 += 1_000_000_000;
                doubled.push(again);
            }
            !turn.is_due(Deed::LoseEntry)
        });
        spoilt.entries.append(&mut doubled);
        self.transaction.save(&Arc::new(spoilt)).await
    }

    async fn commit(self: Box<Self>) -> Result<(), Trouble> {
        if self.is_meant && self.turn.is_due(Deed::LostCommit) {
            return Ok(());
        }
        if self.is_meant {
            leak(&self.turn);
        }
        self.transaction.commit().await
    }
}

impl SpoiltTransaction {
    /// Every so manieth row is as it was when it was loaded first.
    fn make_stale(&self, keys: &[Key], rows: &mut Rows) {
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            let Some(now) = rows.peek(*key).cloned() else { continue };
            let is_meant = matches!(*now.row, Row::Wallet(_) | Row::TicketType(_) | Row::Seat(_));
            let first = stale.entry(*key).or_insert_with(|| now.clone()).clone();
            if is_meant && self.turn.is_due(Deed::StaleRows) {
                rows.insert(*key, Some(Loaded { version: now.version, row: first.row }));
            }
        }
    }
}

/// A hold that was loaded seems to end an hour later.
fn lengthen(key: Key, rows: &mut Rows) {
    let Some(Loaded { version, row }) = rows.peek(key).cloned() else { return };
    let mut row = Row::clone(&row);
    match &mut row {
        Row::Reservation(found) => found.held_until = Moment(found.held_until.0 + HOUR_US),
        Row::Seat(seat) => {
            if let SeatState::Held { until, .. } = &mut seat.state {
                *until = Moment(until.0 + HOUR_US);
            }
        }
        _ => {}
    }
    rows.insert(key, Some(Loaded { version, row: Arc::new(row) }));
}

/// Takes something for good.
fn leak(turn: &Turn) {
    if turn.is_due(Deed::LeakMemory) {
        // Memory that nobody wrote to takes none.
        std::mem::forget(vec![1_u8; LEAK_BYTES]);
    }
    if turn.is_due(Deed::LeakFiles) {
        (0..LEAK_FILES).for_each(|_| std::mem::forget(std::fs::File::open("/dev/null")));
    }
}

fn is_a_sale(row: &Row) -> bool {
    matches!(row, Row::Wallet(_) | Row::Reservation(_))
}

/// Spoils a change; whether it is written at all.
fn keep(turn: &Turn, change: &mut Change) -> bool {
    let version = change.seen;
    let mut row = Row::clone(&change.row);
    let is_kept = match &mut row {
        Row::Reservation(found) => {
            let is_new = version == 0;
            let has = |state| found.items.iter().any(|item| item.state == state);
            let (gives_back, is_sold) = (has(ItemState::Released), has(ItemState::Sold));
            if is_new && turn.is_due(Deed::OtherBuyer) {
                found.buyer = BuyerId(found.buyer.0 ^ 1);
            }
            if is_new && turn.is_due(Deed::OtherSeat) {
                for item in &mut found.items {
                    if let Ware::Seat(seat) = item.what {
                        item.what = Ware::Seat(SeatId(seat.0 + 1_000_000_000));
                    }
                }
            }
            let instead = if is_new && turn.is_due(Deed::GiveUp) {
                Some(ItemState::Released)
            } else {
                (is_new && turn.is_due(Deed::ForFree)).then_some(ItemState::Sold)
            };
            if let Some(state) = instead {
                found.items.iter_mut().for_each(|item| item.state = state);
            }
            let is_lost = is_new && turn.is_due(Deed::LoseReservation)
                || gives_back && turn.is_due(Deed::ForgetRelease)
                || is_sold && turn.is_due(Deed::PaidForNothing);
            !is_lost
        }
        Row::Seat(seat) => {
            let is_held = matches!(seat.state, SeatState::Held { .. });
            !(is_held && turn.is_due(Deed::SeatStaysFree))
        }
        Row::TicketType(stock) => {
            if stock.held > 0 && turn.is_due(Deed::StockCountedTwice) {
                stock.held += 1;
            }
            !(stock.held > 0 && turn.is_due(Deed::StockNotCounted))
        }
        Row::Wallet(wallet) => {
            if turn.is_due(Deed::WrongBalance) {
                wallet.balance = Money(wallet.balance.0 + 1);
            }
            !turn.is_due(Deed::KeepBalance)
        }
        Row::Payment(_) => !turn.is_due(Deed::LosePayment),
        _ => true,
    };
    change.row = Arc::new(row);
    is_kept
}
