//! Rehearse: a rehearsal on a copy of the sale begins. Nothing of the sale changes; that it was done
//! is told of whoever began it.

use super::super::{Command, Rule, tell_staff};
use crate::decide::Workbench;
use crate::{Actor, Answer, Deed, Key, Outcome, Refusal, Row, Rows};
use serde::{Deserialize, Serialize};

/// Begins a rehearsal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearse {
    /// With so many buyers who do not exist.
    pub buyers: u32,
}

impl Rule for Rehearse {
    fn keys(&self, command: &Command, _rows: &Rows, want: &mut Vec<Key>) {
        if let Actor::Operator(by) = command.actor {
            want.push(Key::Operator(by));
        }
    }

    fn decide(&self, command: &Command, bench: &mut Workbench<'_>) -> Answer {
        // Nobody else has a page to begin one from.
        let Actor::Operator(by) = command.actor else { return Err(Refusal::InvalidState) };
        let key = Key::Operator(by);
        let begins = match bench.row(key) {
            Some(Row::Operator(known)) if !known.disabled => known.clone(),
            _ => return Err(Refusal::InvalidState),
        };
        tell_staff(bench, command, key, Deed::Rehearsed);
        // As it is: what is told of a row has a version of it.
        bench.write(Row::Operator(begins));
        Ok(Outcome::Saved { key, version: bench.version_after(key) })
    }
}
