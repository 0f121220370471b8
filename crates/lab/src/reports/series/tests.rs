//! Slices of acts, and what was seen of those who took part.

use super::*;
use crate::history::Window;
use crate::reports::tests::{costly, second};

const DONE: Outcome = Outcome::Done { named: 0, value: 0 };

/// Three acts that are over before a slice would be, with a rest between them, each of so many requests.
fn short(counts: [u64; 3]) -> Record {
    let mut record = second(&DONE);
    let (act, event) = (record.seen.acts[0].clone(), record.history.events[0].clone());
    (record.seen.acts, record.history.events) = (Vec::new(), Vec::new());
    for (at, count) in (0..).zip(counts) {
        let (from_ns, ended_ns) = (at * 100_000_000 + 40_000_000, (at + 1) * 100_000_000);
        let window = Window { from_ns, to_ns: ended_ns - 1 };
        record.seen.acts.push(Played {
            name: format!("act {at}"),
            window,
            ended_ns,
            ..act.clone()
        });
        record.history.events.extend((0..count).map(|number| {
            let intended_ns = from_ns + number * 1_000_000;
            let ended_ns = intended_ns + 2_000_000;
            let number = (at << 40) + number;
            Event { number, intended_ns, sent_ns: intended_ns, ended_ns, ..event.clone() }
        }));
    }
    record
}

#[test]
fn the_slices_of_an_act_come_to_what_it_did_however_short_it_is() {
    let mut record = short([20, 30, 40]);
    for event in record.history.events.iter_mut().filter(|event| event.number % 10 == 3) {
        event.outcome = Outcome::Refused { status: 409, code: Some("SOLD_OUT".into()) };
    }
    let points = of(&record);
    for (at, count) in [(0, 20.0), (1, 30.0), (2, 40.0)] {
        let name = format!("act {at}");
        let mine = || points.iter().filter(|point| point.act.as_ref() == Some(&name));
        let done: f64 = mine().map(|point| point.done * point.lasts_s).sum();
        let refused =
            |point: &Point| point.refused.get("SOLD_OUT").map(|each| each * point.lasts_s);
        let refused: f64 = mine().filter_map(refused).sum();
        assert!((done - count * 0.9).abs() < 1e-6, "{name}: {points:?}");
        assert!((refused - count * 0.1).abs() < 1e-6, "{name}: {points:?}");
        let act = &record.seen.acts[at];
        for point in mine() {
            assert!(point.at_s >= real(act.window.from_ns) / 1e9 - 1e-9, "{point:?}");
            let end_s = point.at_s + point.lasts_s;
            assert!(end_s <= real(act.ended_ns) / 1e9 + 1e-6, "{point:?}");
        }
    }
}

#[test]
fn a_long_act_has_slices_of_one_length_and_not_too_many() {
    let mut record = second(&DONE);
    let points = of(&record);
    assert_eq!(points.len(), 4, "a quarter of a second each");
    let done: f64 = points.iter().map(|point| point.done * point.lasts_s).sum();
    assert!((done - 999.0).abs() < 1e-6, "{points:?}");
    record.seen.acts[0].ended_ns = 3_600_000_000_000;
    assert_eq!(of(&record).len(), 120);
    // What nothing was sent in has no slices.
    record.history.events.clear();
    assert_eq!(of(&record), []);
}

#[test]
fn the_processors_of_a_house_elsewhere_are_not_idle() {
    let mut record = costly();
    let seen = of(&record);
    assert!(seen.iter().all(|point| point.house_cpu > Some(0.6)), "{seen:?}");
    for sample in &mut record.seen.samples {
        (sample.house_s, sample.services_s) = (0.0, 0.0);
    }
    for point in of(&record) {
        assert_eq!((point.house_cpu, point.services_cpu), (None, None));
        assert!(point.generator_cpu > Some(0.3) && point.batch.is_some(), "{point:?}");
        assert_eq!(point.conflicts, Some(0.0), "it says what it counts, and there was none");
    }
    for sample in &mut record.seen.samples {
        sample.figures.clear();
    }
    assert!(of(&record).iter().all(|point| point.conflicts.is_none()), "it says nothing");
}
