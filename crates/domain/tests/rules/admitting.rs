//! Admitting: a ticket lets in once, as long as it is one.

use crate::house::{ANN, House, pay};
use admitone_domain::command::operate::{Admit, Operate};
use admitone_domain::command::{Cancel, Refund};
use admitone_domain::id::{OperatorId, PaymentId, ReservationId, TicketId};
use admitone_domain::{Action, Actor, Answer, Deed, Happening, Outcome, Refusal};

const EVE: Actor = Actor::Operator(OperatorId(3));

fn paid(house: &mut House, seats: &[u64]) -> (ReservationId, PaymentId) {
    let held = house.hold(ANN, seats).unwrap();
    house.charge(ANN, 10_000).unwrap();
    match house.pay(ANN, held.id).unwrap() {
        Outcome::Paid { payment, .. } => (held.id, payment.id),
        other => panic!("{other:?}"),
    }
}

fn admit(reservation: ReservationId, item: u32) -> Action {
    Action::Operate(Operate::Admit(Admit { ticket: TicketId { reservation, item } }))
}

fn cancel(house: &mut House, actor: Actor, reservation: ReservationId, item: u32) -> Answer {
    house.act(actor, Action::Cancel(Cancel { reservation, items: Some(vec![item]) }))
}

#[test]
fn a_ticket_lets_in_once_and_the_others_still_do() {
    let mut house = House::new();
    let (id, _) = paid(&mut house, &[1, 2]);
    assert!(house.act(EVE, admit(id, 0)).is_ok());
    house.advance_ms(5_000);
    let again = house.act(EVE, admit(id, 0));
    let Err(Refusal::TicketUsed { at }) = again else { panic!("{again:?}") };
    assert!(house.act(EVE, admit(id, 1)).is_ok());
    let later = house.act(EVE, admit(id, 1));
    assert!(matches!(later, Err(Refusal::TicketUsed { at: used }) if used > at), "{later:?}");
}

#[test]
fn two_at_the_same_moment_are_one() {
    let mut house = House::new();
    let (id, _) = paid(&mut house, &[1]);
    let commands = [house.command(EVE, admit(id, 0)), house.command(EVE, admit(id, 0))];
    let answers = house.settle(&commands);
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(Refusal::TicketUsed { .. })), "{answers:?}");
}

#[test]
fn a_ticket_that_is_sold_and_given_back_in_one_batch_was_not_used() {
    let mut house = House::new();
    let id = house.hold(ANN, &[1]).unwrap().id;
    house.charge(ANN, 10_000).unwrap();
    let ann = Actor::Buyer(ANN);
    let back = || Action::Cancel(Cancel { reservation: id, items: Some(vec![0]) });
    let commands = [house.command(ann, pay(id)), house.command(ann, back())];
    let answers = house.settle(&commands);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[test]
fn a_ticket_that_is_sold_and_used_in_one_batch_is_not_given_back() {
    let mut house = House::new();
    let id = house.hold(ANN, &[1]).unwrap().id;
    house.charge(ANN, 10_000).unwrap();
    let (ann, back) = (Actor::Buyer(ANN), Cancel { reservation: id, items: Some(vec![0]) });
    let commands = [
        house.command(ann, pay(id)),
        house.command(EVE, admit(id, 0)),
        house.command(ann, Action::Cancel(back)),
    ];
    let answers = house.settle(&commands);
    assert!(matches!(answers[2], Err(Refusal::TicketUsed { .. })), "{answers:?}");
}

#[test]
fn what_is_no_ticket_lets_nobody_in() {
    let mut house = House::new();
    let held = house.hold(ANN, &[5]).unwrap().id;
    assert_eq!(house.act(EVE, admit(held, 0)), Err(Refusal::InvalidState), "not paid");
    let (id, _) = paid(&mut house, &[1]);
    assert_eq!(house.act(EVE, admit(id, 1)), Err(Refusal::UnknownItem));
    assert_eq!(house.act(EVE, admit(id, 70_000)), Err(Refusal::UnknownItem));
    let missing = house.act(EVE, admit(ReservationId(999_999), 0));
    assert_eq!(missing, Err(Refusal::UnknownReservation));
    cancel(&mut house, Actor::Buyer(ANN), id, 0).unwrap();
    assert_eq!(house.act(EVE, admit(id, 0)), Err(Refusal::InvalidState), "given back");
}

#[test]
fn who_was_let_in_does_not_give_the_ticket_back_and_staff_may() {
    let mut house = House::new();
    let (id, payment) = paid(&mut house, &[1, 2]);
    house.act(EVE, admit(id, 0)).unwrap();
    let ann = Actor::Buyer(ANN);
    let used = |answer: &Answer| matches!(answer, Err(Refusal::TicketUsed { .. }));
    assert!(used(&cancel(&mut house, ann, id, 0)));
    let refund = || Action::Refund(Refund { payment, amount: None });
    assert!(used(&house.act(ann, refund())), "all of it is some of it");
    assert!(cancel(&mut house, ann, id, 1).is_ok(), "the other one was not used");
    assert!(cancel(&mut house, EVE, id, 0).is_ok(), "the show was broken off");
}

#[test]
fn it_is_told_with_who_stood_at_the_door() {
    let mut house = House::new();
    let (id, _) = paid(&mut house, &[1, 2]);
    let command = house.command(EVE, admit(id, 1));
    let verdict = house.verdict(&[command]);
    let told: Vec<&Happening> = verdict.events.iter().map(|event| &event.what).collect();
    assert!(told.contains(&&Happening::Admitted { item: 1 }), "{told:?}");
    let by = "op_3".to_owned();
    assert!(told.contains(&&Happening::Acted { by, deed: Deed::Admitted }), "{told:?}");
    assert!(told.iter().any(|what| matches!(what, Happening::PassEnded(_))), "{told:?}");
}
