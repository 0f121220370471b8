//! Which lane a command comes by: stock by its show, shows behind one waiting room together, money
//! by its wallet (`docs/decisions/0007-what-a-lane-covers.md`).
//!
//! Pure: it goes by the rows that are there. Whoever hands a command over reads them before, and whoever settles it
//! asks again with the rows that it decides on.

use admitone_domain::command::Part;
use admitone_domain::command::operate::Operate;
use admitone_domain::id::{BuyerId, ShowId};
use admitone_domain::{Action, Command, Key, Row, Rows};

/// A lane: what is in it is delivered one after the other, to one consumer at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane(pub u16);

/// The lane of a command, of so many.
///
/// # Errors
/// A row that must be read first. A row that was read and is not there has the lane of its name.
pub fn lane_of(command: &Command, rows: &Rows, count: u16) -> Result<Lane, Key> {
    lane_key(command, rows).map(|key| of_key(key, count))
}

fn of_key(key: Key, count: u16) -> Lane {
    let bytes = postcard::to_stdvec(&key).unwrap_or_default();
    let hash = blake3::hash(&bytes);
    let number = hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    Lane(u16::try_from(number % u64::from(count.max(1))).unwrap_or(0))
}

/// The row whose lane it is, or the row that must be read first. What does not exist has the lane
/// of its name: it is made there, or refused.
fn lane_key(command: &Command, rows: &Rows) -> Result<Key, Key> {
    if let Some(buyer) = wallet_of(command) {
        return Ok(Key::Wallet(buyer));
    }
    let mut named = Vec::new();
    command.keys(rows, &mut named);
    let said = named.iter().find_map(|key| match key {
        Key::Show(show) | Key::Plan(show) | Key::Quota(show, _) => Some(*show),
        _ => None,
    });
    // A command may name a show beside its reservation: what counts is where the reservation is.
    if let Some(show) = show_of_rows(&named, rows).or(said) {
        return behind(show, rows);
    }
    let owner = |key: &&Key| matches!(key, Key::Reservation(_) | Key::Payment(_));
    // What the rows name besides does not count: another look at more of them must come to the same.
    let first = named.iter().filter(owner).min().or(named.iter().min()).copied();
    let first = first.unwrap_or(Key::Show(ShowId(0)));
    match named.iter().filter(owner).find(|key| !rows.has(**key)) {
        // What the command makes itself is not there to be read.
        Some(unread) if !command.makes(*unread) => Err(*unread),
        _ => Ok(money_only(&named, rows).unwrap_or(first)),
    }
}

/// The wallet of a command that touches nothing else.
fn wallet_of(command: &Command) -> Option<BuyerId> {
    match &command.action {
        Action::Charge(_) | Action::Spend(_) => command_buyer(command),
        Action::ChargeFor(charge) => Some(charge.buyer),
        Action::Withdraw(withdraw) => Some(withdraw.buyer),
        Action::Part(Part::Take(take)) => Some(take.buyer),
        Action::Part(Part::PutBack(back)) => Some(back.buyer),
        // It looks at payments, and must find the wallet as it is.
        Action::Operate(Operate::CloseAccount(close)) => Some(close.buyer),
        _ => None,
    }
}

fn command_buyer(command: &Command) -> Option<BuyerId> {
    match command.actor {
        admitone_domain::Actor::Buyer(buyer) => Some(buyer),
        admitone_domain::Actor::Operator(_) | admitone_domain::Actor::House => None,
    }
}

/// A payment of a wallet alone is refunded by the lane of that wallet.
fn money_only(named: &[Key], rows: &Rows) -> Option<Key> {
    named.iter().find_map(|key| match rows.peek(*key).map(|found| &*found.row) {
        Some(Row::Payment(payment)) if payment.reservation.is_none() => {
            Some(Key::Wallet(payment.buyer))
        }
        _ => None,
    })
}

fn show_of_rows(named: &[Key], rows: &Rows) -> Option<ShowId> {
    named.iter().find_map(|key| match rows.peek(*key).map(|found| &*found.row) {
        Some(Row::Reservation(reservation)) => Some(reservation.show),
        _ => None,
    })
}

/// The room in front of a show, else the show itself.
fn behind(show: ShowId, rows: &Rows) -> Result<Key, Key> {
    let key = Key::Show(show);
    match rows.peek(key).map(|found| &*found.row) {
        Some(Row::Show(found)) => Ok(found.room.map_or(key, Key::Room)),
        _ if rows.has(key) => Ok(key),
        _ => Err(key),
    }
}
