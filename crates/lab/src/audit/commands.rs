//! What was asked of the house, each command once however often it was sent.

use super::{Audited, Finding};
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
    /// When nobody waited for an answer any more.
    pub(crate) over_ns: u64,
    pub(crate) end: End<'a>,
    /// The seats that the answer names.
    pub(crate) items: &'a [u64],
    /// Answers that say other things than the first.
    pub(crate) others: Vec<u64>,
    /// What it was refused with when it was asked again behind the answer that it was done.
    pub(crate) taken_back: Option<(u16, &'a str)>,
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
        over_ns: event.ended_ns,
        end,
        items: &event.items,
        others: Vec::new(),
        taken_back: None,
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
    command.over_ns = command.over_ns.max(event.ended_ns);
    let new = end(&event.outcome);
    if let End::Done { named, value } = command.end {
        if let End::Done { named: other, value: told } = new
            && (named, value) != (other, told)
        {
            command.others.push(other);
        }
        if let End::Refused { status, code } = new
            && is_an_answer(command.asked.op, status)
            && command.returned_ns.is_some_and(|told| told < event.sent_ns)
        {
            command.taken_back.get_or_insert((status, code));
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

/// Whether a refusal speaks of the command itself. Who is busy, or asks who it is, has not looked at it
/// yet; and places in a line have no key under which they are asked for again.
fn is_an_answer(op: Op, status: u16) -> bool {
    let has_key = !matches!(op, Op::Read | Op::Join | Op::Poll | Op::Leave | Op::Flow);
    has_key && matches!(status, 402 | 404 | 409 | 410 | 422)
}

/// What was done and is refused under the same key afterwards: its sender cannot know which is true.
pub(crate) fn taken_back(commands: &[Command<'_>], audited: &mut Audited) {
    for command in commands {
        let (Some((status, code)), Some(named)) = (command.taken_back, command.named()) else {
            continue;
        };
        audited.findings.push(Finding::TakenBack {
            request: command.number,
            acknowledged: named,
            refused: format!("{status} {code}").trim_end().to_owned(),
        });
    }
}
