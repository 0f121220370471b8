//! What was asked of the house, each command once however often it was sent.

use crate::history::{Asked, Event, History, Op, Outcome};
use std::collections::HashMap;

/// A command and what its sender knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Command<'a> {
    pub(crate) number: u64,
    pub(crate) asked: Asked,
    /// When it was sent first.
    pub(crate) invoked_ns: u64,
    /// When its sender knew; never if nobody does.
    pub(crate) returned_ns: Option<u64>,
    pub(crate) end: End<'a>,
    /// The seats that the answer names.
    pub(crate) items: &'a [u64],
    /// Answers that say other things than the first.
    pub(crate) others: Vec<u64>,
}

/// What its sender knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End<'a> {
    Done {
        named: u64,
        value: i64,
    },
    Refused {
        status: u16,
        code: &'a str,
    },
    /// It may have been done or not.
    Open,
    Never,
}

impl Command<'_> {
    pub(crate) fn is(&self, op: Op) -> bool {
        self.asked.op == op
    }

    /// What was named, if it was done.
    pub(crate) fn named(&self) -> Option<u64> {
        match self.end {
            End::Done { named, .. } => Some(named),
            End::Refused { .. } | End::Open | End::Never => None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.end == End::Open
    }
}

/// All commands of a history, by when they were sent first. Visits are none, nor are reads.
pub(crate) fn commands(history: &History) -> Vec<Command<'_>> {
    let mut by_name: HashMap<(Op, u64), usize> = HashMap::new();
    let mut found: Vec<Command<'_>> = Vec::new();
    let mut events: Vec<&Event> = history.events.iter().collect();
    events.sort_by_key(|event| event.sent_ns);
    for event in events {
        let op = event.asked.op;
        if matches!(op, Op::Flow | Op::Read) {
            continue;
        }
        if op == Op::Poll {
            // Each is a question of its own.
            found.push(of(event));
            continue;
        }
        if let Some(at) = by_name.get(&(op, event.number)) {
            again(&mut found[*at], event);
        } else {
            by_name.insert((op, event.number), found.len());
            found.push(of(event));
        }
    }
    found
}

fn of(event: &Event) -> Command<'_> {
    let end = end(&event.outcome);
    let is_known = !matches!(end, End::Open | End::Never);
    Command {
        number: event.number,
        asked: event.asked,
        invoked_ns: event.sent_ns,
        returned_ns: is_known.then_some(event.ended_ns),
        end,
        items: &event.items,
        others: Vec::new(),
    }
}

fn end(outcome: &Outcome) -> End<'_> {
    match outcome {
        Outcome::Done { named, value } => End::Done { named: *named, value: *value },
        other if other.is_open() => End::Open,
        Outcome::Refused { status, code } => {
            End::Refused { status: *status, code: code.as_deref().unwrap_or_default() }
        }
        Outcome::NotSent | Outcome::Unknown | Outcome::Wrong => End::Never,
    }
}

/// The same command was sent again.
fn again<'a>(command: &mut Command<'a>, event: &'a Event) {
    let new = end(&event.outcome);
    if let End::Done { named, value } = command.end {
        if let End::Done { named: other, value: told } = new
            && (named, value) != (other, told)
        {
            command.others.push(other);
        }
        return;
    }
    match new {
        End::Done { .. } => {
            command.end = new;
            command.returned_ns = Some(event.ended_ns);
            command.items = &event.items;
        }
        End::Open => {
            command.end = End::Open;
            command.returned_ns = None;
        }
        // Nothing was done by what was refused, but what was sent before may have been.
        End::Refused { .. } if command.end == End::Never => {
            command.end = new;
            command.returned_ns = Some(event.ended_ns);
        }
        End::Refused { .. } | End::Never => {}
    }
}
