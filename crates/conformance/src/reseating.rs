//! A ticket gets another seat while somebody holds that seat, uses the ticket or gives it back: one of both, and
//! never a seat for two. And money is taken out of a wallet while it is spent.

use crate::Fresh;
use crate::cases::race;
use crate::sale::{SHOW, by, hold, operate, programme};
use crate::steps::{ANN, BOB, balance, charge, command, row, settle};
use admitone_app::ports::reads::Page;
use admitone_app::ports::store::Mode;
use admitone_domain::command::operate::{Admit, Operate, Reseat};
use admitone_domain::command::{Cancel, Pay, Spend, Withdraw};
use admitone_domain::id::{ReservationId, SeatId, TicketId};
use admitone_domain::pass::PassKey;
use admitone_domain::reservation::{Item, ItemState, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::wallet::EntryKind;
use admitone_domain::{Action, Actor, Command, Currency, Key, Money, Row};

/// Ann's ticket.
const TICKET: TicketId = TicketId { reservation: ReservationId(11), item: 0 };
/// What Bob holds meanwhile.
const BOBS: ReservationId = ReservationId(20);

/// A show with five seats, of which Ann has bought the first.
async fn sold(fresh: &Fresh, mode: Mode) {
    let pay = Action::Pay(Pay { reservation: TICKET.reservation, expected: None });
    let bought = [charge(10, ANN, 5), hold(11, ANN, SHOW, &[1], 0), by(12, ANN, pay)];
    for command in programme(5, 5).chain(bought) {
        settle(fresh, mode, vec![command]).await[0].as_ref().unwrap_or_else(|e| panic!("{e:?}"));
    }
}

/// Gives Ann's ticket another seat.
fn reseat(number: u64, seat: u64) -> Command {
    let TicketId { reservation, item } = TICKET;
    operate(number, Operate::Reseat(Reseat { reservation, item, seat: SeatId(seat) }))
}

fn admit(number: u64) -> Command {
    operate(number, Operate::Admit(Admit { ticket: TICKET }))
}

fn cancel(number: u64) -> Command {
    let cancel = Cancel { reservation: TICKET.reservation, items: None };
    by(number, ANN, Action::Cancel(cancel))
}

/// The first item of a reservation, if there is one.
async fn item(fresh: &Fresh, id: ReservationId) -> Option<Item> {
    match row(fresh, Key::Reservation(id)).await {
        Some(Row::Reservation(reservation)) => reservation.items.first().copied(),
        _ => None,
    }
}

async fn state(fresh: &Fresh, seat: u64) -> SeatState {
    match row(fresh, Key::Seat(SeatId(seat))).await {
        Some(Row::Seat(seat)) => seat.state,
        other => panic!("{other:?}"),
    }
}

async fn is_used(fresh: &Fresh) -> bool {
    let pass = PassKey::of_ticket(TICKET).unwrap_or_else(|| panic!("no pass"));
    row(fresh, Key::Pass(pass)).await.is_some()
}

pub(crate) async fn a_seat_is_held_or_moved_to_and_never_both(fresh: Fresh, mode: Mode) {
    sold(&fresh, mode).await;
    race(&fresh, mode, [hold(20, BOB, SHOW, &[2], 0), reseat(21, 2)]).await;
    check_one_owner(&fresh, 2).await;
    race(&fresh, mode, [reseat(23, 3), hold(22, BOB, SHOW, &[3], 0)]).await;
    check_one_owner(&fresh, 3).await;
}

/// Either Ann sits there, and has left where she sat, or Bob holds it.
async fn check_one_owner(fresh: &Fresh, seat: u64) {
    let Some(Item { what: Ware::Seat(has), .. }) = item(fresh, TICKET.reservation).await else {
        panic!("Ann has nothing");
    };
    let by = TICKET.reservation;
    assert_eq!(state(fresh, has.0).await, SeatState::Sold { by }, "what she has is hers");
    let mut hers = 0;
    for id in 1..=5 {
        hers += u32::from(state(fresh, id).await == SeatState::Sold { by });
    }
    assert_eq!(hers, 1, "and nothing else is");
    let is_bobs =
        matches!(state(fresh, seat).await, SeatState::Held { by, .. } if by != TICKET.reservation);
    assert_ne!(has.0 == seat, is_bobs, "one of both");
}

pub(crate) async fn plain_moves_a_ticket_to_a_seat_that_is_held(fresh: Fresh, mode: Mode) {
    sold(&fresh, mode).await;
    race(&fresh, mode, [hold(20, BOB, SHOW, &[2], 0), reseat(21, 2)]).await;
    let (hers, his) = (item(&fresh, TICKET.reservation).await, item(&fresh, BOBS).await);
    let two = [hers, his].map(|item| item.map(|item| item.what));
    assert_eq!(two, [Some(Ware::Seat(SeatId(2))); 2], "the harm: two have one seat");
}

pub(crate) async fn a_ticket_is_used_or_moved_and_never_both(fresh: Fresh, mode: Mode) {
    sold(&fresh, mode).await;
    if mode == Mode::Serializable {
        // Where what is read is locked, one of them waits with what it reads for all that the other does.
        let (moves, admits) = (vec![reseat(21, 2)], vec![admit(22)]);
        tokio::join!(settle(&fresh, mode, moves), settle(&fresh, mode, admits));
    } else {
        race(&fresh, mode, [reseat(21, 2), admit(22)]).await;
    }
    let has = item(&fresh, TICKET.reservation).await.map(|item| item.what);
    let is_moved = has == Some(Ware::Seat(SeatId(2)));
    assert!(is_used(&fresh).await || is_moved, "one of both was done");
    let before = has;
    if is_used(&fresh).await {
        settle(&fresh, mode, vec![reseat(23, 3)]).await;
        let after = item(&fresh, TICKET.reservation).await.map(|item| item.what);
        assert_eq!(after, before, "who sits is not moved");
    }
}

pub(crate) async fn a_ticket_that_is_moved_and_given_back_leaves_no_seat_taken(
    fresh: Fresh,
    mode: Mode,
) {
    sold(&fresh, mode).await;
    race(&fresh, mode, [cancel(21), reseat(22, 2)]).await;
    for seat in 1..=5 {
        assert_eq!(state(&fresh, seat).await, SeatState::Free, "seat {seat}");
    }
    let kept = item(&fresh, TICKET.reservation).await.map(|item| item.state);
    assert_eq!(kept, Some(ItemState::Cancelled));
    assert_eq!(balance(&fresh, ANN).await, 5);
}

pub(crate) async fn plain_moves_a_ticket_that_was_given_back(fresh: Fresh, mode: Mode) {
    sold(&fresh, mode).await;
    race(&fresh, mode, [cancel(21), reseat(22, 2)]).await;
    let kept = item(&fresh, TICKET.reservation).await.map(|item| item.state);
    let harm = (kept, balance(&fresh, ANN).await);
    assert_eq!(harm, (Some(ItemState::Sold), 5), "the harm: a ticket whose price went back");
}

fn withdraw(number: u64, amount: i64) -> Command {
    let (amount, currency) = (Money(amount), Currency::KRW);
    command(number, Actor::House, Action::Withdraw(Withdraw { buyer: ANN, amount, currency }))
}

fn spend(number: u64, amount: i64) -> Command {
    let spend = Spend { amount: Money(amount), currency: Currency::KRW };
    by(number, ANN, Action::Spend(spend))
}

pub(crate) async fn money_is_taken_out_or_spent_and_never_both(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    race(&fresh, mode, [spend(2, 80), withdraw(3, 90)]).await;
    let left = balance(&fresh, ANN).await;
    assert!([10, 20].contains(&left), "{left}");
    assert_eq!(left, sum(&fresh).await);
}

pub(crate) async fn plain_takes_out_what_was_spent(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    race(&fresh, mode, [spend(2, 80), withdraw(3, 90)]).await;
    assert_eq!(sum(&fresh).await, -70, "the harm: more went out than there was");
}

pub(crate) async fn what_was_taken_out_is_listed_as_that(fresh: Fresh, mode: Mode) {
    settle(&fresh, mode, vec![charge(1, ANN, 100)]).await;
    settle(&fresh, mode, vec![withdraw(2, 30)]).await;
    let page = Page { before: None, limit: 10 };
    let entries = fresh.reads.entries(ANN, page).await.unwrap_or_else(|e| panic!("{e}"));
    let told = entries.iter().map(|entry| (entry.id.0, entry.kind, entry.amount.0));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [(2, EntryKind::Withdrawal, 30), (1, EntryKind::Charge, 100)]);
    assert_eq!(balance(&fresh, ANN).await, 70);
}

/// What Ann's entries add up to.
async fn sum(fresh: &Fresh) -> i64 {
    let page = Page { before: None, limit: 10 };
    let entries = fresh.reads.entries(ANN, page).await.unwrap_or_else(|e| panic!("{e}"));
    entries.iter().map(|entry| entry.signed_amount().0).sum()
}
