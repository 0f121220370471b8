//! Passes: who may act behind a waiting room, and what ends a pass.

use crate::house::{ANN, BOB, GATED, HOLD_MS, House, ROOM, hold, pay, reservation};
use admitone_domain::id::{BuyerId, ReservationId, RoomId};
use admitone_domain::pass::{Admission, PassKey};
use admitone_domain::{Action, Actor, Answer, Key, Moment, Outcome, Refusal};

fn key(place: u64) -> PassKey {
    PassKey { room: ROOM, epoch: 1, place }
}

fn act(house: &mut House, buyer: BuyerId, admission: Admission, action: Action) -> Answer {
    let mut command = house.command(Actor::Buyer(buyer), action);
    command.admission = admission;
    house.settle(&[command]).remove(0)
}

fn good(house: &House, place: u64) -> Admission {
    Admission::Pass { key: key(place), good_until: house.now.plus_ms(60_000) }
}

fn held(house: &mut House, buyer: BuyerId, place: u64, seat: u64) -> ReservationId {
    let admission = good(house, place);
    reservation(act(house, buyer, admission, hold(GATED, &[seat]))).unwrap().id
}

#[test]
fn a_gated_show_wants_a_pass_of_its_room_that_is_not_over() {
    let mut house = House::new();
    let attempt = |house: &mut House, admission| act(house, ANN, admission, hold(GATED, &[11]));
    assert_eq!(attempt(&mut house, Admission::None), Err(Refusal::AdmissionRequired));
    let over = Admission::Pass { key: key(1), good_until: house.now };
    assert_eq!(attempt(&mut house, over), Err(Refusal::AdmissionExpired));
    let other = PassKey { room: RoomId(2), ..key(1) };
    let elsewhere = Admission::Pass { key: other, good_until: Moment::MAX };
    assert_eq!(attempt(&mut house, elsewhere), Err(Refusal::AdmissionExpired));
    let bypass = Admission::Bypass { room: RoomId(2) };
    assert_eq!(attempt(&mut house, bypass), Err(Refusal::AdmissionExpired));
    assert!(attempt(&mut house, Admission::Bypass { room: ROOM }).is_ok());
}

#[test]
fn a_payment_ends_the_pass_in_the_same_step_and_it_buys_nothing_any_more() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let id = held(&mut house, ANN, 1, 11);
    let second = held(&mut house, ANN, 1, 12);
    let admission = good(&house, 1);
    assert!(matches!(act(&mut house, ANN, admission, pay(id)), Ok(Outcome::Paid { .. })));
    assert!(house.rows.contains_key(&Key::Pass(key(1))));
    let again = act(&mut house, ANN, admission, hold(GATED, &[13]));
    assert_eq!(again, Err(Refusal::AdmissionExpired));
    assert_eq!(act(&mut house, ANN, admission, pay(second)), Err(Refusal::AdmissionExpired));
    assert_eq!(house.balance(ANN), 4_000);
}

#[test]
fn a_payment_and_a_hold_in_one_batch_see_the_same_end_of_the_pass() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let id = held(&mut house, ANN, 1, 11);
    let mut batch = [
        house.command(Actor::Buyer(ANN), pay(id)),
        house.command(Actor::Buyer(ANN), hold(GATED, &[12])),
    ];
    for command in &mut batch {
        command.admission = Admission::Pass { key: key(1), good_until: Moment::MAX };
    }
    let answers = house.settle(&batch);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Refusal::AdmissionExpired));
}

#[test]
fn a_live_hold_keeps_its_pass_good_for_its_own_payment() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let id = held(&mut house, ANN, 1, 11);
    house.advance_ms(HOLD_MS - 1);
    let over = Admission::Pass { key: key(1), good_until: Moment::MIN };
    assert_eq!(act(&mut house, ANN, over, hold(GATED, &[12])), Err(Refusal::AdmissionExpired));
    assert!(act(&mut house, ANN, over, pay(id)).is_ok());
}

#[test]
fn another_buyers_pass_is_another_pass() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    house.charge(BOB, 5_000).unwrap();
    let anns = held(&mut house, ANN, 1, 11);
    let bobs = held(&mut house, BOB, 2, 12);
    let (first, second) = (good(&house, 1), good(&house, 2));
    assert!(act(&mut house, ANN, first, pay(anns)).is_ok());
    assert!(act(&mut house, BOB, second, pay(bobs)).is_ok(), "Ann's payment ended Ann's pass only");
}

#[test]
fn who_still_waits_is_told_that_a_pass_is_needed_and_not_that_it_is_over() {
    let mut house = House::new();
    let waiting = Admission::Waiting { key: key(1) };
    let refused = act(&mut house, ANN, waiting, hold(GATED, &[11]));
    assert_eq!(refused, Err(Refusal::AdmissionRequired));
    let over = Admission::Pass { key: key(1), good_until: house.now };
    let refused = act(&mut house, ANN, over, hold(GATED, &[11]));
    assert_eq!(refused, Err(Refusal::AdmissionExpired));
}

#[test]
fn a_payment_ends_no_place_that_only_waits() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let id = held(&mut house, ANN, 1, 11);
    let waiting = Admission::Waiting { key: key(9) };
    assert!(act(&mut house, ANN, waiting, pay(id)).is_ok());
    assert!(house.rows.contains_key(&Key::Pass(key(1))), "the pass of the hold is used up");
    assert!(!house.rows.contains_key(&Key::Pass(key(9))), "the place in line is not");
}

#[test]
fn a_payment_ends_the_good_pass_it_came_with_too() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let id = held(&mut house, ANN, 1, 11);
    let admission = good(&house, 2);
    assert!(act(&mut house, ANN, admission, pay(id)).is_ok());
    assert!(house.rows.contains_key(&Key::Pass(key(2))));
}
