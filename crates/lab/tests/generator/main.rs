//! The generator against houses that misbehave on purpose.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;

use admitone_lab::client::Answer;
use admitone_lab::figures::{Latency, throughput};
use admitone_lab::history::{History, Outcome};
use admitone_lab::load::{Arrivals, Pace, Plan, run};
use admitone_lab::workload::{Workload, refused};
use house::{Habit, House};
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Reads one page, so many times at most.
struct Pages {
    stock: u64,
}

impl Workload for Pages {
    fn stock(&self) -> u64 {
        self.stock
    }

    fn ask(&self, number: u64, out: &mut Vec<u8>) {
        write!(out, "GET /{number} HTTP/1.1\r\nhost: house\r\n\r\n").unwrap();
    }

    fn hear(&self, number: u64, answer: &Answer<'_>) -> Outcome {
        if answer.status != 200 {
            return refused(answer);
        }
        assert!(answer.body.starts_with(format!("/{number} ").as_bytes()), "another's answer");
        Outcome::Done { named: number, value: 0 }
    }
}

fn load(habit: Habit, pace: Pace, stock: u64) -> History {
    let house = House::start(habit);
    let plan = Plan {
        connections: 4,
        threads: 2,
        pace,
        warm_up: Duration::from_millis(100),
        span: Duration::from_millis(1_400),
        seed: 1,
        stop: Arc::default(),
        live: Arc::default(),
    };
    let pages: Arc<dyn Workload> = Arc::new(Pages { stock });
    run(house.address, &pages, &plan).unwrap()
}

fn open(rate: u32) -> Pace {
    Pace::Open { rate, arrivals: Arrivals::Poisson }
}

/// Stalls once, for 300 of 1,500 milliseconds.
const STALLS: Habit = Habit::Stalls { from_ms: 600, to_ms: 900 };

#[test]
fn a_stall_shows_in_the_open_loop() {
    let p90 = Latency::of(&load(STALLS, open(400), u64::MAX)).at_permille(900).unwrap();
    assert!(p90 > 80.0, "a fifth of the requests was due in the stall: {p90} ms");
}

#[test]
fn the_closed_loop_hides_the_same_stall() {
    // Why latency is never read off a closed loop: four slow answers drown in thousands.
    let p90 = Latency::of(&load(STALLS, Pace::Closed, u64::MAX)).at_permille(900).unwrap();
    assert!(p90 < 80.0, "{p90} ms");
}

#[test]
fn the_open_loop_sends_what_the_schedule_says() {
    let history = load(Habit::Answers, open(400), u64::MAX);
    let due = history.events.iter().filter(|event| history.window.has(event.intended_ns)).count();
    assert!((450..680).contains(&due), "560 were to be expected: {due}");
    assert_eq!(history.outcomes().into_keys().collect::<Vec<_>>(), ["done"]);
    assert!(history.events.iter().all(|event| event.sent_ns >= event.intended_ns));
}

#[test]
fn threads_for_which_nothing_is_due_send_nothing() {
    // Two threads, and one request a second.
    let pace = Pace::Open { rate: 1, arrivals: Arrivals::Constant };
    assert_eq!(load(Habit::Answers, pace, u64::MAX).outcomes()["done"], 2);
}

#[test]
fn what_finds_no_room_in_the_line_has_failed() {
    // Four connections and a house that never answers: one second of arrivals may wait.
    let history = load(Habit::Stalls { from_ms: 0, to_ms: 2_500 }, open(400), u64::MAX);
    let latency = Latency::of(&history);
    assert!(history.outcomes()["not sent"] > 50, "{:?}", history.outcomes());
    assert!(latency.failed() > 50);
    assert_eq!(latency.at_permille(990), None, "the slowest are those that failed");
}

#[test]
fn every_number_is_sent_once_and_the_window_ends_with_the_stock() {
    let history = load(Habit::Answers, Pace::Closed, 50);
    let numbers: Vec<u64> = history.events.iter().map(|event| event.number).collect();
    assert_eq!(numbers.len(), 50);
    assert_eq!(BTreeSet::from_iter(numbers), (0..50).collect());
    assert!(history.window.to_ns < 1_500_000_000, "{:?}", history.window);
}

#[test]
fn an_answer_that_is_longer_than_what_is_kept_is_counted_whole() {
    let history = load(Habit::AnswersWith { bytes: 300_000 }, Pace::Closed, 200);
    assert_eq!(history.outcomes()["done"], 200);
}

#[test]
fn a_refusal_is_counted_by_status_and_code_and_is_no_throughput() {
    let history = load(Habit::Refuses, Pace::Closed, u64::MAX);
    assert_eq!(history.outcomes().into_keys().collect::<Vec<_>>(), ["409 SEAT_TAKEN"]);
    assert!(throughput(&history, |_| true).abs() < 1e-9);
}

#[test]
fn a_house_that_hangs_up_leaves_the_outcome_unknown() {
    let history = load(Habit::HangsUp, Pace::Closed, 40);
    assert_eq!(history.outcomes()["unknown"], 40);
}
