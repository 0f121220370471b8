//! Charge: money comes into a wallet.

use super::{Command, Rule};
use crate::decide::Workbench;
use crate::id::BuyerId;
use crate::party::Buyer;
use crate::wallet::{Entry, EntryKind, Wallet};
use crate::{Answer, Currency, Delta, Guard, Happening, Key, Money, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Adds an amount to the buyer's wallet; the first charge opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// How much; positive.
    pub amount: Money,
    /// In which currency.
    pub currency: Currency,
}

impl Rule for Charge {
    fn keys(&self, command: &Command, rows: &Rows, want: &mut Vec<Key>) {
        if let Ok(buyer) = command.buyer() {
            keys(buyer, rows, want);
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        charge(bench, command, command.buyer()?, self)
    }
}

/// What whoever puts money in reads: the wallet, and the account where nothing is in it, because one with money
/// in its wallet is not closed. Not both at once: an account may have no row, which PostgreSQL cannot lock, and
/// whoever then waits for the wallet while it is closed has seen too early that there is none.
pub(super) fn keys(buyer: BuyerId, rows: &Rows, want: &mut Vec<Key>) {
    let wallet = Key::Wallet(buyer);
    want.push(wallet);
    let found = rows.peek(wallet).map(|found| &*found.row);
    let has_money = matches!(found, Some(Row::Wallet(wallet)) if wallet.balance.is_positive());
    if rows.has(wallet) && !has_money {
        want.push(Key::Buyer(buyer));
    }
}

/// Adds an amount to somebody's wallet, unless the account is closed: nobody could get at it.
pub(super) fn charge(
    bench: &mut Workbench<'_>,
    command: &Command,
    buyer: BuyerId,
    charge: &Charge,
) -> Answer {
    if !charge.amount.is_positive() {
        return Err(Refusal::InvalidAmount);
    }
    if bench.account(buyer).is_some_and(|account| account.disabled) {
        return Err(Refusal::WalletClosed);
    }
    let had_money = bench.wallet(buyer).is_some_and(|wallet| wallet.balance.is_positive());
    let entry = Entry {
        id: command.entry_id(),
        buyer,
        kind: EntryKind::Charge,
        amount: charge.amount,
        at: bench.now(),
        payment: None,
    };
    let balance = book(bench, entry, charge.currency)?;
    if !had_money {
        write_whole(bench, buyer);
    }
    Ok(Outcome::Moved { entry, balance })
}

/// Books an entry: the balance moves by it, and the entry says why. Returns the balance after it.
pub(super) fn book(
    bench: &mut Workbench<'_>,
    entry: Entry,
    currency: Currency,
) -> Result<Money, Refusal> {
    let mut wallet = wallet(bench, entry.buyer, currency)?;
    let seen = wallet.balance;
    let moved = entry.signed_amount();
    let balance = seen.plus(moved).ok_or(Refusal::AmountOverflow)?;
    if balance.0 < 0 {
        return Err(Refusal::InsufficientFunds { balance: seen, needed: entry.amount });
    }
    wallet.balance = balance;
    bench.stage(Row::Wallet(wallet), Guard::Balance(seen), Delta::Balance(moved.0));
    bench.tell(Key::Wallet(entry.buyer), Happening::Moved { entry: entry.id });
    bench.enter(entry);
    Ok(balance)
}

/// Books an entry of money that comes back. Whoever closes the account at the same moment is decided
/// before it or after it, because both write the wallet as a whole. One that was closed is open again:
/// nobody could get at the money else.
pub(super) fn book_back(
    bench: &mut Workbench<'_>,
    command: &Command,
    entry: Entry,
    currency: Currency,
) -> Result<Money, Refusal> {
    let balance = book(bench, entry, currency)?;
    write_whole(bench, entry.buyer);
    if let Some(closed) = bench.account(entry.buyer).filter(|account| account.disabled) {
        let open = Buyer { disabled: false, ..closed.clone() };
        bench.write(Row::Buyer(open));
        let by = command.actor.to_string();
        bench.tell(Key::Buyer(entry.buyer), Happening::Changed { by });
    }
    Ok(balance)
}

/// Writes a wallet as a whole, under its version. A closing leaves the balance as it was, so that a guard
/// on the balance alone would not see it.
fn write_whole(bench: &mut Workbench<'_>, buyer: BuyerId) {
    if let Some(wallet) = bench.wallet(buyer) {
        bench.write(Row::Wallet(wallet));
    }
}

/// The buyer's wallet, or a new empty one.
fn wallet(bench: &Workbench<'_>, buyer: BuyerId, currency: Currency) -> Result<Wallet, Refusal> {
    match bench.wallet(buyer) {
        None => Ok(Wallet { buyer, currency, balance: Money::ZERO }),
        Some(wallet) if wallet.currency == currency => Ok(wallet),
        Some(_) => Err(Refusal::CurrencyMismatch),
    }
}
