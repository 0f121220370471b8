//! Which commands of a batch came by a lane that is not their own, now that their rows are there.
//!
//! Whoever handed one over found its lane by what was there at that time: a reservation that was only being made had
//! none of its own yet, and its show may stand behind another room since. Decided here it would write beside whoever
//! has that lane. What comes late is refused wherever it is, and whoever hands a command
//! over gives it a deadline, so nothing strays for ever.

use super::loading::load_more;
use crate::Trouble;
use crate::lane::Lane;
use crate::ports::lock::Guard;
use crate::ports::store::Transaction;
use admitone_domain::{Command, CommandMap, Rows};

/// The lanes of those that are astray. Rows that are missing for it are loaded.
pub(super) async fn find<'a, B: Iterator<Item = &'a Command>>(
    transaction: &mut dyn Transaction,
    guard: &dyn Guard,
    batch: impl Fn() -> B,
    rows: &mut Rows,
) -> Result<CommandMap<Lane>, Trouble> {
    loop {
        let mut strays = CommandMap::default();
        let mut missing = Vec::new();
        for command in batch().filter(|command| !is_late(command, rows)) {
            match guard.astray(command, rows) {
                Ok(None) => {}
                Ok(Some(lane)) => drop(strays.insert(command.id, lane)),
                Err(key) => missing.push(key),
            }
        }
        if missing.is_empty() {
            return Ok(strays);
        }
        missing.sort_unstable();
        missing.dedup();
        load_more(transaction, missing, rows).await?;
    }
}

fn is_late(command: &Command, rows: &Rows) -> bool {
    command.deadline.is_some_and(|deadline| deadline < rows.now)
}
