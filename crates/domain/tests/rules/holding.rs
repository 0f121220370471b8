//! Holding: all or nothing, within the window and the limits.

use crate::house::{ANN, BOB, HOLD_MS, House, OPENS, SHOW, STANDING, hold, show, tickets};
use admitone_domain::command::operate::{Operate, SaveShow};
use admitone_domain::command::{Choice, Extend, Hold, ITEMS_MAX, Release};
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::reservation::ReservationState;
use admitone_domain::show::Limits;
use admitone_domain::{Action, Actor, Key, Moment, Refusal, Rows};

#[test]
fn a_seat_is_held_for_one_buyer_and_for_nobody_else() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    assert_eq!(held.held_until, house.now.plus_ms(HOLD_MS), "from the hold, not from the page");
    assert_eq!(house.hold(BOB, &[2]), Err(Refusal::SeatTaken(vec![SeatId(2)])));
    assert_eq!(house.hold(ANN, &[2]), Err(Refusal::SeatTaken(vec![SeatId(2)])), "not even twice");
}

#[test]
fn a_wish_that_is_far_too_long_is_refused_before_its_seats_are_named() {
    let mut house = House::new();
    let seats: Vec<u64> = (1..=201).collect();
    assert_eq!(house.hold(ANN, &seats), Err(Refusal::LimitPerReservation { max: 4 }));
    let mut seats_named = |wish: &[u64]| {
        let (command, mut named) = (house.command(Actor::Buyer(ANN), hold(SHOW, wish)), vec![]);
        command.keys(&Rows::default(), &mut named);
        named.iter().filter(|key| matches!(key, Key::Seat(_))).count()
    };
    assert_eq!(seats_named(&seats), 0);
    assert_eq!(seats_named(&seats[..ITEMS_MAX]), ITEMS_MAX);
}

#[test]
fn all_seats_are_held_or_none() {
    let mut house = House::new();
    house.hold(ANN, &[2]).unwrap();
    assert_eq!(house.hold(BOB, &[1, 2, 3]), Err(Refusal::SeatTaken(vec![SeatId(2)])));
    assert!(house.hold(BOB, &[1, 3]).is_ok(), "what was refused left nothing behind");
}

#[test]
fn unknown_foreign_and_repeated_seats_are_refused_by_name() {
    let mut house = House::new();
    assert_eq!(house.hold(ANN, &[1, 99]), Err(Refusal::UnknownSeat(vec![SeatId(99)])));
    assert_eq!(house.hold(ANN, &[1, 11]), Err(Refusal::UnknownSeat(vec![SeatId(11)])));
    assert_eq!(house.hold(ANN, &[1, 2, 1]), Err(Refusal::RepeatedSeat(vec![SeatId(1)])));
    assert_eq!(house.hold(ANN, &[]), Err(Refusal::Empty));
    let elsewhere = house.act(Actor::Buyer(ANN), hold(ShowId(9), &[1]));
    assert_eq!(elsewhere, Err(Refusal::UnknownShow(ShowId(9))));
    assert!(house.hold(BOB, &[1]).is_ok());
}

#[test]
fn the_sale_window_is_kept_to_the_microsecond() {
    let mut house = House::new();
    house.now = Moment(-1);
    assert_eq!(house.hold(ANN, &[1]), Err(Refusal::SaleNotOpen));
    house.now = Moment(0);
    assert!(house.hold(ANN, &[1]).is_ok());
    house.now = Moment(OPENS.0 - 1);
    assert!(house.hold(ANN, &[2]).is_ok());
    house.now = OPENS;
    assert_eq!(house.hold(ANN, &[3]), Err(Refusal::SaleClosed));
}

#[test]
fn the_limits_of_a_reservation_and_of_a_buyer_are_kept() {
    let mut house = House::new();
    assert_eq!(house.hold(ANN, &[1, 2, 3, 4, 5]), Err(Refusal::LimitPerReservation { max: 4 }));
    let limits = Limits { per_buyer_max: Some(3), ..show(SHOW, None).limits };
    let save = SaveShow {
        show: admitone_domain::show::Show { limits, ..show(SHOW, None) },
        expected: None,
    };
    house.operate(Operate::SaveShow(save)).unwrap();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    assert_eq!(house.hold(ANN, &[3, 4]), Err(Refusal::LimitPerBuyer { max: 3, taken: 2 }));
    assert!(house.hold(BOB, &[3, 4]).is_ok(), "another buyer has limits of his own");
    house.act(Actor::Buyer(ANN), Action::Release(Release { reservation: held.id })).unwrap();
    assert!(house.hold(ANN, &[5, 6, 7]).is_ok(), "what was given back does not count");
}

#[test]
fn sold_out_is_told_apart_from_all_held() {
    let mut house = House::new();
    let held = house.hold_standing(ANN, 4).unwrap();
    assert_eq!(house.hold_standing(BOB, 2), Err(Refusal::AllHeld { left: 1 }));
    house.charge(ANN, 2_000).unwrap();
    house.pay(ANN, held.id).unwrap();
    assert_eq!(house.hold_standing(BOB, 2), Err(Refusal::SoldOut { left: 1 }));
    assert!(house.hold_standing(BOB, 1).is_ok());
    assert_eq!(house.stock(), (1, 4));
}

#[test]
fn a_ticket_type_named_twice_is_counted_twice() {
    let mut house = House::new();
    house.hold_standing(BOB, 2).unwrap();
    let twice = house.act(Actor::Buyer(ANN), tickets(&[(STANDING, 2), (STANDING, 2)]));
    assert_eq!(twice, Err(Refusal::AllHeld { left: 3 }));
    let twice = house.act(Actor::Buyer(ANN), tickets(&[(STANDING, 3), (STANDING, 3)]));
    assert_eq!(twice, Err(Refusal::LimitPerReservation { max: 4 }));
    let unknown = house.act(Actor::Buyer(ANN), tickets(&[(TicketTypeId(9), 1)]));
    assert_eq!(unknown, Err(Refusal::UnknownTicketType(TicketTypeId(9))));
    assert_eq!(house.stock(), (2, 0));
}

#[test]
fn the_window_comes_before_the_limits_and_the_limits_before_the_stock() {
    let mut house = House::new();
    let refused = Err(Refusal::LimitPerReservation { max: 4 });
    assert_eq!(house.hold_standing(ANN, u32::MAX), refused, "and not that 5 are left");
    let sum = house.act(Actor::Buyer(ANN), tickets(&[(STANDING, u32::MAX), (STANDING, u32::MAX)]));
    assert_eq!(sum, Err(Refusal::LimitPerReservation { max: 4 }), "the sum does not wrap");
    house.hold(BOB, &[1]).unwrap();
    assert_eq!(house.hold(ANN, &[1, 2, 3, 4, 5]), refused, "and not that one is taken");
    house.now = Moment(OPENS.0);
    assert_eq!(house.hold_standing(ANN, u32::MAX), Err(Refusal::SaleClosed));
}

#[test]
fn the_first_free_group_is_taken_and_none_is_not_kept() {
    let mut house = House::new();
    house.hold(BOB, &[1]).unwrap();
    let groups = |groups: &[&[u64]]| {
        let seats = |group: &&[u64]| group.iter().copied().map(SeatId).collect();
        let choice = Choice::FirstFree(groups.iter().map(seats).collect());
        Action::Hold(Hold { show: SHOW, choice })
    };
    let held = house.act(Actor::Buyer(ANN), groups(&[&[1, 2], &[3, 4]])).unwrap();
    let admitone_domain::Outcome::Reserved(held) = held else { panic!("{held:?}") };
    assert_eq!(held.items.len(), 2);
    let refused = house.act(Actor::Buyer(ANN), groups(&[&[1, 2], &[3, 4]])).unwrap_err();
    assert_eq!(refused, Refusal::GroupsTaken);
    assert!(!refused.is_kept(), "groups are chosen again under the same command");
}

#[test]
fn seats_that_can_never_be_had_are_refused_for_good() {
    let mut house = House::new();
    let wish = |count| Action::Hold(Hold { show: SHOW, choice: Choice::Nowhere { count } });
    let refused = house.act(Actor::Buyer(ANN), wish(2)).unwrap_err();
    assert_eq!((refused.code(), refused.may_pass()), ("SEAT_NOT_FOUND", false));
    assert_eq!(refused.to_string(), "no row that was asked for has so many seats together");
    let many = house.act(Actor::Buyer(ANN), wish(5));
    assert_eq!(many, Err(Refusal::LimitPerReservation { max: 4 }), "the limits come first");
}

#[test]
fn a_hold_is_extended_as_often_as_the_show_allows_and_only_while_it_lives() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let extend = Action::Extend(Extend { reservation: held.id });
    for _ in 0..2 {
        house.advance_ms(HOLD_MS - 1);
        house.act(Actor::Buyer(ANN), extend.clone()).unwrap();
    }
    assert_eq!(
        house.act(Actor::Buyer(ANN), extend.clone()),
        Err(Refusal::ExtensionLimit { max: 2 })
    );
    assert_eq!(house.hold(BOB, &[1]), Err(Refusal::SeatTaken(vec![SeatId(1)])));
    house.advance_ms(HOLD_MS);
    assert_eq!(house.act(Actor::Buyer(ANN), extend), Err(Refusal::HoldExpired));
}

#[test]
fn what_is_released_is_free_at_once_and_released_once() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let release = Action::Release(Release { reservation: held.id });
    assert_eq!(house.act(Actor::Buyer(BOB), release.clone()), Err(Refusal::UnknownReservation));
    house.act(Actor::Buyer(ANN), release.clone()).unwrap();
    assert_eq!(house.reservation(held.id).state(), ReservationState::Released);
    assert!(house.hold(BOB, &[1]).is_ok());
    assert_eq!(house.act(Actor::Buyer(ANN), release), Err(Refusal::InvalidState));
    assert_eq!(house.hold(ANN, &[1]), Err(Refusal::SeatTaken(vec![SeatId(1)])));
}

#[test]
fn a_refused_command_in_the_middle_of_a_batch_disturbs_nobody() {
    let mut house = House::new();
    let batch = [
        house.command(Actor::Buyer(ANN), hold(SHOW, &[1])),
        house.command(Actor::Buyer(BOB), hold(SHOW, &[2, 1])),
        house.command(Actor::Buyer(BOB), hold(SHOW, &[2])),
    ];
    let answers = house.settle(&batch);
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_eq!(answers[1], Err(Refusal::SeatTaken(vec![SeatId(1)])));
}

#[test]
fn a_command_that_comes_after_its_deadline_is_refused() {
    let mut house = House::new();
    let mut late = house.command(Actor::Buyer(ANN), hold(SHOW, &[1]));
    late.deadline = Some(Moment(house.now.0 - 1));
    assert_eq!(house.settle(&[late]), [Err(Refusal::DeadlinePassed)]);
    assert!(house.hold(BOB, &[1]).is_ok());
}
