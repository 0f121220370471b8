//! How many are inside of a room at once: never more than may be.

use super::commands::{Command, End};
use super::{Audited, Finding, MARGIN_NS};
use crate::history::Op;
use crate::state::Rules;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Counts those who are inside for certain: from when one was told so until he asked for something that
/// ends it, or until his pass may have run out.
pub(super) fn audit(commands: &[Command<'_>], rules: &Rules, audited: &mut Audited) {
    let Some(limit) = rules.active_max else { return };
    let most = most_at_once(&stays(commands, rules));
    let within = usize::try_from(limit).unwrap_or(usize::MAX);
    if most.len() > within {
        audited.findings.push(Finding::BeyondLimit {
            what: "users inside at once".to_owned(),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
            counted: i64::try_from(most.len()).unwrap_or(i64::MAX),
            requests: most[within..].to_vec(),
        });
    }
}

/// Somebody is inside for certain.
#[derive(Clone, Copy)]
struct Stay {
    /// From when he was told.
    from_ns: u64,
    /// Until then, exclusive.
    until_ns: u64,
    /// Which of his requests was told.
    request: u64,
    place: u64,
}

/// What is known of somebody while his requests are read.
#[derive(Default)]
struct Visitor {
    inside: Option<Stay>,
    /// No pass that he may have now is older.
    since_ns: Option<u64>,
    /// The place that he was told of last, when that was asked and answered, and whether he was inside.
    last: Option<Said>,
    /// Places that he may have given up: whether he has one of them still, nobody knows.
    given_up: HashSet<u64>,
}

#[derive(Clone, Copy)]
struct Said {
    place: u64,
    is_inside: bool,
    asked_ns: u64,
    told_ns: u64,
}

/// All stays, those of whom nobody knows how long their passes last only if they ended them.
fn stays(commands: &[Command<'_>], rules: &Rules) -> Vec<Stay> {
    let mut visitors: HashMap<u32, Visitor> = HashMap::new();
    let mut found = Vec::new();
    for command in commands {
        let visitor = visitors.entry(command.asked.by).or_default();
        let ended = match command.asked.op {
            Op::Join | Op::Poll => visitor.asks(command, rules),
            Op::Pay | Op::Leave => visitor.ends(command),
            _ => None,
        };
        found.extend(ended);
    }
    if rules.pass_ms.is_some() {
        let lost = lost(commands);
        let quiet = visitors.into_values().filter_map(|visitor| visitor.inside);
        found.extend(quiet.map(|stay| until_lost(stay, &lost)));
    }
    found.retain(|stay| stay.from_ns < stay.until_ns);
    found
}

/// When a room may not have been there: from when it was asked until nobody waited any more.
fn lost(commands: &[Command<'_>]) -> Vec<(u64, u64)> {
    let line = commands.iter().filter(|command| matches!(command.asked.op, Op::Join | Op::Poll));
    line.filter(|command| command.is_open())
        .map(|command| (command.invoked_ns, command.over_ns))
        .collect()
}

/// What a room kept of somebody who says nothing is not certain once it did not answer behind what it
/// told him.
fn until_lost(stay: Stay, lost: &[(u64, u64)]) -> Stay {
    let behind = lost.iter().filter(|(_, over_ns)| *over_ns > stay.from_ns);
    let first = behind.map(|(asked_ns, _)| *asked_ns).min().unwrap_or(u64::MAX);
    Stay { until_ns: stay.until_ns.min(first), ..stay }
}

impl Visitor {
    /// He asks for a place or how far it is. The stay that is over when he has another place by now.
    fn asks(&mut self, command: &Command<'_>, rules: &Rules) -> Option<Stay> {
        let since_ns = *self.since_ns.get_or_insert(command.invoked_ns);
        let (End::Done { named: place, value }, Some(told_ns)) = (command.end, command.returned_ns)
        else {
            return None;
        };
        let is_inside = value == 1;
        let told = Said { place, is_inside, asked_ns: command.invoked_ns, told_ns };
        let last = self.last.replace(told);
        // Who was outside when he asked before, or had another place, has no pass that is older.
        let was_not = |last: &Said| !last.is_inside || last.place != place;
        let last = last.filter(|last| last.told_ns < command.invoked_ns && was_not(last));
        let since_ns = last.map_or(since_ns, |last| since_ns.max(last.asked_ns));
        self.since_ns = Some(since_ns);
        if !is_inside || self.inside.is_some_and(|stay| stay.place == place) {
            return None;
        }
        let until_ns = rules.shortest_pass_ns().map_or(u64::MAX, |lasts_ns| {
            since_ns.saturating_add(lasts_ns).saturating_sub(MARGIN_NS)
        });
        let stay = Stay { from_ns: told_ns, until_ns, request: command.number, place };
        let is_certain = !self.given_up.contains(&place);
        let over = std::mem::replace(&mut self.inside, is_certain.then_some(stay));
        // Where nobody knows how long a pass lasts, it may have been over at once.
        let over = over.filter(|_| rules.pass_ms.is_some());
        over.map(|stay| Stay { until_ns: stay.until_ns.min(command.invoked_ns), ..stay })
    }

    /// He asks for what ends his visit, whatever comes of it. Whoever did so before he was told that it
    /// began was not inside for certain.
    fn ends(&mut self, command: &Command<'_>) -> Option<Stay> {
        self.given_up.extend(self.last.map(|last| last.place));
        let stay = self.inside.take()?;
        self.given_up.insert(stay.place);
        Some(Stay { until_ns: stay.until_ns.min(command.invoked_ns), ..stay })
    }
}

/// The requests of the most who were inside together, in the order in which they were told so.
fn most_at_once(stays: &[Stay]) -> Vec<u64> {
    let step = |stay: &Stay| {
        let who = (stay.from_ns, stay.request);
        [(stay.from_ns, Step::In, who), (stay.until_ns, Step::Out, who)]
    };
    let mut steps: Vec<(u64, Step, (u64, u64))> = stays.iter().flat_map(step).collect();
    // Whoever asks at the very moment at which another is told has left.
    steps.sort_unstable();
    let mut now: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut most: Vec<u64> = Vec::new();
    for (_, step, who) in steps {
        if step == Step::Out {
            now.remove(&who);
            continue;
        }
        now.insert(who);
        if now.len() > most.len() {
            most = now.iter().map(|(_, request)| *request).collect();
        }
    }
    most
}

/// What a visit does to how many are inside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Out,
    In,
}
