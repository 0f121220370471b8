//! Notices to buyers: of what happened to their things, once for each event.

use crate::house::House;
use admitone_app::Trouble;
use admitone_app::events::{Envelope, InProcess, Intake};
use admitone_app::notices::NoticeWriter;
use admitone_app::ports::event_bus::{Consumer, EventBus};
use admitone_app::ports::notices::{Fate, Notice, Notices, Subject};
use admitone_app::ports::store::Mode;
use admitone_conformance::sale::{SHOW, answer, by, charge, hold, programme, settler};
use admitone_domain::command::Pay;
use admitone_domain::id::BuyerId;
use admitone_domain::{Action, Outcome};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};

const ANN: BuyerId = BuyerId(7);

/// A file, as it were: what is in it is not written again.
#[derive(Default)]
struct Kept(Mutex<Vec<Notice>>);

#[async_trait]
impl Notices for Kept {
    async fn send(&self, notices: &[Notice]) -> Result<Vec<Fate>, Trouble> {
        let mut kept = self.0.lock().unwrap();
        for notice in notices {
            if !kept.iter().any(|known| known.id == notice.id) {
                kept.push(notice.clone());
            }
        }
        Ok(vec![Fate::Taken; notices.len()])
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

#[tokio::test]
async fn a_buyer_is_told_once_of_what_was_confirmed() {
    let house = House::new().await;
    let settler = settler(house.store.clone(), Mode::Optimistic);
    for command in programme(4, 4) {
        assert!(answer(settler.settle(vec![command]).await.remove(0)).is_ok());
    }
    assert!(answer(settler.settle(vec![charge(1, ANN, 10)]).await.remove(0)).is_ok());
    assert!(answer(settler.settle(vec![hold(2, ANN, SHOW, &[1, 2], 0)]).await.remove(0)).is_ok());
    let reservation = admitone_domain::id::ReservationId(2);
    let pay = by(3, ANN, Action::Pay(Pay { reservation, expected: None }));
    let paid = answer(settler.settle(vec![pay]).await.remove(0));
    let kept = Arc::new(Kept::default());
    let (reads, clock) = (house.store.clone(), house.clock.clone());
    let writer = NoticeWriter { reads, notices: kept.clone(), clock };
    let intake = Intake { source: "/admitone/test".into(), consumers: vec![Arc::new(writer)] };
    let bus: Arc<dyn EventBus> = Arc::new(InProcess { name: "notices", intake });
    let events: Vec<Envelope> = (1..)
        .zip(house.store.events())
        .map(|(number, event)| Envelope { source: "/admitone/test".into(), number, event })
        .collect();
    // All of it comes twice.
    for event in events.iter().chain(&events) {
        bus.publish(event.lane(), std::slice::from_ref(event)).await.unwrap();
    }
    // What happened days ago is news to nobody.
    house.clock.advance_ms(3 * 24 * 3_600_000);
    let late = Arc::new(Kept::default());
    let (reads, clock) = (house.store.clone(), house.clock.clone());
    let writer = NoticeWriter { reads, notices: late.clone(), clock };
    writer.take(&events).await.unwrap();
    assert_eq!(late.0.lock().unwrap().len(), 0);
    let kept = kept.0.lock().unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!((kept[0].what, kept[0].buyer), (Subject::Confirmed, ANN));
    assert_eq!(kept[0].reservation, Some(reservation));
    assert!(kept[0].english.body.contains("2 tickets for One"), "{:?}", kept[0].english);
    assert!(kept[0].korean.title.contains("예매가 완료"), "{:?}", kept[0].korean);
    assert!(matches!(paid, Ok(Outcome::Paid { .. })), "{paid:?}");
}
