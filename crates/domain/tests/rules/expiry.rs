//! Expiry: a hold that is over blocks nobody, and a payment that races it has one winner.

use crate::house::{ANN, BOB, HOLD_MS, House, SHOW, hold, pay};
use admitone_domain::command::Expire;
use admitone_domain::id::SeatId;
use admitone_domain::reservation::ReservationState;
use admitone_domain::{Action, Actor, Moment, Refusal};

#[test]
fn a_hold_that_is_over_can_be_taken_over_unswept() {
    let mut house = House::new();
    let anns = house.hold(ANN, &[1]).unwrap();
    house.now = Moment(anns.held_until.0 - 1);
    assert_eq!(house.hold(BOB, &[1]), Err(Refusal::SeatTaken(vec![SeatId(1)])));
    house.now = anns.held_until;
    let bobs = house.hold(BOB, &[1]).unwrap();

    house.charge(ANN, 5_000).unwrap();
    assert_eq!(house.pay(ANN, anns.id), Err(Refusal::HoldExpired));
    house.expire(anns.id).unwrap();
    assert_eq!(house.hold(ANN, &[1]), Err(Refusal::SeatTaken(vec![SeatId(1)])), "still Bob's");
    house.charge(BOB, 1_000).unwrap();
    assert!(house.pay(BOB, bobs.id).is_ok());
    assert_eq!(house.balance(ANN), 5_000, "nothing was charged");
}

#[test]
fn a_payment_and_the_expiry_of_its_hold_have_exactly_one_winner() {
    for pays_first in [true, false] {
        for late_us in [-1, 0, 1] {
            let mut house = House::new();
            house.charge(ANN, 1_000).unwrap();
            let held = house.hold(ANN, &[1]).unwrap();
            house.now = Moment(held.held_until.0 + late_us);
            let sweep = Action::Expire(Expire { reservation: held.id });
            let mut batch = vec![
                house.command(Actor::Buyer(ANN), pay(held.id)),
                house.command(Actor::House, sweep),
            ];
            if !pays_first {
                batch.reverse();
            }
            let won = house.settle(&batch).iter().filter(|answer| answer.is_ok()).count();
            assert_eq!(won, 1, "pays first: {pays_first}, late by {late_us} µs");
            let state = house.reservation(held.id).state();
            let expected =
                if late_us < 0 { ReservationState::Sold } else { ReservationState::Expired };
            assert_eq!(state, expected);
            assert_eq!(house.balance(ANN), if late_us < 0 { 0 } else { 1_000 });
        }
    }
}

#[test]
fn a_live_hold_is_not_swept_and_a_swept_one_not_again() {
    let mut house = House::new();
    let held = house.hold_standing(ANN, 2).unwrap();
    assert_eq!(house.expire(held.id), Err(Refusal::InvalidState));
    house.advance_ms(HOLD_MS);
    assert_eq!(house.stock(), (2, 0));
    house.expire(held.id).unwrap();
    assert_eq!(house.stock(), (0, 0));
    assert_eq!(house.expire(held.id), Err(Refusal::InvalidState));
    assert_eq!(house.stock(), (0, 0), "given back once");
}

#[test]
fn without_the_check_of_the_owner_a_late_expiry_frees_anothers_seat() {
    let mut house = House::new();
    let anns = house.hold(ANN, &[1]).unwrap();
    house.now = anns.held_until;
    // The guard off: the expiry is decided before the seat is taken over, and written after it.
    let sweep = Action::Expire(Expire { reservation: anns.id });
    let sweep = house.command(Actor::House, sweep);
    let stale = house.verdict(&[sweep]);
    let bobs = house.act(Actor::Buyer(BOB), hold(SHOW, &[1])).unwrap();
    house.apply(&stale);
    let seats_left = house.hold(ANN, &[1]);
    assert!(seats_left.is_ok(), "Bob's seat was given away, which is the harm: {bobs:?}");
}
