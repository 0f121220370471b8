//! What is said of seats beside their names and prices.

use crate::house::{ANN, GATED, House, SHOW, seats};
use admitone_domain::command::operate::{
    AddSeats, DescribeSeats, Kept, Operate, SaveSeats, SeatChange,
};
use admitone_domain::id::{SeatId, ShowId};
use admitone_domain::show::{Attribute, SeatPlan};
use admitone_domain::{Answer, Key, Moment, Refusal, Row, StoredAnswer};

fn plan(house: &House) -> SeatPlan {
    match &*house.rows[&Key::Plan(SHOW)].row {
        Row::Plan(_, plan) => plan.clone(),
        other => panic!("{other:?}"),
    }
}

fn said(seats: &[(u64, Option<Attribute>)], kept: Kept) -> Operate {
    let seats = seats.iter().map(|(seat, said)| (SeatId(*seat), *said)).collect();
    let add = AddSeats { show: SHOW, blocks: Vec::new() };
    Operate::DescribeSeats(DescribeSeats { add, seats, kept })
}

#[test]
fn what_is_said_of_seats_stands_in_the_plan_until_it_is_taken_back() {
    let mut house = House::new();
    let wheelchair = Some(Attribute::Wheelchair);
    house
        .operate(said(&[(1, wheelchair), (2, Some(Attribute::Companion))], Kept::AsBefore))
        .unwrap();
    let until = Moment(5_000);
    house.operate(said(&[(2, None), (3, wheelchair)], Kept::Until(until))).unwrap();
    let known = plan(&house);
    assert_eq!(known.attributes.len(), 2);
    assert_eq!((known.attribute(SeatId(2)), known.attribute(SeatId(3))), (None, wheelchair));
    assert!(known.is_kept(SeatId(1), Moment(4_999)) && !known.is_kept(SeatId(1), until));
    assert!(!known.is_kept(SeatId(2), Moment(0)), "it is as any other");
    house.operate(said(&[], Kept::Always)).unwrap();
    assert!(plan(&house).is_kept(SeatId(1), Moment::MAX));
    assert!(house.hold(ANN, &[1]).is_ok(), "who takes it by its name asked for it");
}

#[test]
fn nothing_is_said_of_seats_that_are_not_there() {
    let mut house = House::new();
    let restricted = Some(Attribute::RestrictedView);
    // Seat 11 is in another show.
    let both = house.operate(said(&[(1, restricted), (11, restricted)], Kept::AsBefore));
    assert_eq!(both, Err(Refusal::UnknownSeat(vec![SeatId(11)])));
    assert!(plan(&house).attributes.is_empty(), "not of the other either");
    assert_eq!(house.operate(said(&[], Kept::AsBefore)), Err(Refusal::Empty));
    let nowhere = AddSeats { show: ShowId(99), blocks: Vec::new() };
    let nowhere = DescribeSeats { add: nowhere, seats: Vec::new(), kept: Kept::Always };
    let refused = house.operate(Operate::DescribeSeats(nowhere));
    assert_eq!(refused, Err(Refusal::UnknownShow(ShowId(99))));
}

#[test]
fn new_seats_come_with_what_is_said_of_them_or_not_at_all() {
    let mut house = House::new();
    let add = seats(SHOW, 100, 3, "B");
    let seats = |seat| vec![(SeatId(seat), Some(Attribute::Wheelchair))];
    let describe = |seat| {
        Operate::DescribeSeats(DescribeSeats {
            add: add.clone(),
            seats: seats(seat),
            kept: Kept::AsBefore,
        })
    };
    let refused = house.operate(describe(103));
    assert_eq!(refused, Err(Refusal::UnknownSeat(vec![SeatId(103)])));
    assert!(!house.rows.contains_key(&Key::Seat(SeatId(100))), "nothing is half there");
    house.operate(describe(102)).unwrap();
    assert_eq!((plan(&house).blocks.len(), plan(&house).attributes.len()), (2, 1));
    assert_eq!(house.operate(describe(102)), Err(Refusal::SeatExists));
}

#[test]
fn the_answer_to_what_made_seats_is_kept_for_ever_and_to_what_was_said_of_them_not() {
    let mut house = House::new();
    let operate = Operate::DescribeSeats(DescribeSeats {
        add: seats(SHOW, 100, 1, "B"),
        seats: Vec::new(),
        kept: Kept::Always,
    });
    let at = |house: &mut House, operate| {
        let action = admitone_domain::Action::Operate(operate);
        let command = house.command(admitone_domain::Actor::House, action);
        house.verdict(&[command]).answers[0].at
    };
    assert_eq!(at(&mut house, operate), StoredAnswer::FOR_EVER);
    let later = said(&[(1, Some(Attribute::Companion))], Kept::AsBefore);
    assert_ne!(at(&mut house, later), StoredAnswer::FOR_EVER);
}

fn change(house: &mut House, seat: u64, change: SeatChange) -> Answer {
    let save = SaveSeats { show: SHOW, seats: vec![SeatId(seat)], change };
    house.operate(Operate::SaveSeats(save))
}

#[test]
fn for_whom_a_seat_is_out_of_the_sale_is_said_until_it_is_back() {
    let mut house = House::new();
    let sponsors = || SeatChange::BlockFor("sponsors".into());
    let label = |house: &House| plan(house).labels.get(&SeatId(1)).cloned();
    change(&mut house, 1, sponsors()).unwrap();
    assert_eq!(label(&house).as_deref(), Some("sponsors"));
    assert_eq!(house.hold(ANN, &[1]), Err(Refusal::SeatTaken(vec![SeatId(1)])));
    change(&mut house, 1, SeatChange::BlockFor("press".into())).unwrap();
    assert_eq!(label(&house).as_deref(), Some("press"));
    change(&mut house, 1, SeatChange::Unblock).unwrap();
    assert_eq!(label(&house), None);
    // Taken out again without a word it is not said to be for those of before.
    change(&mut house, 1, SeatChange::Block).unwrap();
    assert_eq!(label(&house), None);
    house.hold(ANN, &[2]).unwrap();
    assert_eq!(change(&mut house, 2, sponsors()), Err(Refusal::SeatTaken(vec![SeatId(2)])));
    assert_eq!(plan(&house).labels.len(), 0);
    let other = SaveSeats { show: GATED, seats: vec![SeatId(1)], change: sponsors() };
    let refused = house.operate(Operate::SaveSeats(other));
    assert_eq!(refused, Err(Refusal::UnknownSeat(vec![SeatId(1)])));
}
