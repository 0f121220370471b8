//! Reseating: an item gets another seat of its price, and nobody loses one for it.

use crate::house::{ANN, BOB, GATED, HOLD_MS, House, OPENS, SHOW, hold, pay};
use admitone_domain::command::operate::{Admit, Operate, Reseat, SaveSeats, SeatChange};
use admitone_domain::command::{Cancel, Release};
use admitone_domain::id::{OperatorId, ReservationId, SeatId, TicketId};
use admitone_domain::pass::{Admission, PassKey};
use admitone_domain::reservation::{ItemState, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::{
    Action, Actor, Answer, Deed, Guard, Happening, Key, Money, Outcome, Refusal, Row,
};

const EVE: Actor = Actor::Operator(OperatorId(3));

fn reseat(reservation: ReservationId, item: u32, seat: u64) -> Action {
    let seat = SeatId(seat);
    Action::Operate(Operate::Reseat(Reseat { reservation, item, seat }))
}

fn change(house: &mut House, seat: u64, change: SeatChange) {
    let seats = vec![SeatId(seat)];
    house.operate(Operate::SaveSeats(SaveSeats { show: SHOW, seats, change })).unwrap();
}

fn sold(house: &mut House, seats: &[u64]) -> ReservationId {
    let held = house.hold(ANN, seats).unwrap();
    house.charge(ANN, 10_000).unwrap();
    house.pay(ANN, held.id).unwrap();
    held.id
}

fn state(house: &House, seat: u64) -> SeatState {
    match house.row(Key::Seat(SeatId(seat))) {
        Row::Seat(seat) => seat.state,
        other => panic!("{other:?}"),
    }
}

fn taken(seat: u64) -> Answer {
    Err(Refusal::SeatTaken(vec![SeatId(seat)]))
}

#[test]
fn a_held_item_gets_the_seat_for_the_rest_of_the_hold_and_the_old_one_is_free() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    house.advance_ms(1_000);
    let moved = crate::house::reservation(house.act(EVE, reseat(held.id, 1, 5))).unwrap();
    assert_eq!(moved.items[0].what, Ware::Seat(SeatId(1)));
    assert_eq!(moved.items[1].what, Ware::Seat(SeatId(5)));
    assert_eq!(moved.items[1].state, ItemState::Held);
    assert_eq!(moved.held_until, held.held_until, "the time goes on as it was");
    assert_eq!(state(&house, 2), SeatState::Free);
    assert_eq!(state(&house, 5), SeatState::Held { by: held.id, until: held.held_until });
    assert!(house.hold(BOB, &[2]).is_ok(), "the old one can be had");
    assert!(house.hold(BOB, &[5]).is_err(), "the new one cannot");
    house.charge(ANN, 2_000).unwrap();
    house.pay(ANN, held.id).unwrap();
    assert_eq!(state(&house, 5), SeatState::Sold { by: held.id });
}

#[test]
fn a_ticket_is_the_same_one_with_another_seat_and_goes_back_for_what_was_paid() {
    let mut house = House::new();
    let id = sold(&mut house, &[1, 2]);
    house.act(EVE, reseat(id, 0, 7)).unwrap();
    assert_eq!(state(&house, 7), SeatState::Sold { by: id });
    assert_eq!(state(&house, 1), SeatState::Free);
    let cancel = Action::Cancel(Cancel { reservation: id, items: Some(vec![0]) });
    house.act(Actor::Buyer(ANN), cancel).unwrap();
    assert_eq!(state(&house, 7), SeatState::Free, "it is given back where it is now");
    assert_eq!(house.balance(ANN), 9_000);
}

#[test]
fn nothing_is_counted_anew() {
    let mut house = House::new();
    let id = sold(&mut house, &[1, 2]);
    let quota = |house: &House| match house.row(Key::Quota(SHOW, ANN)) {
        Row::Quota { taken, .. } => *taken,
        other => panic!("{other:?}"),
    };
    let before = (quota(&house), house.balance(ANN), house.entries.len());
    house.act(EVE, reseat(id, 0, 7)).unwrap();
    assert_eq!((quota(&house), house.balance(ANN), house.entries.len()), before);
}

#[test]
fn a_seat_that_cannot_be_had_is_refused_by_its_own_reason() {
    let mut house = House::new();
    let id = sold(&mut house, &[1]);
    house.hold(BOB, &[2]).unwrap();
    assert_eq!(house.act(EVE, reseat(id, 0, 2)), taken(2), "held");
    let other = sold(&mut house, &[3]);
    assert_eq!(house.act(EVE, reseat(id, 0, 3)), taken(3), "sold");
    assert_eq!(house.act(EVE, reseat(id, 0, 1)), taken(1), "its own");
    change(&mut house, 4, SeatChange::Block);
    assert_eq!(house.act(EVE, reseat(id, 0, 4)), Err(Refusal::SeatBlocked));
    let unknown = |seat| Err(Refusal::UnknownSeat(vec![SeatId(seat)]));
    assert_eq!(house.act(EVE, reseat(id, 0, 11)), unknown(11), "of another show");
    assert_eq!(house.act(EVE, reseat(id, 0, 999)), unknown(999));
    assert_eq!(state(&house, 1), SeatState::Sold { by: id }, "nothing moved");
    assert_eq!(state(&house, 3), SeatState::Sold { by: other });
}

#[test]
fn a_hold_that_is_over_does_not_keep_its_seat_from_anybody() {
    let mut house = House::new();
    let over = house.hold(BOB, &[2]).unwrap();
    house.advance_ms(HOLD_MS);
    let id = sold(&mut house, &[1]);
    house.act(EVE, reseat(id, 0, 2)).unwrap();
    house.expire(over.id).unwrap();
    assert_eq!(state(&house, 2), SeatState::Sold { by: id }, "the sweep leaves it alone");
}

#[test]
fn an_item_that_nobody_has_any_more_gets_no_seat() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap().id;
    assert_eq!(house.act(EVE, reseat(held, 1, 5)), Err(Refusal::UnknownItem));
    assert_eq!(house.act(EVE, reseat(held, 70_000, 5)), Err(Refusal::UnknownItem));
    let missing = house.act(EVE, reseat(ReservationId(999_999), 0, 5));
    assert_eq!(missing, Err(Refusal::UnknownReservation));
    house.advance_ms(HOLD_MS);
    assert_eq!(house.act(EVE, reseat(held, 0, 5)), Err(Refusal::HoldExpired), "not swept yet");
    house.expire(held).unwrap();
    assert_eq!(house.act(EVE, reseat(held, 0, 5)), Err(Refusal::HoldExpired), "swept");
    let released = house.hold(ANN, &[1]).unwrap().id;
    house.act(EVE, Action::Release(Release { reservation: released })).unwrap();
    assert_eq!(house.act(EVE, reseat(released, 0, 5)), Err(Refusal::InvalidState), "given back");
    let cancelled = sold(&mut house, &[1]);
    house.act(EVE, Action::Cancel(Cancel { reservation: cancelled, items: None })).unwrap();
    assert_eq!(house.act(EVE, reseat(cancelled, 0, 5)), Err(Refusal::InvalidState), "cancelled");
    assert_eq!(state(&house, 5), SeatState::Free);
}

#[test]
fn while_a_gateway_is_asked_everything_stays_where_it_is() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    house.begin(ANN, &held).unwrap();
    assert_eq!(house.act(EVE, reseat(held.id, 0, 5)), Err(Refusal::PaymentInProgress));
}

#[test]
fn who_sits_already_is_not_moved() {
    let mut house = House::new();
    let id = sold(&mut house, &[1, 2]);
    let ticket = TicketId { reservation: id, item: 0 };
    house.act(EVE, Action::Operate(Operate::Admit(Admit { ticket }))).unwrap();
    let used = house.act(EVE, reseat(id, 0, 5));
    assert!(matches!(used, Err(Refusal::TicketUsed { .. })), "{used:?}");
    assert!(house.act(EVE, reseat(id, 1, 5)).is_ok(), "the other one was not used");
    let ticket = TicketId { reservation: id, item: 1 };
    let admitted = house.act(EVE, Action::Operate(Operate::Admit(Admit { ticket })));
    assert!(admitted.is_ok(), "with the ticket that it always was: {admitted:?}");
}

#[test]
fn a_ticket_without_a_seat_gets_none_and_a_buyer_gives_none() {
    let mut house = House::new();
    let standing = house.hold_standing(ANN, 1).unwrap().id;
    assert_eq!(house.act(EVE, reseat(standing, 0, 5)), Err(Refusal::NoSeat));
    let held = house.hold(ANN, &[1]).unwrap().id;
    let own = house.act(Actor::Buyer(ANN), reseat(held, 0, 5));
    assert_eq!(own, Err(Refusal::UnknownReservation));
}

#[test]
fn another_price_is_refused_unless_both_seats_cost_the_same_now() {
    let mut house = House::new();
    let id = sold(&mut house, &[1]);
    change(&mut house, 5, SeatChange::Price(Money(1_200)));
    let refused = house.act(EVE, reseat(id, 0, 5));
    assert_eq!(refused, Err(Refusal::SeatPrice { price: Money(1_200), paid: Money(1_000) }));
    // What the seat costs that it has says nothing about what was paid for it.
    change(&mut house, 1, SeatChange::Price(Money(1_200)));
    house.act(EVE, reseat(id, 0, 5)).unwrap();
    assert_eq!(house.reservation(id).items[0].price, Money(1_000), "what was paid stays");
    // A seat of the price that was paid is as good.
    house.act(EVE, reseat(id, 0, 6)).unwrap();
    assert_eq!(house.reservation(id).items[0].price, Money(1_000));
}

#[test]
fn the_end_of_the_sale_and_the_waiting_room_keep_no_operator_away() {
    let mut house = House::new();
    let key = PassKey { room: crate::house::ROOM, epoch: 0, place: 1 };
    let mut command = house.command(Actor::Buyer(ANN), hold(GATED, &[11]));
    command.admission = Admission::Pass { key, good_until: house.now.plus_ms(60_000) };
    let held = crate::house::reservation(house.settle(&[command]).remove(0)).unwrap();
    house.act(EVE, reseat(held.id, 0, 12)).unwrap();
    let id = sold(&mut house, &[1]);
    house.now = OPENS.plus_ms(1);
    assert!(house.act(EVE, reseat(id, 0, 2)).is_ok(), "a broken seat is found when it begins");
}

#[test]
fn of_a_hold_and_a_move_in_one_batch_the_first_has_the_seat() {
    for hold_first in [true, false] {
        let mut house = House::new();
        let id = sold(&mut house, &[1]);
        let mut batch = vec![
            house.command(Actor::Buyer(BOB), hold(SHOW, &[5])),
            house.command(EVE, reseat(id, 0, 5)),
        ];
        if !hold_first {
            batch.reverse();
        }
        let answers = house.settle(&batch);
        assert!(answers[0].is_ok(), "{answers:?}");
        assert_eq!(answers[1], taken(5));
        let is_moved = !hold_first;
        assert_eq!(state(&house, 1) == SeatState::Free, is_moved);
    }
}

#[test]
fn what_one_batch_holds_moves_pays_and_moves_again_is_where_it_came_last() {
    let mut house = House::new();
    house.charge(ANN, 1_000).unwrap();
    let ann = Actor::Buyer(ANN);
    let first = house.command(ann, hold(SHOW, &[1]));
    let id = ReservationId(first.fresh);
    let batch = [
        first,
        house.command(EVE, reseat(id, 0, 2)),
        house.command(ann, pay(id)),
        house.command(EVE, reseat(id, 0, 3)),
        house.command(Actor::Buyer(BOB), hold(SHOW, &[1, 2])),
    ];
    let answers = house.settle(&batch);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(state(&house, 3), SeatState::Sold { by: id });
}

#[test]
fn two_seats_change_their_places_over_a_third() {
    let mut house = House::new();
    let id = sold(&mut house, &[1, 2]);
    for (item, seat) in [(0, 9), (1, 1), (0, 2)] {
        house.act(EVE, reseat(id, item, seat)).unwrap();
    }
    let seats: Vec<Ware> = house.reservation(id).items.iter().map(|item| item.what).collect();
    assert_eq!(seats, [Ware::Seat(SeatId(2)), Ware::Seat(SeatId(1))]);
    assert_eq!(state(&house, 9), SeatState::Free);
}

#[test]
fn it_is_told_with_both_seats_and_who_did_it() {
    let mut house = House::new();
    let id = sold(&mut house, &[1]);
    let command = house.command(EVE, reseat(id, 0, 5));
    let verdict = house.verdict(&[command]);
    let told: Vec<&Happening> = verdict.events.iter().map(|event| &event.what).collect();
    let (from, to) = (SeatId(1), SeatId(5));
    assert_eq!(told[0], &Happening::Reseated { item: 0, from, to });
    assert_eq!(told[1], &Happening::Acted { by: "op_3".into(), deed: Deed::Reseated });
    let about = |key| verdict.changes.iter().filter(move |change| change.key() == key).count();
    assert_eq!(verdict.changes.len(), 3, "two seats and the reservation, in one step");
    assert_eq!(about(Key::Seat(from)) + about(Key::Seat(to)) + about(Key::Reservation(id)), 3);
    let whole = verdict.changes.iter().all(|change| change.guard == Guard::Unchanged);
    assert!(whole, "whoever changes one of them meanwhile is met");
    assert!(matches!(verdict.answers[0].answer, Ok(Outcome::Reserved(_))));
}

#[test]
fn a_hold_and_a_move_decided_on_the_same_rows_and_both_written_sell_a_seat_twice() {
    let mut house = House::new();
    let id = sold(&mut house, &[1]);
    let hold = house.command(Actor::Buyer(BOB), hold(SHOW, &[5]));
    let bobs = ReservationId(hold.fresh);
    let another = house.command(EVE, reseat(id, 0, 5));
    let verdicts = [house.verdict(&[hold]), house.verdict(&[another])];
    for verdict in &verdicts {
        house.apply(verdict);
    }
    let both = [bobs, id].map(|id| house.reservation(id).items[0].what);
    assert_eq!(both, [Ware::Seat(SeatId(5)); 2], "the harm that stores must keep away");
}
