//! Asks a house for everything that an audit needs.

use super::rest::{Rest, is_same};
use super::{Board, Entry, Item, Payment, Reservation, Rules, State, Stock, Wallet};
use crate::audit::serial::Transaction;
use crate::requests::number_of;
use crate::site::{Site, VISITORS, all};
use crate::target::{Account, As, Visit};
use crate::time::pause;
use crate::{Trouble, purse};
use admitone_domain::id::ShowId;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What a load can have changed.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Who asked, by number.
    pub accounts: Arc<Vec<Account>>,
    /// What was for sale.
    pub shows: Vec<ShowId>,
    /// The numbers of the reservations that these shows had before anybody asked: of a house that has sold
    /// before, and of a run before this one.
    pub before: Vec<u64>,
    /// Whose wallets moved, with what was put in before; nothing where they were empty.
    pub wallets: BTreeMap<u32, Option<Opening>>,
    /// Whether these buyers paid for reservations.
    pub payments: bool,
    /// What must be kept.
    pub rules: Rules,
}

/// What was put into a wallet before a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The entry that it is: each instance numbers from a block of its own, so it need not be the first.
    pub entry: u64,
    /// How much.
    pub amount: i64,
}

impl Scope {
    /// Of buyers who hold and pay: what is for sale, and wallets that had nothing before.
    pub(crate) fn of_buyers(accounts: Arc<Vec<Account>>, shows: Vec<ShowId>, hold_ms: u64) -> Self {
        let owners = 0..u32::try_from(accounts.len()).unwrap_or(0);
        Self {
            wallets: owners.map(|by| (by, None)).collect(),
            accounts,
            shows,
            before: Vec::new(),
            payments: true,
            rules: Rules { hold_ms, ..Rules::default() },
        }
    }
}

/// Asks for all of it, when nothing is under way any more. Read while something moves, a payment would
/// look as if its reservation were still held: then all of it is read again, for as long as patience lasts.
/// Two readings may be equal while commands wait: a house rests only when its queues are empty too.
pub fn collect(site: &Site, scope: &Scope, rest: &Rest) -> Result<State, Trouble> {
    site.wait(async {
        let waiting = rest.begin();
        loop {
            let are_empty = waiting.for_queues(site).await?;
            let mut state = read(site, scope).await?;
            if rest.patience.is_zero() {
                return Ok(state);
            }
            if are_empty && is_same(&state, &moving(site, scope).await?) {
                return Ok(state);
            }
            if waiting.is_over() {
                state.unrest = Some(waiting.why_not(site).await?);
                return Ok(state);
            }
        }
    })
}

/// Reads all of it once.
async fn read(site: &Site, scope: &Scope) -> Result<State, Trouble> {
    let mut state = State {
        buyers: scope.accounts.iter().map(|account| account.buyer.to_string()).collect(),
        rules: scope.rules,
        has_payments: scope.payments,
        before: scope.before.clone(),
        ..State::default()
    };
    let mut visit = site.visit().await?;
    for _ in 0..READS_MAX {
        read_shows(&mut visit, site, &scope.shows, &mut state).await?;
        if state.boards.iter().all(|board| state.seats_taken(board) == board.taken) {
            break;
        }
        pause(BETWEEN_READS).await;
    }
    read_wallets(site, scope, &mut state).await?;
    Ok(state)
}

/// Reads once more what shows whether anything moved.
async fn moving(site: &Site, scope: &Scope) -> Result<State, Trouble> {
    let reservations = reservations(&mut site.visit().await?, site, &scope.shows).await?;
    let mut state = State { reservations, ..State::default() };
    read_wallets(site, scope, &mut state).await?;
    Ok(state)
}

/// Wallets and payments, in an order that does not depend on who was answered first.
async fn read_wallets(site: &Site, scope: &Scope, state: &mut State) -> Result<(), Trouble> {
    for (wallet, mut payments) in wallets(site, scope).await? {
        state.wallets.push(wallet);
        state.payments.append(&mut payments);
    }
    state.wallets.sort_by_key(|wallet| wallet.by);
    state.payments.sort_by_key(|payment| payment.id);
    Ok(())
}

/// So often what is for sale is read at most.
const READS_MAX: u32 = 20;
const BETWEEN_READS: Duration = Duration::from_millis(250);

/// While holds run out, what is shown of seats and of reservations is of different moments: then
/// both are read again. What is wrong stays wrong.
async fn read_shows(
    visit: &mut Visit,
    site: &Site,
    shows: &[ShowId],
    state: &mut State,
) -> Result<(), Trouble> {
    state.boards.clear();
    state.stocks.clear();
    state.reservations = reservations(visit, site, shows).await?;
    for show in shows {
        let (board, mut stocks) = show_state(visit, *show).await?;
        state.boards.push(board);
        state.stocks.append(&mut stocks);
    }
    Ok(())
}

/// The numbers of the reservations that shows have.
pub(crate) async fn numbers(site: &Site, shows: &[ShowId]) -> Result<Vec<u64>, Trouble> {
    let found = reservations(&mut site.visit().await?, site, shows).await?;
    Ok(found.iter().map(|found| found.id).collect())
}

async fn reservations(
    visit: &mut Visit,
    site: &Site,
    shows: &[ShowId],
) -> Result<Vec<Reservation>, Trouble> {
    if shows.is_empty() {
        return Ok(Vec::new());
    }
    let shows: HashSet<u64> = shows.iter().map(|show| show.0).collect();
    let (mut found, mut unreadable) = (Vec::new(), 0_u32);
    let read = |value: &Value| match reservation(value) {
        Some(one) if shows.contains(&one.show) => found.push(one),
        Some(_) => {}
        None => unreadable += 1,
    };
    visit.list(site.operator(), "/api/v1/operator/reservations", read).await?;
    readable(unreadable, found, "reservations")
}

fn readable<T>(unreadable: u32, found: T, what: &str) -> Result<T, Trouble> {
    if unreadable == 0 {
        return Ok(found);
    }
    Err(Trouble::Impossible(format!("{unreadable} {what} cannot be read")))
}

fn reservation(value: &Value) -> Option<Reservation> {
    let text = |name: &str| value[name].as_str();
    let items = value["items"].as_array()?.iter().map(item);
    Some(Reservation {
        id: number_of(text("id")?)?,
        buyer: text("buyer")?.to_owned(),
        show: number_of(text("show")?)?,
        state: text("state")?.to_owned(),
        items: items.collect::<Option<_>>()?,
        payment: text("payment").and_then(number_of),
        expires_at: text("expires_at")?.to_owned(),
        seen_at: text("server_time")?.to_owned(),
    })
}

fn item(value: &Value) -> Option<Item> {
    Some(Item {
        seat: value["seat"].as_str().and_then(number_of),
        ticket_type: value["ticket_type"].as_str().and_then(number_of),
        state: value["state"].as_str()?.to_owned(),
    })
}

async fn show_state(visit: &mut Visit, show: ShowId) -> Result<(Board, Vec<Stock>), Trouble> {
    let seats = visit.get(As::Nobody, &format!("/api/v1/shows/{show}/seats")).await;
    // Behind a waiting room seats are not shown to everybody.
    let seats = match seats {
        Ok(seats) => seats,
        Err(Trouble::Answer { status: 401 | 403, .. }) => Value::Null,
        Err(trouble) => return Err(trouble),
    };
    let all = seats["seats"].as_array().map(Vec::as_slice).unwrap_or_default();
    let count = |some: usize| u64::try_from(some).unwrap_or(u64::MAX);
    let taken = all.iter().filter(|seat| seat["state"] != "available").count();
    let board = Board { show: show.0, seats: count(all.len()), taken: count(taken) };
    let types = visit.get(As::Nobody, &format!("/api/v1/shows/{show}/ticket-types")).await?;
    let listed = types["data"].as_array().or(types.as_array());
    let stocks = listed.map(Vec::as_slice).unwrap_or_default().iter().map(stock);
    let stocks: Option<Vec<Stock>> = stocks.collect();
    let stocks = stocks.ok_or_else(|| Trouble::Impossible(format!("ticket types: {types}")))?;
    Ok((board, stocks))
}

fn stock(value: &Value) -> Option<Stock> {
    Some(Stock {
        ticket_type: number_of(value["id"].as_str()?)?,
        capacity: value["capacity"].as_i64()?,
        held: value["held"].as_i64()?,
        sold: value["sold"].as_i64()?,
    })
}

type Purse = (Wallet, Vec<Payment>);
type Owner = (u32, Option<Opening>);

async fn wallets(site: &Site, scope: &Scope) -> Result<Vec<Purse>, Trouble> {
    let mut asking = JoinSet::new();
    let owners: Vec<Owner> = scope.wallets.iter().map(|(by, had)| (*by, *had)).collect();
    for visitor in 0..VISITORS.min(owners.len()) {
        let mine: Vec<Owner> = owners.iter().skip(visitor).step_by(VISITORS).copied().collect();
        let (accounts, address) = (Arc::clone(&scope.accounts), site.address());
        let has_payments = scope.payments;
        asking.spawn(async move {
            let mut visit = Visit::begin(address).await?;
            let mut found = Vec::new();
            for (by, opening) in mine {
                let account = usize::try_from(by).ok().and_then(|at| accounts.get(at));
                let Some(account) = account else { continue };
                found.push(purse(&mut visit, account, (by, opening), has_payments).await?);
            }
            Ok(found)
        });
    }
    all(asking).await
}

async fn purse(
    visit: &mut Visit,
    account: &Account,
    (by, opening): Owner,
    has_payments: bool,
) -> Result<Purse, Trouble> {
    let who = As::Bearer(&account.token);
    let (mut entries, balance) = purse::read(visit, who, entry).await?;
    let opening = take_opening(&mut entries, opening);
    let mut payments = Vec::new();
    if has_payments {
        let read = |value: &Value| payments.extend(payment(value, by));
        visit.list(who, "/api/v1/payments", read).await?;
    }
    Ok((Wallet { by, opening, balance, entries }, payments))
}

/// What was put in before the load is no part of the history: that entry is taken out, and no other.
/// One that is not there as it was told is not what the wallet had: then its balance shows it.
pub(super) fn take_opening(entries: &mut Vec<Entry>, opening: Option<Opening>) -> i64 {
    entries.sort_by_key(|entry| entry.id);
    let Some(Opening { entry, amount }) = opening else { return 0 };
    let is_it = |one: &Entry| one.id == entry && one.amount == amount;
    match entries.iter().position(is_it) {
        Some(at) => entries.remove(at).amount,
        None => 0,
    }
}

fn entry(value: &Value) -> Option<Entry> {
    let amount = value["amount"].as_i64()?;
    let takes = value["kind"] == "use" || value["kind"] == "withdrawal";
    let sign = if takes { -1 } else { 1 };
    Some(Entry {
        id: number_of(value["id"].as_str()?)?,
        amount: amount * sign,
        payment: value["payment"].as_str().and_then(number_of),
    })
}

fn payment(value: &Value, by: u32) -> Option<Payment> {
    Some(Payment {
        id: number_of(value["id"].as_str()?)?,
        by,
        reservation: value["reservation"].as_str().and_then(number_of),
        amount: value["amount"].as_i64()?,
        refunded: value["refunded"].as_i64()?,
    })
}

/// What the transactions of an instance read and wrote; nothing of one that does not tell. Names begin
/// with the number of the instance.
pub(crate) async fn observed(
    visit: &mut Visit,
    instance: usize,
) -> Result<Vec<Transaction>, Trouble> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = visit.get(As::Nobody, &format!("/bench/observed?after={after}")).await;
        let page = match page {
            Ok(page) => page,
            Err(Trouble::Answer { status: 404, .. }) => return Ok(Vec::new()),
            Err(trouble) => return Err(trouble),
        };
        if page["dropped"].as_u64() != Some(0) {
            let why = "the house observed more than it keeps: nothing follows from the rest";
            return Err(Trouble::Impossible(why.to_owned()));
        }
        let some = page["transactions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(last) = some.last().and_then(|one| one["number"].as_u64()) else {
            return Ok(found);
        };
        after = last;
        for one in some {
            let unreadable = |_| Trouble::Impossible(format!("a transaction: {one}"));
            let rows = |name: &str| serde_json::from_value(one[name].clone()).map_err(unreadable);
            let name = format!("instance {instance}, {}", one["number"]);
            found.push(Transaction { name, reads: rows("reads")?, writes: rows("writes")? });
        }
    }
}
