//! Which rows a batch needs, and in which order they are loaded.
//!
//! Rows that are locked are locked in the order of their keys within one load, so that nobody waits in a circle. A later load may go back in that
//! order: a hold has its seat when it learns which reservations are over, and these come before seats.

use super::journeys::Journeys;
use crate::Trouble;
use crate::ports::store::{Transaction, Wanted};
use admitone_domain::{Command, Key, Rows, StoredAnswer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Loads what the commands name, what is known to be needed beside it, the answers they may have already, and the holds
/// that are due.
pub(super) async fn load(
    transaction: &mut dyn Transaction,
    part: &[Command],
    (journeys, ahead): (&Journeys, &[Key]),
    rows: &mut Rows,
) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
    let shows: BTreeSet<_> = part.iter().filter_map(|c| c.action.takes_from()).collect();
    let mut keys = missing(part, rows);
    if !ahead.is_empty() {
        keys.extend(ahead);
        keys.sort_unstable();
        keys.dedup();
    }
    let wanted =
        Wanted { keys, commands: journeys.asked(part), due_of: shows.into_iter().collect() };
    transaction.load(&wanted, rows).await
}

/// Loads until no command names anything new: a payment names its reservation, then its seats.
pub(super) async fn load_keys<'a, B: Iterator<Item = &'a Command>>(
    transaction: &mut dyn Transaction,
    batch: impl Fn() -> B,
    rows: &mut Rows,
) -> Result<(), Trouble> {
    loop {
        let keys = missing(batch(), rows);
        if keys.is_empty() {
            return Ok(());
        }
        load_more(transaction, keys, rows).await?;
    }
}

/// Loads more rows; which holds are due is known already.
pub(super) async fn load_more(
    transaction: &mut dyn Transaction,
    keys: Vec<Key>,
    rows: &mut Rows,
) -> Result<(), Trouble> {
    let due = std::mem::take(&mut rows.due);
    transaction.load(&Wanted { keys, ..Wanted::default() }, rows).await?;
    rows.due = due;
    Ok(())
}

fn missing<'a>(batch: impl IntoIterator<Item = &'a Command>, rows: &Rows) -> Vec<Key> {
    let mut keys = Vec::new();
    for command in batch {
        command.keys(rows, &mut keys);
    }
    keys.retain(|key| !rows.has(*key));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The holds that are over and not loaded: they come before seats and quotas, which are.
pub(super) fn behind(rows: &Rows) -> Vec<Key> {
    let due = rows.due.iter().map(|due| Key::Reservation(*due));
    due.filter(|due| !rows.has(*due)).collect()
}
