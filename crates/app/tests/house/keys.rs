//! What is kept under a key, and what may be asked again.

use crate::house::{ANN, BOB, HOLD_MS, House, standing};
use admitone_app::box_office::Request;
use admitone_domain::{Actor, Moment, Outcome, Refusal};

#[tokio::test]
async fn who_was_told_to_ask_again_may_do_so_under_the_same_key() {
    let house = House::open().await;
    house.submit(&house.named(Actor::Buyer(ANN)), standing()).await.unwrap();
    let bob = house.named(Actor::Buyer(BOB));
    assert_eq!(house.submit(&bob, standing()).await, Err(Refusal::AllHeld { left: 0 }));
    house.clock.advance_ms(HOLD_MS);
    assert!(matches!(house.submit(&bob, standing()).await, Ok(Outcome::Reserved(_))));
}

#[tokio::test]
async fn a_command_that_came_too_late_may_come_again() {
    let house = House::open().await;
    let late = Request { deadline: Some(Moment(1)), ..house.named(Actor::Buyer(ANN)) };
    assert_eq!(house.submit(&late, standing()).await, Err(Refusal::DeadlinePassed));
    let again = Request { deadline: None, ..late };
    assert!(house.submit(&again, standing()).await.is_ok());
}

#[tokio::test]
async fn a_refusal_that_stays_is_kept() {
    let house = House::open().await;
    let ann = house.named(Actor::Buyer(ANN));
    let nothing = admitone_domain::command::Choice::Items { seats: vec![], tickets: vec![] };
    let nothing = admitone_domain::command::Hold { show: crate::house::SHOW, choice: nothing };
    let nothing = admitone_domain::Action::Hold(nothing);
    assert_eq!(house.submit(&ann, nothing).await, Err(Refusal::Empty));
    assert!(house.office.reads.answer(ann.id).await.unwrap().is_some());
}
