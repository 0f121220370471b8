//! Which strategy for what: read off the rows, never off what a strategy promises.

use super::{Choice, Measured, Row};
use crate::figures::Spread;
use crate::reports::maybe;

/// What a strategy needs besides the store, by its name or the axes that it is written with.
pub(super) fn needs(strategy: &str) -> Needs {
    let has = |words: &[&str]| words.iter().any(|word| strategy.contains(word));
    if has(&["kafka", "rabbitmq"]) {
        Needs::Broker
    } else if has(&["pubsub", "redlock", "double-lock", "job"]) {
        Needs::Redis
    } else {
        Needs::Store
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Store,
    Redis,
    Broker,
}

impl Needs {
    /// As people read it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Store => "the store",
            Self::Redis => "Redis",
            Self::Broker => "a broker",
        }
    }
}

/// The situations in which something sound was measured, with the best of it.
pub(super) fn choices(rows: &[Row]) -> Vec<Choice> {
    let sound = || rows.iter().filter_map(|row| Some((row, row.ranked()?)));
    let median = |spread: Option<Spread>| spread.map(|spread| spread.median);
    let mut choices = Vec::new();
    let mut best = |when: &str, of: &dyn Fn(&Row) -> bool| {
        // Rows are ranked already.
        if let Some((row, result)) = sound().find(|(row, _)| of(row)) {
            choices.push(choice(when, row, ranked_by(result)));
        }
    };
    best("one instance, and nothing beside it", &|row| row.cell.is_embedded);
    best("one instance on a store of its own", &|row| {
        row.cell.instances == 1 && !row.cell.is_embedded
    });
    best("several instances and only the store", &|row| {
        row.cell.instances > 1 && needs(&row.cell.strategy) == Needs::Store
    });
    best("several instances, commands must pass a lock in Redis or its queue", &|row| {
        row.cell.instances > 1 && needs(&row.cell.strategy) == Needs::Redis
    });
    best("several instances, commands must come by a broker", &|row| {
        row.cell.instances > 1 && needs(&row.cell.strategy) == Needs::Broker
    });
    let least = |of: &dyn Fn(&Measured) -> Option<f64>| {
        let with = sound().filter_map(|(row, result)| Some((row, of(result)?)));
        with.min_by(|one, other| one.1.total_cmp(&other.1))
    };
    // Who was not answered waited for longer than anybody who was.
    let longest = |result: &Measured| {
        median(result.last()?.longest_ms).filter(|ms| result.failed == 0 && ms.is_finite())
    };
    if let Some((row, ms)) = least(&longest) {
        choices.push(choice("nobody may wait long", row, format!("longest answer {ms:.1} ms")));
    }
    if let Some((row, us)) = least(&|result| result.cpu_us) {
        let because = format!("{us:.0} µs of house and services for each outcome");
        choices.push(choice("processors are dear", row, because));
    }
    choices
}

fn ranked_by(result: &Measured) -> String {
    let median = |spread: Option<Spread>| spread.map(|spread| spread.median);
    match result.last() {
        Some(act) if act.is_given => {
            format!("p99 {} ms, {} failed", maybe(median(act.p99_ms)), result.failed)
        }
        act => {
            let throughput = median(act.and_then(|act| act.throughput)).unwrap_or(0.0);
            format!("{throughput:.0} audited outcomes a second")
        }
    }
}

fn choice(when: &str, row: &Row, because: String) -> Choice {
    Choice { when: when.to_owned(), strategy: row.cell.strategy.clone(), because }
}
