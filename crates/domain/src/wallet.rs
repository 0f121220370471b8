//! A wallet and the entries that make its balance.

use crate::id::{BuyerId, EntryId, PaymentId};
use crate::{Currency, Moment, Money};
use serde::{Deserialize, Serialize};

/// The balance of one buyer: the sum of the entries, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Whose.
    pub buyer: BuyerId,
    /// In which currency; the first charge decides.
    pub currency: Currency,
    /// What is there.
    pub balance: Money,
}

/// One movement. Entries are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id; later entries have larger ones.
    pub id: EntryId,
    /// Whose wallet.
    pub buyer: BuyerId,
    /// Why it moved.
    pub kind: EntryKind,
    /// By how much; always positive, the kind gives the direction.
    pub amount: Money,
    /// When.
    pub at: Moment,
    /// The payment it belongs to, for a use and its refunds.
    pub payment: Option<PaymentId>,
}

/// Why a balance moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// Money came in.
    Charge,
    /// Money was spent.
    Use,
    /// Spent money came back.
    Refund,
    /// Staff took money out, and nothing was sold for it.
    Withdrawal,
}

impl Entry {
    /// What it adds to the balance; negative for a use and for what was taken out.
    pub fn signed_amount(&self) -> Money {
        match self.kind {
            EntryKind::Charge | EntryKind::Refund => self.amount,
            EntryKind::Use | EntryKind::Withdrawal => Money(self.amount.0.saturating_neg()),
        }
    }
}
