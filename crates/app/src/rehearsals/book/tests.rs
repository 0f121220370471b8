//! Two instances and one book.

use super::*;
use crate::clock::HandClock;
use crate::import::Document;
use crate::memory::MemoryStore;

/// What instances share.
struct Shared {
    notes: Arc<dyn Notes>,
    clock: Arc<HandClock>,
}

impl Shared {
    fn new() -> Self {
        let clock = Arc::new(HandClock::at(Moment(1_000_000)));
        Self { notes: Arc::new(MemoryStore::new(clock.clone())), clock }
    }

    fn instance(&self, id: u128, is_alone: bool) -> RehearsalBook {
        let player = Player { id, name: format!("place {id}"), is_alone };
        RehearsalBook::new(Arc::clone(&self.notes), self.clock.clone(), player)
    }

    fn two(&self) -> [RehearsalBook; 2] {
        [1, 2].map(|id| self.instance(id, false))
    }
}

fn plan() -> Plan {
    Plan {
        programme: Document::default(),
        buyers: 10,
        seconds: 5,
        arrivals: Arrivals::AtOnce,
        title: "Winter".into(),
        by: "Opal".into(),
    }
}

async fn stages(book: &RehearsalBook) -> Vec<(String, Stage)> {
    book.all().await.unwrap().into_iter().map(|one| (one.id, one.stage)).collect()
}

fn running(id: &str, says: &str) -> (String, Stage) {
    (id.to_owned(), Stage::Running(says.to_owned()))
}

#[tokio::test]
async fn one_that_goes_on_is_known_to_all_and_stopped_by_any() {
    let shared = Shared::new();
    let [here, there] = shared.two();
    let mut entry = here.begin("drill_1", &plan()).await.unwrap().unwrap();
    assert_eq!(here.beat(&mut entry, "setting the stage").await, Ok(Beat::On));
    assert_eq!(stages(&there).await, [running("drill_1", "setting the stage")]);
    let known = there.all().await.unwrap().remove(0);
    assert_eq!((known.place.as_str(), known.by.as_str()), ("place 1", "Opal"));
    assert!(there.begin("drill_2", &plan()).await.unwrap().is_none(), "one at a time");

    assert_eq!(there.ask_to_stop("drill_9").await, Ok(false), "there is none");
    assert_eq!(there.ask_to_stop("drill_1").await, Ok(true));
    assert!(here.all().await.unwrap()[0].is_stopping);
    assert_eq!(here.beat(&mut entry, "playing").await, Ok(Beat::Stop));
    here.end(entry, &Stage::Stopped, None).await.unwrap();
    assert_eq!(stages(&there).await, [("drill_1".to_owned(), Stage::Stopped)]);
    assert_eq!(there.ask_to_stop("drill_1").await, Ok(false), "it has ended");
    assert!(there.begin("drill_2", &plan()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_report_is_read_by_any_instance() {
    let shared = Shared::new();
    let [here, there] = shared.two();
    let entry = here.begin("drill_1", &plan()).await.unwrap().unwrap();
    let report = Report { page: "<p>'\"".into(), figures: "{}".into() };
    here.end(entry, &Stage::Unsound, Some(&report)).await.unwrap();
    assert_eq!(there.report("drill_1").await, Ok(Some(report)));
    assert_eq!(there.report("drill_2").await, Ok(None));
    assert_eq!(stages(&there).await, [("drill_1".to_owned(), Stage::Unsound)]);
}

#[tokio::test]
async fn what_a_dead_instance_left_has_ended() {
    let shared = Shared::new();
    let [here, there] = shared.two();
    let mut entry = here.begin("drill_1", &plan()).await.unwrap().unwrap();
    shared.clock.advance_ms(LEASE_MS - 1);
    here.beat(&mut entry, "playing").await.unwrap();
    assert_eq!(stages(&there).await, [running("drill_1", "playing")]);
    shared.clock.advance_ms(LEASE_MS - 1);
    assert_eq!(stages(&there).await, [running("drill_1", "playing")]);
    shared.clock.advance_ms(1);
    assert_eq!(stages(&there).await, [("drill_1".to_owned(), Stage::Lost)]);
    assert_eq!(there.ask_to_stop("drill_1").await, Ok(false));
    assert!(there.begin("drill_2", &plan()).await.unwrap().is_some());
}

#[tokio::test]
async fn who_is_alone_waits_for_nobody_who_is_gone() {
    let shared = Shared::new();
    let before = shared.instance(1, true);
    before.begin("drill_1", &plan()).await.unwrap().unwrap();
    assert_eq!(stages(&before).await, [running("drill_1", "")]);
    let after = shared.instance(2, true);
    assert_eq!(stages(&after).await, [("drill_1".to_owned(), Stage::Lost)]);
    assert!(after.begin("drill_2", &plan()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_turn_that_was_taken_a_moment_ago_is_not_taken_again() {
    let shared = Shared::new();
    let [here, there] = shared.two();
    here.begin("drill_1", &plan()).await.unwrap().unwrap();
    // As if the first had not written about it yet.
    let later = Moment(i64::MAX);
    shared.notes.drop_notes(Kind::Rehearsal, later).await.unwrap();
    assert!(there.begin("drill_2", &plan()).await.unwrap().is_none());
    shared.clock.advance_ms(LEASE_MS);
    assert!(there.begin("drill_2", &plan()).await.unwrap().is_some());
}

#[tokio::test]
async fn without_the_turn_both_would_play() {
    let shared = Shared::new();
    let [here, there] = shared.two();
    here.begin("drill_1", &plan()).await.unwrap().unwrap();
    shared.notes.drop_notes(Kind::Turn, Moment(i64::MAX)).await.unwrap();
    assert!(there.begin("drill_2", &plan()).await.unwrap().is_some());
    let both = stages(&there).await;
    assert!(both.iter().all(|(_, stage)| matches!(stage, Stage::Running(_))), "{both:?}");
}

#[tokio::test]
async fn the_oldest_are_forgotten() {
    let shared = Shared::new();
    let book = shared.instance(1, false);
    for number in 10..35 {
        shared.clock.advance_ms(1);
        let id = format!("drill_{number}");
        let entry = book.begin(&id, &plan()).await.unwrap().unwrap();
        let report = Report { page: id, figures: "{}".into() };
        book.end(entry, &Stage::Sound, Some(&report)).await.unwrap();
    }
    let all = stages(&book).await;
    assert_eq!((all.len(), all[0].0.as_str()), (KEPT_MAX, "drill_34"));
    assert_eq!(book.report("drill_14").await, Ok(None));
    assert!(book.report("drill_15").await.unwrap().is_some());
}

/// Another instance of the same store, whose clock goes by so much.
fn elsewhere(shared: &Shared, ahead_ms: u64) -> (RehearsalBook, Arc<HandClock>) {
    let clock = Arc::new(HandClock::at(Moment(1_000_000).plus_ms(ahead_ms)));
    let player = Player { id: 2, name: "place 2".into(), is_alone: false };
    (RehearsalBook::new(Arc::clone(&shared.notes), clock.clone(), player), clock)
}

#[tokio::test]
async fn clocks_of_machines_that_differ_end_no_rehearsal() {
    let shared = Shared::new();
    let here = shared.instance(1, false);
    let (there, later) = elsewhere(&shared, APART_MS - LEASE_MS);
    let mut entry = here.begin("drill_1", &plan()).await.unwrap().unwrap();
    for _ in 0..3 {
        assert_eq!(stages(&there).await, [running("drill_1", "")], "it was heard of just now");
        assert!(there.begin("drill_2", &plan()).await.unwrap().is_none(), "one at a time");
        shared.clock.advance_ms(LEASE_MS - 1);
        later.advance_ms(LEASE_MS - 1);
        here.beat(&mut entry, "").await.unwrap();
    }
    // Killed, it has ended: by the clock of whoever looks.
    stages(&there).await;
    later.advance_ms(LEASE_MS);
    assert_eq!(stages(&there).await, [("drill_1".to_owned(), Stage::Lost)]);
}

#[tokio::test]
async fn whose_clock_was_ahead_is_not_thought_to_go_on_for_ever() {
    let shared = Shared::new();
    let here = shared.instance(1, false);
    let (there, _) = elsewhere(&shared, 3_600_000);
    there.begin("drill_1", &plan()).await.unwrap().unwrap();
    assert_eq!(stages(&here).await, [running("drill_1", "")]);
    shared.clock.advance_ms(LEASE_MS);
    assert_eq!(stages(&here).await, [("drill_1".to_owned(), Stage::Lost)]);
}

#[tokio::test]
async fn clocks_further_apart_than_they_may_be_would_end_one_that_goes_on() {
    let shared = Shared::new();
    let here = shared.instance(1, false);
    let (there, _) = elsewhere(&shared, APART_MS + LEASE_MS);
    here.begin("drill_1", &plan()).await.unwrap().unwrap();
    assert_eq!(stages(&there).await, [("drill_1".to_owned(), Stage::Lost)]);
}
