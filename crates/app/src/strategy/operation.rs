//! What can be mapped to a strategy, and which rows it writes.

use admitone_domain::Action;
use admitone_domain::command::Part;
use admitone_domain::command::operate::Operate;

/// A kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Keep seats or tickets for a buyer.
    Hold,
    /// Start a hold's time again.
    Extend,
    /// Give a hold back.
    Release,
    /// Sweep a hold away whose time is over.
    Expire,
    /// Pay a hold, from the wallet or through a gateway.
    Pay,
    /// Sell what was paid elsewhere.
    Confirm,
    /// Give tickets back for their price.
    Cancel,
    /// Put money into a wallet, or close the account of one.
    Charge,
    /// Take money out of a wallet.
    Use,
    /// Give money of a payment back.
    Refund,
    /// Change what is for sale or who takes part.
    Operate,
}

/// Rows that are safe or not together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Seats, ticket types, reservations with their payments, quotas, passes.
    Stock,
    /// Wallets, their entries, payments for nothing else.
    Wallet,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Stock, Self::Wallet];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Wallet => "wallet",
        }
    }
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Hold,
        Self::Extend,
        Self::Release,
        Self::Expire,
        Self::Pay,
        Self::Confirm,
        Self::Cancel,
        Self::Charge,
        Self::Use,
        Self::Refund,
        Self::Operate,
    ];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Extend => "extend",
            Self::Release => "release",
            Self::Expire => "expire",
            Self::Pay => "pay",
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
            Self::Charge => "charge",
            Self::Use => "use",
            Self::Refund => "refund",
            Self::Operate => "operate",
        }
    }

    /// Its place in [`Self::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// The kind of an action.
    pub fn of(action: &Action) -> Self {
        match action {
            Action::Hold(_) => Self::Hold,
            Action::Extend(_) => Self::Extend,
            Action::Release(_) => Self::Release,
            Action::Expire(_) => Self::Expire,
            // Each writes a reservation and its payment, as a payment from the wallet does.
            Action::Pay(_) | Action::Gateway(_) => Self::Pay,
            Action::Confirm(_) => Self::Confirm,
            Action::Cancel(_) => Self::Cancel,
            // Closing an account writes the wallet that it finds empty. By another way than whoever
            // charges it, it could write over what came in meanwhile.
            Action::Charge(_)
            | Action::ChargeFor(_)
            | Action::Operate(Operate::CloseAccount(_)) => Self::Charge,
            Action::Spend(_) | Action::Withdraw(_) => Self::Use,
            Action::Refund(_) => Self::Refund,
            Action::Operate(_) => Self::Operate,
            // What a wallet does for a payment goes the way of everything else that moves it.
            Action::Part(part) => match part {
                Part::Pin(_) => Self::Pay,
                Part::Cancel(_) => Self::Cancel,
                Part::Take(_) => Self::Use,
                Part::Refund(_) | Part::PutBack(_) => Self::Refund,
            },
        }
    }

    /// What a command wants, for who looks at it. Its kind says that, but for a command that goes the way of
    /// another kind.
    pub fn wish(action: &Action) -> &'static str {
        match action {
            Action::Operate(Operate::CloseAccount(_)) => "close_account",
            other => Self::of(other).name(),
        }
    }

    /// Whether it writes rows of a class, taken apart or not. A refund of a ticket's price takes the
    /// ticket back, so it writes stock too. No other command of operators than closing an account, which
    /// goes the way of charges, writes a wallet.
    pub fn writes(self, class: Class) -> bool {
        match self {
            Self::Hold
            | Self::Extend
            | Self::Release
            | Self::Expire
            | Self::Confirm
            | Self::Operate => class == Class::Stock,
            Self::Charge | Self::Use => class == Class::Wallet,
            Self::Pay | Self::Cancel | Self::Refund => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::command::operate::CloseAccount;
    use admitone_domain::id::BuyerId;
    use admitone_domain::{Currency, Money, command::Charge};

    #[test]
    fn who_closes_an_account_goes_with_charges_and_is_not_called_one() {
        let close = CloseAccount { buyer: BuyerId(1), payments: Vec::new() };
        let close = Action::Operate(Operate::CloseAccount(close));
        assert_eq!(
            (Operation::of(&close), Operation::wish(&close)),
            (Operation::Charge, "close_account")
        );
        let charge = Action::Charge(Charge { amount: Money(1), currency: Currency::KRW });
        assert_eq!(
            (Operation::of(&charge), Operation::wish(&charge)),
            (Operation::Charge, "charge")
        );
    }

    #[test]
    fn the_list_is_in_the_order_of_the_places() {
        for (place, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), place, "{}", operation.name());
        }
    }
}
