//! Notices to buyers: of what happened to their things, once for each event.

use crate::house::House;
use admitone_app::events::{Envelope, InProcess, Intake};
use admitone_app::memory::MemoryStore;
use admitone_app::notices::{NoticeBook, NoticeWriter, Standing};
use admitone_app::ports::event_bus::{Consumer, EventBus};
use admitone_app::ports::notices::{Fate, Notice, Notices, Subject};
use admitone_app::ports::store::Mode;
use admitone_app::{Trouble, TroubleKind};
use admitone_conformance::sale::{SHOW, answer, by, charge, hold, operate, programme, settler};
use admitone_domain::command::operate::{Operate, Reseat};
use admitone_domain::command::{Cancel, Pay};
use admitone_domain::id::{BuyerId, ReservationId, SeatId};
use admitone_domain::{Action, Happening};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

const ANN: BuyerId = BuyerId(7);
/// What Ann holds and pays.
const RESERVATION: ReservationId = ReservationId(2);
/// After so long nobody is told any more.
const DAYS_MS: u64 = 3 * 24 * 3_600_000;

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

/// Answers what it is told to, one after the other, and counts what it is sent.
#[derive(Default)]
struct Moody {
    answers: Mutex<VecDeque<Result<Fate, Trouble>>>,
    sent: Mutex<Vec<String>>,
}

impl Moody {
    fn says(&self, answers: &[Result<Fate, Trouble>]) {
        self.answers.lock().unwrap().extend(answers.iter().cloned());
    }

    fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

#[async_trait]
impl Notices for Moody {
    async fn send(&self, notices: &[Notice]) -> Result<Vec<Fate>, Trouble> {
        let mut fates = Vec::new();
        for notice in notices {
            self.sent.lock().unwrap().push(notice.id.clone());
            fates.push(self.answers.lock().unwrap().pop_front().unwrap()?);
        }
        Ok(fates)
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

fn away() -> Result<Fate, Trouble> {
    Err(Trouble::new(TroubleKind::Unavailable, "send a notice", "nobody is there"))
}

/// A house in which Ann holds two seats, pays them and cancels one; its events.
async fn sold(house: &House) -> Vec<Envelope> {
    let settler = settler(house.store.clone(), Mode::Optimistic);
    for command in programme(4, 4) {
        assert!(answer(settler.settle(vec![command]).await.remove(0)).is_ok());
    }
    let reservation = RESERVATION;
    for command in [
        charge(1, ANN, 10),
        hold(2, ANN, SHOW, &[1, 2], 0),
        by(3, ANN, Action::Pay(Pay { reservation, expected: None })),
        by(4, ANN, Action::Cancel(Cancel { reservation, items: Some(vec![1]) })),
    ] {
        let done = answer(settler.settle(vec![command]).await.remove(0));
        assert!(done.is_ok(), "{done:?}");
    }
    envelopes(house)
}

/// All that happened in a house, as it leaves it.
fn envelopes(house: &House) -> Vec<Envelope> {
    let source = "/admitone/test";
    (1..)
        .zip(house.store.events())
        .map(|(number, event)| Envelope { source: source.into(), number, event })
        .collect()
}

/// Writes notices of what a house has, into its own book.
fn writer(house: &House, notices: Arc<dyn Notices>) -> NoticeWriter {
    let book = NoticeBook(house.store.clone());
    NoticeWriter::new(house.store.clone(), notices, book, house.clock.clone())
}

/// How the notices of a house stand: what each is about, how often it was tried, and what came of it;
/// the oldest first.
async fn standing(house: &House) -> Vec<(Subject, u32, Standing)> {
    let book = NoticeBook(house.store.clone());
    let mut all = book.list(Some(RESERVATION), None, 9).await.unwrap();
    assert_eq!(book.list(None, None, 9).await.unwrap(), all, "they are all of one reservation");
    all.sort_by_key(|told| told.what == Subject::Refunded);
    all.into_iter().map(|told| (told.what, told.attempts, told.standing)).collect()
}

#[tokio::test]
async fn a_buyer_is_told_which_seat_it_is_now() {
    let house = House::new().await;
    sold(&house).await;
    let reseat = Reseat { reservation: RESERVATION, item: 0, seat: SeatId(4) };
    let settler = settler(house.store.clone(), Mode::Optimistic);
    let done = settler.settle(vec![operate(9, Operate::Reseat(reseat))]).await.remove(0);
    assert!(answer(done).is_ok());
    let news: Vec<Envelope> = envelopes(&house)
        .into_iter()
        .filter(|told| matches!(told.event.what, Happening::Reseated { .. }))
        .collect();
    assert_eq!(news.len(), 1);
    let kept = Arc::new(Kept::default());
    writer(&house, kept.clone()).take(&news).await.unwrap();
    let kept = kept.0.lock().unwrap();
    assert_eq!((kept[0].what, kept[0].buyer), (Subject::Reseated, ANN));
    assert!(kept[0].english.body.contains("section A, row 1, seat 4"), "{:?}", kept[0].english);
    assert!(kept[0].korean.body.contains("A구역 1열 4번"), "{:?}", kept[0].korean);
}

#[tokio::test]
async fn a_buyer_is_told_once_of_what_was_confirmed() {
    let house = House::new().await;
    let events = sold(&house).await;
    let kept = Arc::new(Kept::default());
    let consumer: Arc<dyn Consumer> = Arc::new(writer(&house, kept.clone()));
    let intake = Intake { source: "/admitone/test".into(), consumers: vec![consumer] };
    let bus: Arc<dyn EventBus> = Arc::new(InProcess { name: "notices", intake });
    // All of it comes twice.
    for event in events.iter().chain(&events) {
        bus.publish(event.lane(), std::slice::from_ref(event)).await.unwrap();
    }
    {
        let kept = kept.0.lock().unwrap();
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert_eq!((kept[0].what, kept[0].buyer), (Subject::Confirmed, ANN));
        assert_eq!(kept[0].reservation, Some(RESERVATION));
        assert!(kept[0].english.body.contains("2 tickets for One"), "{:?}", kept[0].english);
        assert!(kept[0].korean.title.contains("예매가 완료"), "{:?}", kept[0].korean);
        assert_eq!(kept[1].what, Subject::Refunded);
    }
    let taken = [Subject::Confirmed, Subject::Refunded].map(|what| (what, 1, Standing::Taken));
    assert_eq!(standing(&house).await, taken);
    // What happened days ago is news to nobody, and what was said of it stays said.
    house.clock.advance_ms(DAYS_MS);
    let late = Arc::new(Kept::default());
    writer(&house, late.clone()).take(&events).await.unwrap();
    assert_eq!(late.0.lock().unwrap().len(), 0);
    assert_eq!(standing(&house).await, taken);
}

#[tokio::test]
async fn what_became_of_each_notice_is_written_down() {
    let house = House::new().await;
    let events = sold(&house).await;
    let post = Arc::new(Moody::default());
    let writer = writer(&house, post.clone());
    let trying = || Standing::Trying { why: "nobody is there".into() };
    post.says(&[away()]);
    assert!(writer.take(&events).await.is_err(), "all of it comes again");
    let waits = [(Subject::Confirmed, 1, trying()), (Subject::Refunded, 0, trying())];
    assert_eq!(standing(&house).await, waits, "the second waits for the first");

    post.says(&[Ok(Fate::Refused(422)), away()]);
    assert!(writer.take(&events).await.is_err());
    let refused = (Subject::Confirmed, 2, Standing::Refused { status: 422 });
    assert_eq!(standing(&house).await, [refused.clone(), (Subject::Refunded, 1, trying())]);

    // The first is not sent again: what is settled is not news.
    house.clock.advance_ms(DAYS_MS);
    writer.take(&events).await.unwrap();
    let why = "nobody took it for three days".to_owned();
    let given_up = (Subject::Refunded, 1, Standing::GivenUp { why });
    assert_eq!(standing(&house).await, [refused, given_up]);
    assert_eq!(post.sent(), 3);
}

#[tokio::test]
async fn without_the_book_what_was_taken_is_sent_again() {
    let house = House::new().await;
    let events = sold(&house).await;
    let sent = async |book: &dyn Fn() -> NoticeBook| {
        let post = Arc::new(Moody::default());
        post.says(&[Ok(Fate::Taken), away(), Ok(Fate::Taken), Ok(Fate::Taken)]);
        for _ in 0..2 {
            let (reads, clock) = (house.store.clone(), house.clock.clone());
            let writer = NoticeWriter::new(reads, post.clone(), book(), clock);
            drop(writer.take(&events).await);
        }
        post.sent()
    };
    let blank = || NoticeBook(Arc::new(MemoryStore::new(house.clock.clone())));
    assert_eq!(sent(&blank).await, 4, "the first one twice");
    assert_eq!(sent(&|| NoticeBook(house.store.clone())).await, 3);
}

#[tokio::test]
async fn a_notice_that_is_wished_again_is_tried_once_and_written_down() {
    let house = House::new().await;
    sold(&house).await;
    let post = Arc::new(Moody::default());
    let writer = writer(&house, post.clone());
    post.says(&[away(), Ok(Fate::Taken), Ok(Fate::Refused(400))]);
    let again = async |wish| writer.again(RESERVATION, wish).await.unwrap().unwrap();
    let first = again("one").await;
    assert_eq!(first.told.standing, Standing::GivenUp { why: "nobody is there".into() });
    let second = again("one").await;
    assert_eq!((second.told.standing, second.told.attempts), (Standing::Taken, 2));
    let third = again("one").await;
    assert_eq!((third.told.attempts, third.is_repeated), (2, true), "it is not sent again");
    let other = again("other").await;
    assert_eq!(other.told.standing, Standing::Refused { status: 400 });
    assert_eq!(post.sent(), 3);
    assert_eq!(standing(&house).await.len(), 2, "two wishes are two notices");
}
