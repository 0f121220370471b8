//! What a house says when a load is over: reservations, payments, wallets, stock. The auditor
//! compares a history with it; it is kept beside the history, so that both can be judged again.

mod collect;
mod rest;
#[cfg(test)]
mod tests;

pub use collect::{Opening, Scope, collect};
pub(crate) use collect::{numbers, observed};
pub use rest::Rest;

use crate::audit::serial::Transaction;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Everything that is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// The buyers, in the order of the accounts.
    pub buyers: Vec<String>,
    /// All reservations of the shows that were for sale.
    pub reservations: Vec<Reservation>,
    /// The numbers of those that were there before anybody asked: they take what they take, and nobody here
    /// need have asked for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<u64>,
    /// Payments of the buyers; none where they were not asked for.
    pub payments: Vec<Payment>,
    /// Whether the payments were asked for.
    pub has_payments: bool,
    /// The wallets that money moved in.
    pub wallets: Vec<Wallet>,
    /// Ticket types.
    pub stocks: Vec<Stock>,
    /// Seats of shows.
    pub boards: Vec<Board>,
    /// What must be kept.
    pub rules: Rules,
    /// What was read and written by whom; only of a house that was told to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<Transaction>,
    /// Why it may be of several moments; nothing of a house that had come to rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrest: Option<String>,
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub buyer: String,
    /// Of which show.
    pub show: u64,
    /// `held`, `confirming`, `sold`, `cancelled`, `released` or `expired`.
    pub state: String,
    /// Its items.
    pub items: Vec<Item>,
    /// Its payment, if it is paid.
    pub payment: Option<u64>,
    /// When its hold ends, and when it was looked at; RFC 3339, both by the house's clock.
    pub expires_at: String,
    /// When it was looked at.
    pub seen_at: String,
}

/// An item of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The seat, if it is one.
    pub seat: Option<u64>,
    /// The ticket type, if it is of one.
    pub ticket_type: Option<u64>,
    /// As of the reservation.
    pub state: String,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its number.
    pub id: u64,
    /// Who paid.
    pub by: u32,
    /// What for.
    pub reservation: Option<u64>,
    /// How much.
    pub amount: i64,
    /// How much of it went back.
    pub refunded: i64,
}

/// A wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Whose.
    pub by: u32,
    /// What it had before the load.
    pub opening: i64,
    /// What it has.
    pub balance: i64,
    /// What came since the load began.
    pub entries: Vec<Entry>,
}

/// A movement of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub id: u64,
    /// What came in; negative if it went out.
    pub amount: i64,
    /// The payment it belongs to.
    pub payment: Option<u64>,
}

/// A ticket type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Its number.
    pub ticket_type: u64,
    /// How many there are.
    pub capacity: i64,
    /// How many the house says are held.
    pub held: i64,
    /// How many the house says are sold.
    pub sold: i64,
}

/// The seats of a show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The show.
    pub show: u64,
    /// How many seats there are.
    pub seats: u64,
    /// How many the house shows as taken.
    pub taken: u64,
}

/// What must be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// How long a hold lasts, in milliseconds.
    pub hold_ms: u64,
    /// By how much it may last longer or shorter, because a clock was moved meanwhile.
    #[serde(default)]
    pub hold_off_ms: u64,
    /// At most so many inside at a time.
    pub active_max: Option<u64>,
    /// How long a pass lasts at least, in milliseconds; nothing where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_ms: Option<u64>,
    /// At most so many items of a buyer in one show.
    pub per_buyer_max: Option<u64>,
}

/// Whether something in this state is somebody's.
pub(crate) fn is_live(state: &str) -> bool {
    matches!(state, "held" | "confirming" | "sold")
}

impl Rules {
    /// A house follows a clock that was moved by one part in so many of the time that passes. One that
    /// goes slower makes a hold longer by one part in one fewer.
    const FOLLOWS_ONE_IN: u64 = 20;

    /// The clock of the house was moved.
    pub(crate) fn with_moved_clock(self) -> Self {
        let off = |ms: u64| ms.div_ceil(Self::FOLLOWS_ONE_IN - 1);
        let pass_ms = self.pass_ms.map(|ms| ms.saturating_sub(off(ms)));
        Self { hold_off_ms: off(self.hold_ms), pass_ms, ..self }
    }

    /// How long a hold lasts at least, in nanoseconds.
    pub(crate) fn shortest_hold_ns(&self) -> u64 {
        self.hold_ms.saturating_sub(self.hold_off_ms).saturating_mul(1_000_000)
    }

    /// How long it lasts at most.
    pub(crate) fn longest_hold_ns(&self) -> u64 {
        self.hold_ms.saturating_add(self.hold_off_ms).saturating_mul(1_000_000)
    }

    /// How long a pass lasts at least, in nanoseconds.
    pub(crate) fn shortest_pass_ns(&self) -> Option<u64> {
        self.pass_ms.map(|ms| ms.saturating_mul(1_000_000))
    }
}

impl State {
    /// How many seats of a show the reservations have, each counted once. A board without seats is
    /// one that is not shown to everybody: nothing is compared with it.
    pub(crate) fn seats_taken(&self, board: &Board) -> u64 {
        if board.seats == 0 {
            return board.taken;
        }
        let mine = self.reservations.iter().filter(|found| found.show == board.show);
        let live = mine.filter(|found| found.is_live()).flat_map(Reservation::seats);
        u64::try_from(live.collect::<HashSet<u64>>().len()).unwrap_or(u64::MAX)
    }
}

impl Reservation {
    /// Whether it has its items still.
    pub fn is_live(&self) -> bool {
        is_live(&self.state)
    }

    /// Those of its items that are somebody's still.
    pub fn live_items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| is_live(&item.state))
    }

    /// How long its hold had left when it was looked at, in milliseconds, by the house's clock; negative
    /// if it was over.
    pub(crate) fn left_ms(&self) -> Option<i64> {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
        Some(moment(&self.expires_at)?.as_millisecond() - moment(&self.seen_at)?.as_millisecond())
    }

    /// Its seats, whatever became of them.
    pub fn seats(&self) -> impl Iterator<Item = u64> {
        self.items.iter().filter_map(|item| item.seat)
    }
}
