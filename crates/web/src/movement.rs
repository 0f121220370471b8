//! How a movement of a wallet is told, to its buyer and to operators.

use crate::frame::Frame;
use admitone_domain::Currency;
use admitone_domain::wallet::{Entry, EntryKind};

impl Frame {
    /// What moved it.
    pub(crate) fn movement(&self, kind: &EntryKind) -> &str {
        self.say(match kind {
            EntryKind::Charge => "wallet.charged",
            EntryKind::Use => "wallet.used",
            EntryKind::Refund => "wallet.refunded",
            EntryKind::Withdrawal => "wallet.withdrawn",
        })
    }

    /// By how much, with its sign.
    pub(crate) fn signed(&self, entry: &Entry, currency: &Currency) -> String {
        let amount = entry.signed_amount();
        let sign = if amount.0 > 0 { "+" } else { "" };
        format!("{sign}{}", self.money(&amount, currency))
    }
}
