//! What wallets gave for payments, and got back of it, compared with what the payments say.

use admitone_domain::id::{BuyerId, PaymentId};
use admitone_domain::payment::{Method, Payment, Standing};
use admitone_domain::wallet::{Entry, EntryKind};
use std::collections::HashMap;

/// What wallets gave for payments.
#[derive(Debug, Clone, Default)]
pub struct Takings {
    of: HashMap<PaymentId, Moved>,
}

/// What one payment moved.
#[derive(Debug, Clone, Copy)]
struct Moved {
    buyer: BuyerId,
    times: u32,
    taken: i64,
    back: i64,
}

impl Takings {
    /// What was paid from a wallet was taken from it, all of it.
    pub const NOT_TAKEN: &str = "a payment from a wallet without its use";
    /// And once.
    pub const TWICE: &str = "a payment taken twice";
    /// What came to nothing was not taken, or was put back.
    pub const FOR_NOTHING: &str = "money of a wallet that was taken for nothing";
    /// A movement for a payment moves the wallet of who paid.
    pub const ASTRAY: &str = "a use or a refund that is not its payment's";

    /// Adds what an entry moved; one that is nobody's is a finding.
    pub fn collect(&mut self, entry: &Entry, mut find: impl FnMut(&'static str, String)) {
        let (times, taken, back) = match entry.kind {
            EntryKind::Charge | EntryKind::Withdrawal => return,
            EntryKind::Use => (1, entry.amount.0, 0),
            EntryKind::Refund => (0, 0, entry.amount.0),
        };
        let Some(payment) = entry.payment else {
            return find(Self::ASTRAY, entry.id.to_string());
        };
        let nothing = Moved { buyer: entry.buyer, times: 0, taken: 0, back: 0 };
        let of = self.of.entry(payment).or_insert(nothing);
        if of.buyer != entry.buyer {
            find(Self::ASTRAY, entry.id.to_string());
        }
        of.times += times;
        of.taken = of.taken.saturating_add(taken);
        of.back = of.back.saturating_add(back);
    }

    /// Compares what a payment moved with what it says.
    pub fn compare(&mut self, payment: &Payment, mut find: impl FnMut(&'static str, String)) {
        let moved = self.of.remove(&payment.id);
        let Expected { is_taken, is_over } = match &payment.method {
            Method::External { .. } | Method::Gateway(_) => Expected::NOTHING,
            Method::Wallet => Expected::TAKEN,
            Method::Apart(attempt) if attempt.standing == Standing::Approved => Expected::TAKEN,
            // While a wallet is asked, nobody knows yet whether it gave.
            Method::Apart(_) => Expected { is_over: payment.ask_at().is_none(), is_taken: false },
        };
        let nothing = Moved { buyer: payment.buyer, times: 0, taken: 0, back: 0 };
        let Moved { buyer, times, taken, back } = moved.unwrap_or(nothing);
        let amount = payment.amount.0;
        if buyer != payment.buyer {
            find(Self::ASTRAY, payment.id.to_string());
        }
        if times > 1 {
            find(Self::TWICE, payment.id.to_string());
        }
        if is_taken && taken != amount {
            find(Self::NOT_TAKEN, format!("{}: {taken} of {amount}", payment.id));
        }
        if is_over && taken > back {
            find(Self::FOR_NOTHING, format!("{}: {taken}, and {back} are back", payment.id));
        }
    }

    /// Says what moved for payments that there are not.
    pub fn finish(self, mut find: impl FnMut(&'static str, String)) {
        for payment in self.of.keys() {
            find(Self::ASTRAY, format!("{payment} does not exist"));
        }
    }
}

/// What the movements of a payment must come to.
struct Expected {
    /// All of it was taken.
    is_taken: bool,
    /// It came to nothing, and no wallet is asked any more.
    is_over: bool,
}

impl Expected {
    const NOTHING: Self = Self { is_taken: false, is_over: true };
    const TAKEN: Self = Self { is_taken: true, is_over: false };
}
