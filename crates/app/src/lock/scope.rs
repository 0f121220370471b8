//! What a lock locks: which keys stand for the rows that commands name.

use admitone_domain::{Action, Command, Key, Rows};
use std::collections::BTreeSet;
use std::fmt;

/// How much one key covers. Whoever writes the same rows under locks must use the same scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LockScope {
    /// Every row by itself: seats, ticket types, reservations, wallets.
    #[default]
    Seat,
    /// All stock of a show as one, whatever of it is named; wallets by themselves.
    Show,
    /// Wallets alone. Stock is not covered: for operations that touch none.
    Wallet,
}

impl LockScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Seat, Self::Show, Self::Wallet];

    /// Its name in configuration and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seat => "seat",
            Self::Show => "show",
            Self::Wallet => "wallet",
        }
    }

    /// The keys to be locked for commands, as far as the rows tell. Rows that only operators
    /// write are locked by operators alone: a sale reads them, and it is as if it came before. What a
    /// command makes is not locked: nobody finds it before it is there.
    pub fn keys<'a>(
        self,
        commands: impl IntoIterator<Item = &'a Command>,
        rows: &Rows,
    ) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        let mut named = Vec::new();
        for command in commands {
            command.keys(rows, &mut named);
            let is_operator = matches!(command.action, Action::Operate(_));
            let named = named.drain(..).filter(|key| !command.makes(*key));
            keys.extend(named.filter_map(|key| self.key(key, is_operator)));
        }
        keys
    }

    fn key(self, named: Key, is_operator: bool) -> Option<Key> {
        match self {
            Self::Seat => match named {
                Key::Concert(_)
                | Key::Show(_)
                | Key::Plan(_)
                | Key::Room(_)
                | Key::Operator(_)
                | Key::Buyer(_) => is_operator.then_some(named),
                stock_or_money => Some(stock_or_money),
            },
            Self::Show => match named {
                Key::Show(show) | Key::Plan(show) | Key::Quota(show, _) => Some(Key::Show(show)),
                Key::Concert(_) | Key::Room(_) | Key::Operator(_) | Key::Buyer(_) => {
                    is_operator.then_some(named)
                }
                Key::Pass(_) | Key::Wallet(_) => Some(named),
                // Their show is named beside them, or the wallet that every writer of them locks.
                Key::Reservation(_) | Key::Payment(_) | Key::TicketType(_) | Key::Seat(_) => None,
            },
            Self::Wallet => matches!(named, Key::Wallet(_)).then_some(named),
        }
    }
}

impl fmt::Display for LockScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::sweep;
    use admitone_domain::command::operate::{Operate, SaveSeats, SeatChange};
    use admitone_domain::command::{Choice, Hold};
    use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId};
    use admitone_domain::{Actor, Money};

    fn hold() -> Command {
        let choice = Choice::Items { seats: vec![SeatId(7)], tickets: vec![] };
        let action = Action::Hold(Hold { show: ShowId(1), choice });
        Command { fresh: 5, actor: Actor::Buyer(BuyerId(2)), action, ..sweep(ReservationId(5)) }
    }

    fn keys(scope: LockScope, command: &Command) -> Vec<Key> {
        scope.keys([command], &Rows::default()).into_iter().collect()
    }

    #[test]
    fn a_hold_locks_its_seats_or_its_show_or_nothing() {
        let rows = [Key::Quota(ShowId(1), BuyerId(2)), Key::Seat(SeatId(7))];
        assert_eq!(keys(LockScope::Seat, &hold()), rows, "and not the reservation that it makes");
        assert_eq!(keys(LockScope::Show, &hold()), [Key::Show(ShowId(1))]);
        assert_eq!(keys(LockScope::Wallet, &hold()), []);
    }

    #[test]
    fn an_operator_locks_the_rows_of_the_catalogue_too() {
        let change = SaveSeats {
            show: ShowId(1),
            seats: vec![SeatId(7)],
            change: SeatChange::Price(Money(1)),
        };
        let action = Action::Operate(Operate::SaveSeats(change));
        let command = Command { action, ..sweep(ReservationId(5)) };
        let rows = [Key::Plan(ShowId(1)), Key::Seat(SeatId(7))];
        assert_eq!(keys(LockScope::Seat, &command), rows);
        assert_eq!(keys(LockScope::Show, &command), [Key::Show(ShowId(1))]);
    }
}
