//! Whether a map is safe: computed for each class of rows over everything that writes it.
//!
//! A class is safe when one of three holds of all its writers together: every transaction protects
//! by itself; all hold one lock that covers the class; all come by one lane. A writer outside of
//! what the others rely on spoils it for all. What is taken apart is judged by what its parts write:
//! its own way writes stock, and the wallet is moved by those of uses and refunds.

use super::{Class, Operation, Reach, Strategy, StrategyMap};
use crate::lock::LockScope;
use crate::ports::store::Mode;
use std::fmt;

/// Whether a map is safe; the order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Safety {
    /// With any number of instances.
    Safe,
    /// As long as one process does all of it.
    Alone,
    /// It can oversell or lose money.
    Unsafe,
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Alone => "safe only alone",
            Self::Unsafe => "unsafe",
        })
    }
}

/// What was found of a class of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Which rows.
    pub class: Class,
    /// Whether they are safe.
    pub safety: Safety,
    /// Why, as the end of a sentence: "unsafe because …".
    pub reason: String,
}

/// What may protect a class: that it does and how far, or why it does not.
type Finding = Result<(Safety, String), String>;

/// Who writes a class, and which way.
type Writers = Vec<(Operation, Strategy)>;

pub(super) fn judge(map: &StrategyMap) -> Vec<Judgement> {
    Class::ALL.into_iter().map(|class| judge_class(map, class)).collect()
}

fn judge_class(map: &StrategyMap, class: Class) -> Judgement {
    let writing = Operation::ALL.into_iter().filter(|one| writes(map, *one, class));
    let writers: Writers = writing.map(|one| (one, map.strategy(one))).collect();
    let findings =
        [by_modes(&writers), by_lock(&writers, class, map.fencing), by_lane(&writers, class, map)];
    let best = findings.iter().flatten().min_by_key(|(safety, _)| *safety).cloned();
    let (safety, reason) = best.unwrap_or_else(|| {
        let reasons: Vec<String> = findings.into_iter().filter_map(Result::err).collect();
        (Safety::Unsafe, reasons.join("; "))
    });
    Judgement { class, safety, reason }
}

/// Whether an operation's own way writes a class. Refunds move wallets also when they are parted.
fn writes(map: &StrategyMap, operation: Operation, class: Class) -> bool {
    let leaves_it = class == Class::Wallet && operation != Operation::Refund;
    operation.writes(class) && !(leaves_it && map.parts(operation))
}

/// Every mode but plain bumps the version of each row it writes and sees what the others bumped.
/// Serializable sees only what others declare that are serializable too.
fn by_modes(writers: &Writers) -> Finding {
    let of = |is: fn(Mode) -> bool| -> Vec<Operation> {
        writers.iter().filter(|(_, way)| is(way.mode)).map(|(operation, _)| *operation).collect()
    };
    let plain = of(|mode| mode == Mode::Plain);
    if !plain.is_empty() {
        let plain =
            if plain.len() == writers.len() { "everything is".to_owned() } else { are(&plain) };
        return Err(format!("{plain} plain, which protects nothing by itself"));
    }
    let serializable = of(|mode| mode == Mode::Serializable);
    if serializable.is_empty() || serializable.len() == writers.len() {
        return Ok((Safety::Safe, "every transaction protects by itself".to_owned()));
    }
    let others = of(|mode| mode != Mode::Serializable);
    Err(format!(
        "{} serializable, which protects only among its own, and {} not",
        are(&serializable),
        are(&others)
    ))
}

fn by_lock(writers: &Writers, class: Class, fencing: bool) -> Finding {
    let free = with(writers, |way| way.lock.reach() == Reach::Nowhere);
    if free.len() == writers.len() {
        return Err("nobody holds a lock".to_owned());
    }
    if !free.is_empty() {
        return Err(format!("{} outside the lock of the others", are(&free)));
    }
    let (first, way) = writers[0];
    let others = with(writers, |other| (other.lock, other.scope) != (way.lock, way.scope));
    if !others.is_empty() {
        let others = list(&others);
        return Err(format!("{} and {others} hold different locks", first.name()));
    }
    if way.scope == LockScope::Wallet && class == Class::Stock {
        return Err("a lock on wallets covers no stock".to_owned());
    }
    let held = format!("all hold one {} lock by {}", way.lock.name(), way.scope);
    match way.lock.reach() {
        Reach::Everywhere if fencing => Ok((Safety::Safe, format!("{held}, with a token"))),
        Reach::Everywhere => {
            Err(format!("{held}, but it can be lost without notice and has no token"))
        }
        Reach::Process | Reach::Nowhere => {
            Ok((Safety::Alone, format!("{held}, which another process does not see")))
        }
    }
}

/// A lane is a strategy's own: what goes another way does not come by it.
fn by_lane(writers: &Writers, class: Class, map: &StrategyMap) -> Finding {
    let (first, way) = writers[0];
    if with(writers, |other| other.delivery.lane() == Reach::Nowhere).len() == writers.len() {
        return Err("nothing comes by a lane".to_owned());
    }
    let others = with(writers, |other| *other != way);
    if !others.is_empty() {
        return Err(format!("{} not come by the lane of {}", do_(&others), first.name()));
    }
    if way.delivery.lane() == Reach::Process {
        return Ok((Safety::Alone, "one writer settles it, in one process".to_owned()));
    }
    // A lane is a wallet's, or a show's, which those behind the same room share: a pass is stock of
    // all of them. Whatever writes stock comes by that of its show, money among it (decision 7),
    // unless it is taken apart (decision 12).
    let crosses = |one: Operation| one.writes(Class::Stock) && !map.parts(one);
    let astray: Vec<Operation> = writers
        .iter()
        .map(|(operation, _)| *operation)
        .filter(|operation| class == Class::Wallet && crosses(*operation))
        .collect();
    if !astray.is_empty() {
        return Err(format!("{} by the lane of a show, not of the wallet", come(&astray)));
    }
    if map.fencing {
        let parted = Operation::ALL.into_iter().any(|one| map.parts(one));
        let parts = if parted { ", what would cross them is taken apart" } else { "" };
        Ok((Safety::Safe, format!("one lane for each key settles it, with a token{parts}")))
    } else {
        Err("a lane can move to another consumer, and it has no token".to_owned())
    }
}

fn with(writers: &Writers, is: impl Fn(&Strategy) -> bool) -> Vec<Operation> {
    writers.iter().filter(|(_, way)| is(way)).map(|(operation, _)| *operation).collect()
}

fn are(operations: &[Operation]) -> String {
    format!("{} {}", list(operations), if operations.len() == 1 { "is" } else { "are" })
}

fn do_(operations: &[Operation]) -> String {
    format!("{} {}", list(operations), if operations.len() == 1 { "does" } else { "do" })
}

fn come(operations: &[Operation]) -> String {
    format!("{} {}", list(operations), if operations.len() == 1 { "comes" } else { "come" })
}

fn list(operations: &[Operation]) -> String {
    let names: Vec<&str> = operations.iter().map(|operation| operation.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nobody".to_owned(),
    }
}

#[cfg(test)]
mod tests;
