//! The book of queues, as instances share it.

use super::Stage;
use crate::sale::NOW;
use admitone_app::ports::queue_book::{Booked, QueueBook, Tally};
use admitone_domain::Moment;
use futures_util::future::join_all;

const QUEUE: &str = "kafka-batch";

async fn booked(book: &dyn QueueBook, now: Moment) -> Booked {
    book.read(QUEUE, now).await.unwrap_or_else(|trouble| panic!("{trouble}"))
}

async fn add(book: &dyn QueueBook, done: u64, now: Moment) {
    assert_eq!(book.add(QUEUE, Tally { done, retries: 1 }, now).await, Ok(()));
}

pub(super) async fn a_queue_is_paused_for_all_until_somebody_lets_it_go_on(stage: Stage) {
    let (one, other) = (stage.open().await.book, stage.open().await.book);
    assert_eq!(booked(&*other, NOW).await, Booked::default(), "nobody wrote of it");
    assert_eq!(one.pause(QUEUE, true).await, Ok(()));
    add(&*one, 2, NOW).await;
    assert!(booked(&*other, NOW).await.is_paused);
    assert_eq!(other.read("another", NOW).await, Ok(Booked::default()));
    assert_eq!(other.pause(QUEUE, false).await, Ok(()));
    let now = booked(&*one, NOW).await;
    assert_eq!((now.is_paused, now.tally.done), (false, 2));
}

pub(super) async fn what_became_of_jobs_is_added_up_over_instances(stage: Stage) {
    let books = [stage.open().await.book, stage.open().await.book];
    let adding = (0..20).map(|number| add(&*books[number % 2], 3, NOW));
    join_all(adding).await;
    assert_eq!(booked(&*books[0], NOW).await.tally, Tally { done: 60, retries: 20 });
}

pub(super) async fn what_was_done_in_the_last_minute_is_told_apart(stage: Stage) {
    let book = stage.open().await.book;
    let at = |seconds: u64| NOW.plus_ms(seconds * 1_000);
    let mut told = Vec::new();
    for (seconds, done) in [(0, 1), (30, 10), (60, 100), (90, 1_000)] {
        add(&*book, done, at(seconds)).await;
        told.push(booked(&*book, at(seconds)).await.done_last_minute);
    }
    // The part of a minute that is not over is not counted.
    assert_eq!(told, [0, 1, 11, 110]);
    assert_eq!(booked(&*book, at(300)).await.done_last_minute, 0);
    assert_eq!(booked(&*book, at(300)).await.tally.done, 1_111);
}

pub(super) async fn a_job_that_was_begun_is_remembered_until_it_ended(stage: Stage) {
    let (one, other) = (stage.open().await.book, stage.open().await.book);
    let hours = |hours: u64| NOW.plus_ms(hours * 3_600_000);
    assert_eq!(one.begin(QUEUE, "a", NOW).await, Ok(0), "never before");
    assert_eq!(other.begin(QUEUE, "a", hours(1)).await, Ok(1));
    assert_eq!(one.begin(QUEUE, "b", hours(2)).await, Ok(0), "of another nothing is known");
    assert_eq!(one.begin("another", "a", hours(2)).await, Ok(0));
    assert_eq!(other.begin(QUEUE, "a", hours(20)).await, Ok(2));
    assert_eq!(one.end(QUEUE, "a").await, Ok(()));
    assert_eq!(other.begin(QUEUE, "a", hours(20)).await, Ok(0), "it had ended");
    assert_eq!(other.begin(QUEUE, "b", hours(20)).await, Ok(1));
}
