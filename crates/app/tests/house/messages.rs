//! What the rooms are told: late if need be, and the newest.

use crate::house::{House, ROOM};
use admitone_app::ports::tap::Tap;
use admitone_domain::pass::PassKey;
use admitone_domain::{Event, Happening, Key, Moment, Verdict};
use std::sync::Arc;

/// Lets the tasks run until something holds; a hundred thousand turns are for ever.
pub(crate) async fn until(holds: impl Fn() -> bool) -> bool {
    for _ in 0..100_000 {
        if holds() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

fn says(house: &House, message: &str) -> bool {
    house.rooms.document(ROOM).is_some_and(|document| document.message == message)
}

#[tokio::test]
async fn settings_that_were_answered_are_applied_when_the_room_can_be_told_again() {
    let house = House::open().await;
    house.save_room(r#"{"message":"first"}"#).await;
    house.rooms.join(ROOM, crate::house::ANN).await.unwrap();
    assert!(until(|| says(&house, "first")).await);
    house.log.set_failing(true);
    house.save_room(r#"{"message":"second"}"#).await;
    house.save_room(r#"{"message":"third"}"#).await;
    assert!(!until(|| !says(&house, "first")).await, "what is not durable is not shown");
    house.log.set_failing(false);
    assert!(until(|| says(&house, "third")).await, "the newest settings win");
}

#[tokio::test]
async fn the_end_of_a_pass_is_told_when_the_room_can_be_told_again() {
    let house = House::open().await;
    house.save_room("{}").await;
    let visit = house.rooms.join(ROOM, crate::house::ANN).await.unwrap();
    assert_eq!(visit.status, "active");
    let active = || house.rooms.document(ROOM).unwrap().active;
    house.log.set_failing(true);
    let pass = PassKey { room: ROOM, epoch: 1, place: visit.place };
    let told = |what| Event { aggregate: Key::Pass(pass), version: 1, at: Moment(0), what };
    let events = vec![
        told(Happening::PassEnded(pass)),
        told(Happening::PassExtended { pass, until: Moment(i64::MAX) }),
    ];
    house.rooms.committed(&Arc::new(Verdict { events, ..Verdict::default() }));
    assert!(!until(|| active() == 0).await);
    house.log.set_failing(false);
    assert!(until(|| active() == 0).await, "a later extension does not bring it back");
}
