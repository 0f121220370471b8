//! The auditor: compares what was answered with what is there afterwards.
//!
//! Pure functions from a history and a final state to findings. Each finding names the requests
//! and ids that prove it.

mod commands;
mod finding;
pub mod holds;
mod inside;
mod lasting;
mod line;
pub mod linear;
mod money;
mod sale;
pub mod serial;
mod told;
pub mod wallet;

pub use finding::Finding;
pub(crate) use line::FIRST_TOKEN;

use crate::history::{History, Outcome};
use crate::state::State;
use std::collections::{BTreeMap, HashSet};

/// Under what the wallets are counted of which nobody knows whether there is an order: the search for
/// one was given up.
pub const WALLETS_UNDECIDED: &str = "wallets undecided";
/// The same of seats.
pub const SEATS_UNDECIDED: &str = "seats undecided";

/// Clocks and the way of an answer are not exact to less than this.
const MARGIN_NS: u64 = 500_000_000;

/// What an audit came to.
#[derive(Debug, Clone, Default)]
pub struct Audited {
    /// How many requests were compared with what is there.
    pub checked: u64,
    /// How many of what was looked at.
    pub counts: BTreeMap<&'static str, u64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// Compares a whole history with what is there afterwards.
pub fn audit(history: &History, state: &State) -> Audited {
    let commands = commands::commands(history);
    let checked = u64::try_from(commands.len()).unwrap_or(u64::MAX);
    let mut audited = Audited { checked, ..Audited::default() };
    commands::taken_back(&commands, &mut audited);
    sale::audit(&commands, state, &mut audited);
    lasting::audit(&commands, state, &mut audited);
    money::audit(&commands, state, &mut audited);
    line::audit(&commands, state, &mut audited);
    linear::wallet::audit(&commands, state, &mut audited);
    linear::seat::audit(&commands, state, &mut audited);
    serial::audit(&state.transactions, is_whole(history), &mut audited);
    audited
}

/// Whether everybody was answered. Where somebody was not, an instance may have been lost with what it
/// had observed, or have committed what it was never told of.
fn is_whole(history: &History) -> bool {
    let is_known = |outcome: &Outcome| !outcome.is_open() && *outcome != Outcome::NotSent;
    history.events.iter().all(|event| is_known(&event.outcome))
}

impl Audited {
    /// So many more of something were looked at.
    pub(crate) fn count(&mut self, what: &'static str, many: usize) {
        *self.counts.entry(what).or_default() += u64::try_from(many).unwrap_or(u64::MAX);
    }

    /// The requests whose answers do not count.
    pub fn convicted(&self) -> HashSet<u64> {
        self.findings.iter().flat_map(Finding::requests).collect()
    }
}

/// Things that are there, by something they have in common.
fn grouped<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, Vec<V>> {
    let mut groups: BTreeMap<K, Vec<V>> = BTreeMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}

#[cfg(test)]
mod tests;
