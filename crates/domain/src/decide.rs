//! Decides a batch: each command in its turn, on what the ones before it left.

mod workbench;

pub(crate) use workbench::Workbench;

use crate::{Answer, Command, Refusal, Rows, StoredAnswer, Verdict};
use std::sync::Arc;

/// Decides a batch of commands on the rows they name. Pure: the same rows and commands give the
/// same verdict. A refused command leaves no trace on the rest of its batch.
///
/// Every key that [`Command::keys`] asks for must have been loaded.
///
/// # Panics
/// When a rule reads a row that its command did not name: a bug of this crate.
pub fn decide<'a>(rows: &Rows, commands: impl IntoIterator<Item = &'a Command>) -> Verdict {
    let mut bench = Workbench::new(rows);
    let settled = commands.into_iter().map(|command| settle_one(&mut bench, command));
    let answers = settled.map(Arc::new).collect();
    bench.into_verdict(answers)
}

fn settle_one(bench: &mut Workbench<'_>, command: &Command) -> StoredAnswer {
    let answer = decide_one(bench, command);
    match &answer {
        Ok(_) => bench.keep(),
        Err(_) => bench.discard(),
    }
    let is_for_ever = answer.is_ok() && command.action.makes_for_ever();
    StoredAnswer {
        id: command.id,
        fingerprint: command.fingerprint,
        at: if is_for_ever { StoredAnswer::FOR_EVER } else { bench.now() },
        money: command.action.moves_money(),
        answer,
    }
}

fn decide_one(bench: &mut Workbench<'_>, command: &Command) -> Answer {
    if command.deadline.is_some_and(|deadline| deadline < bench.now()) {
        return Err(Refusal::DeadlinePassed);
    }
    command.action.rule().decide(command, bench)
}
