//! The crowd: many hold the same few seats and tickets while an operator gives them others, move money in one
//! wallet while an operator takes some out, pay while an operator changes prices, and close accounts while somebody
//! charges them.

use crate::audit::{self, Harm};
use crate::cells::Cell;
use crate::house::{House, SEATS, SHOW, STANDING, command, submit};
use admitone_app::ports::delivery::Delivery;
use admitone_domain::command::operate::{CloseAccount, Operate, Reseat, SaveSeats, SeatChange};
use admitone_domain::command::{Charge, Choice, Hold, Pay, Spend, Withdraw};
use admitone_domain::id::{BuyerId, ReservationId, SeatId};
use admitone_domain::{Action, Actor, Answer, Command, Currency, Money};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Buyers who want a seat, and as many who want a ticket.
const BUYERS: u64 = 24;
/// Charges of the one wallet; half as many uses.
const CHARGES: u64 = 16;
/// The buyer with the wallet.
pub(crate) const RICH: BuyerId = BuyerId(9_999);
/// Those who close their accounts: every second one had money before, and used it up.
pub(crate) const LEAVING: std::ops::Range<u64> = 7_000..7_016;

/// Runs a cell once and counts afterwards.
pub(crate) async fn run(cell: &Cell, seed: u64) -> Harm {
    let house = House::open(cell, seed).await;
    let mut first: Vec<Command> = (1..=BUYERS)
        .flat_map(|buyer| {
            [
                money(10_000 + buyer, BuyerId(u128::from(buyer)), Move::In(5)),
                hold(buyer, Some(SeatId(1 + (seed + buyer) % u64::from(SEATS)))),
                hold(1_000 + buyer, None),
            ]
        })
        .collect();
    first.push(money(20_000, RICH, Move::In(100)));
    first.extend(LEAVING.step_by(2).map(|buyer| of(70_000 + buyer, buyer, Move::In(5))));
    // Everybody has money before anybody moves it.
    let (charges, holds): (Vec<_>, Vec<_>) =
        first.into_iter().partition(|command| matches!(command.action, Action::Charge(_)));
    all_at_once(&house.instances, charges).await;

    let moves = (1..=CHARGES).flat_map(|number| {
        let charge = money(20_000 + number, RICH, Move::In(1));
        let spend = money(30_000 + number, RICH, Move::Out(1));
        let withdraw = withdraw(110_000 + number, RICH);
        let out = [(number % 2 == 0).then_some(spend), (number % 4 == 1).then_some(withdraw)];
        std::iter::once(charge).chain(out.into_iter().flatten())
    });
    let used_up = LEAVING.step_by(2).map(|buyer| of(80_000 + buyer, buyer, Move::Out(5)));
    let moves = moves.chain(used_up);
    // Some are given another seat before it is known that they have one: an operator who guessed a number.
    let early = elsewhere(120_000, seed);
    let holds = holds.into_iter().chain(early);
    let answers = all_at_once(&house.instances, holds.chain(moves).collect()).await;

    let held = answers.iter().filter(|(command, answer)| {
        matches!(command.action, Action::Hold(_)) && answer.as_ref().is_some_and(Result::is_ok)
    });
    let pays = held.map(|(hold, _)| {
        let pay = Pay { reservation: ReservationId(hold.fresh), expected: None };
        command(40_000 + hold.fresh, hold.actor, Action::Pay(pay))
    });
    // While they pay, money comes into the same wallets.
    let gifts = (1..=BUYERS).map(|buyer| money(60_000 + buyer, BuyerId(buyer.into()), Move::In(1)));
    let prices = (1..=u64::from(SEATS)).map(|seat| new_price(50_000 + seat, SeatId(seat)));
    let late = (1..=BUYERS)
        .map(|buyer| hold(2_000 + buyer, Some(SeatId(1 + (seed + buyer + 1) % u64::from(SEATS)))));
    let leaving = LEAVING.flat_map(|buyer| {
        [of(90_000 + buyer, buyer, Move::In(1)), close(100_000 + buyer, BuyerId(buyer.into()))]
    });
    let stock = pays.chain(prices).chain(elsewhere(130_000, seed)).chain(late);
    let last = stock.chain(gifts).chain(leaving).collect();
    let last = all_at_once(&house.instances, last).await;
    // Whoever was given another seat left one behind, perhaps when all who wanted it had been refused.
    let left = (1..=u64::from(SEATS)).map(|seat| hold(3_000 + seat, Some(SeatId(seat))));
    let left = all_at_once(&house.instances, left.collect()).await;
    let unanswered =
        answers.iter().chain(&last).chain(&left).filter(|(_, answer)| answer.is_none()).count();
    Harm { contradictions: unanswered as u64, ..audit::count(&house.store).await }
}

/// Another seat for each of those who want one.
fn elsewhere(first: u64, seed: u64) -> impl Iterator<Item = Command> {
    (1..=BUYERS).map(move |buyer| {
        let seat = SeatId(1 + (seed + buyer + 1) % u64::from(SEATS));
        reseat(first + buyer, ReservationId(buyer), seat)
    })
}

/// Sends all of it at once, over the instances in turn.
async fn all_at_once(
    instances: &[Arc<dyn Delivery>],
    commands: Vec<Command>,
) -> Vec<(Command, Option<Answer>)> {
    let mut sent = JoinSet::new();
    for (command, instance) in commands.into_iter().zip(instances.iter().cycle()) {
        let instance = Arc::clone(instance);
        sent.spawn(async move {
            let answer = submit(&*instance, command.clone()).await;
            (command, answer)
        });
    }
    sent.join_all().await
}

#[derive(Clone, Copy)]
enum Move {
    In(i64),
    Out(i64),
}

/// The same of a buyer who is known by a number.
fn of(number: u64, buyer: u64, moved: Move) -> Command {
    money(number, BuyerId(buyer.into()), moved)
}

fn money(number: u64, buyer: BuyerId, moved: Move) -> Command {
    let currency = Currency::KRW;
    let action = match moved {
        Move::In(amount) => Action::Charge(Charge { amount: Money(amount), currency }),
        Move::Out(amount) => Action::Spend(Spend { amount: Money(amount), currency }),
    };
    command(number, Actor::Buyer(buyer), action)
}

/// A hold of a seat, or of a ticket.
fn hold(number: u64, seat: Option<SeatId>) -> Command {
    let tickets = if seat.is_some() { Vec::new() } else { vec![(STANDING, 1)] };
    let choice = Choice::Items { seats: seat.into_iter().collect(), tickets };
    let buyer = BuyerId(u128::from(number % 1_000));
    command(number, Actor::Buyer(buyer), Action::Hold(Hold { show: SHOW, choice }))
}

fn close(number: u64, buyer: BuyerId) -> Command {
    let close = CloseAccount { buyer, payments: Vec::new() };
    command(number, Actor::Buyer(buyer), Action::Operate(Operate::CloseAccount(close)))
}

fn withdraw(number: u64, buyer: BuyerId) -> Command {
    let withdraw = Withdraw { buyer, amount: Money(1), currency: Currency::KRW };
    command(number, Actor::House, Action::Withdraw(withdraw))
}

fn reseat(number: u64, reservation: ReservationId, seat: SeatId) -> Command {
    let reseat = Reseat { reservation, item: 0, seat };
    command(number, Actor::House, Action::Operate(Operate::Reseat(reseat)))
}

fn new_price(number: u64, seat: SeatId) -> Command {
    let change = SeatChange::Price(Money(2));
    let save = SaveSeats { show: SHOW, seats: vec![seat], change };
    command(number, Actor::House, Action::Operate(Operate::SaveSeats(save)))
}
