//! The audit: counts what is there afterwards. It knows no rule of the product.

use crate::house::{SEATS, STANDING, TICKETS};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::reads::{Page, Reads};
use admitone_app::strategy::Class;
use admitone_domain::id::{BuyerId, ReservationId, SeatId};
use admitone_domain::reservation::{ItemState, Reservation, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::wallet::EntryKind;
use admitone_domain::{Key, Row};
use std::collections::BTreeMap;

/// What went wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Harm {
    /// Items that were given to one buyer more than there were.
    pub(crate) oversold: u64,
    /// Rows of the stock that do not say what was sold.
    pub(crate) stock_lost: u64,
    /// Commands that met counts which no sale leaves behind.
    pub(crate) contradictions: u64,
    /// Wallets whose balance is not the sum of their entries, or at which nobody can get because the
    /// account is closed.
    pub(crate) wallet_lost: u64,
    /// Reservations for which another sum was taken than their tickets cost: whichever of the two rows was lost.
    pub(crate) mispaid: u64,
    /// Items that somebody has.
    pub(crate) sold: u64,
}

impl Harm {
    pub(crate) fn of(self, class: Class) -> u64 {
        match class {
            Class::Stock => self.oversold + self.stock_lost + self.contradictions,
            Class::Wallet => self.wallet_lost,
        }
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.oversold += more.oversold;
        self.stock_lost += more.stock_lost;
        self.contradictions += more.contradictions;
        self.wallet_lost += more.wallet_lost;
        self.mispaid += more.mispaid;
        self.sold += more.sold;
    }
}

const ALL: Page = Page { before: None, limit: usize::MAX };

pub(crate) async fn count(store: &MemoryStore) -> Harm {
    let reservations = store.reservations(None, ALL).await.unwrap();
    let mut harm = seats(store, &reservations).await;
    harm.add(tickets(store, &reservations).await);
    let mut buyers: Vec<BuyerId> = reservations.iter().map(|one| one.buyer).collect();
    buyers.push(crate::crowd::RICH);
    buyers.extend(crate::crowd::LEAVING.map(|buyer| BuyerId(buyer.into())));
    buyers.sort_unstable();
    buyers.dedup();
    for buyer in buyers {
        let is_wrong = !is_balanced(store, buyer).await || is_out_of_reach(store, buyer).await;
        harm.wallet_lost += u64::from(is_wrong);
        harm.mispaid += paid_for_nothing(store, buyer, &reservations).await;
    }
    harm
}

fn is_live(state: ItemState) -> bool {
    matches!(state, ItemState::Held | ItemState::Confirming | ItemState::Sold)
}

/// The items that somebody has: what, and whether it is paid.
fn live(reservations: &[Reservation]) -> impl Iterator<Item = (&Reservation, Ware, bool)> {
    reservations.iter().flat_map(|reservation| {
        let items = reservation.items.iter().filter(|item| is_live(item.state));
        items.map(move |item| (reservation, item.what, item.state == ItemState::Sold))
    })
}

async fn seats(store: &MemoryStore, reservations: &[Reservation]) -> Harm {
    let mut harm = Harm::default();
    let mut owners: BTreeMap<SeatId, Vec<(&Reservation, bool)>> = BTreeMap::new();
    for (reservation, ware, is_paid) in live(reservations) {
        if let Ware::Seat(seat) = ware {
            owners.entry(seat).or_default().push((reservation, is_paid));
        }
    }
    for seat in (1..=u64::from(SEATS)).map(SeatId) {
        let owners = owners.remove(&seat).unwrap_or_default();
        harm.sold += u64::from(!owners.is_empty());
        harm.oversold += owners.len().saturating_sub(1) as u64;
        let Some(Row::Seat(row)) = row(store, Key::Seat(seat)).await else { panic!("{seat}") };
        let says = match row.state {
            SeatState::Sold { by } => Some((by, true)),
            SeatState::Held { by, .. } => Some((by, false)),
            _ => None,
        };
        let agrees = match says {
            None => owners.is_empty(),
            Some(says) => owners.iter().any(|(owner, is_paid)| (owner.id, *is_paid) == says),
        };
        harm.stock_lost += u64::from(!agrees);
    }
    harm
}

async fn tickets(store: &MemoryStore, reservations: &[Reservation]) -> Harm {
    let live: Vec<bool> = live(reservations)
        .filter(|(_, ware, _)| matches!(ware, Ware::Ticket(_)))
        .map(|(_, _, is_paid)| is_paid)
        .collect();
    let sold = live.iter().filter(|is_paid| **is_paid).count() as u64;
    let held = live.len() as u64 - sold;
    let Some(Row::TicketType(row)) = row(store, Key::TicketType(STANDING)).await else {
        panic!("the ticket type is gone")
    };
    Harm {
        oversold: (live.len() as u64).saturating_sub(u64::from(TICKETS)),
        stock_lost: u64::from(row.held).abs_diff(held) + u64::from(row.sold).abs_diff(sold),
        sold: (live.len() as u64).min(u64::from(TICKETS)),
        ..Harm::default()
    }
}

async fn is_balanced(store: &MemoryStore, buyer: BuyerId) -> bool {
    let entries = store.entries(buyer, ALL).await.unwrap();
    let sum: i64 = entries
        .iter()
        .map(|entry| match entry.kind {
            EntryKind::Charge | EntryKind::Refund => entry.amount.0,
            EntryKind::Use | EntryKind::Withdrawal => -entry.amount.0,
        })
        .sum();
    match row(store, Key::Wallet(buyer)).await {
        Some(Row::Wallet(wallet)) => wallet.balance.0 == sum,
        _ => sum == 0,
    }
}

/// Whether there is money in the wallet of a closed account.
async fn is_out_of_reach(store: &MemoryStore, buyer: BuyerId) -> bool {
    let account = row(store, Key::Buyer(buyer)).await;
    let wallet = row(store, Key::Wallet(buyer)).await;
    let is_closed = matches!(account, Some(Row::Buyer(account)) if account.disabled);
    is_closed && matches!(wallet, Some(Row::Wallet(wallet)) if wallet.balance.is_positive())
}

/// The reservations of a buyer for which another sum was taken than their tickets cost.
async fn paid_for_nothing(store: &MemoryStore, buyer: BuyerId, all: &[Reservation]) -> u64 {
    let entries = store.entries(buyer, ALL).await.unwrap();
    let mut kept: BTreeMap<ReservationId, i64> = BTreeMap::new();
    for payment in store.payments(buyer, ALL).await.unwrap() {
        let Some(reservation) = payment.reservation else { continue };
        let of_it = entries.iter().filter(|entry| entry.payment == Some(payment.id));
        let taken: i64 = of_it.map(|entry| -entry.signed_amount().0).sum();
        *kept.entry(reservation).or_default() += taken;
    }
    let of_buyer = all.iter().filter(|one| one.buyer == buyer);
    let differs = |one: &&Reservation| {
        let tickets = one.total_in(ItemState::Sold).map_or(0, |sum| sum.0);
        kept.get(&one.id).copied().unwrap_or_default() != tickets
    };
    of_buyer.filter(differs).count() as u64
}

async fn row(store: &MemoryStore, key: Key) -> Option<Row> {
    let found = store.rows(&[key]).await.unwrap().remove(0);
    found.map(admitone_domain::Loaded::into_row)
}
