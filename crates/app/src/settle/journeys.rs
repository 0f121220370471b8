//! Which answers of a batch are kept, and under which names.
//!
//! An outcome is kept under the command's name for ever. A refusal that invites to ask again is
//! not: kept there, it would stand in the way of the repetition. Where the command travels it is
//! kept all the same, under the name of its journey: who waits elsewhere finds it, and delivered
//! twice a journey is not decided anew after its sender was told that it is over.

use crate::delivery::journey;
use admitone_domain::{Action, Command, CommandId, CommandMap, Refusal, StoredAnswer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The journeys of a batch; none where nothing travels.
pub(super) struct Journeys {
    /// The command of each journey.
    commands: CommandMap<CommandId>,
    travels: bool,
}

impl Journeys {
    pub(super) fn of(part: &[Command], travels: bool) -> Self {
        let mut commands = CommandMap::default();
        if travels {
            commands.extend(part.iter().map(|command| (journey(command), command.id)));
        }
        Self { commands, travels }
    }

    /// The names under which answers may be kept already.
    pub(super) fn asked(&self, part: &[Command]) -> Vec<CommandId> {
        let own = part.iter().filter(|command| is_kept(command)).map(|command| command.id);
        own.chain(self.commands.keys().copied()).collect()
    }

    /// The answers that were found, by the names of their commands: the command's own last, so that
    /// it is the one that counts.
    pub(super) fn by_command(&self, mut known: Vec<Arc<StoredAnswer>>) -> Vec<Arc<StoredAnswer>> {
        if !self.travels {
            return known;
        }
        known.sort_by_key(|answer| !self.commands.contains_key(&answer.id));
        let named = known.into_iter().map(|answer| match self.commands.get(&answer.id) {
            Some(command) => Arc::new(StoredAnswer { id: *command, ..(*answer).clone() }),
            None => answer,
        });
        named.collect()
    }

    /// What is kept of the answers to the commands that were decided.
    pub(super) fn kept(
        &self,
        decided: Vec<Arc<StoredAnswer>>,
        fresh: &[&Command],
        part: &[Command],
    ) -> Vec<Arc<StoredAnswer>> {
        let mut kept = Vec::with_capacity(decided.len());
        let mut names = BTreeSet::new();
        for (answer, command) in decided.into_iter().zip(fresh) {
            if is_kept(command) && answer.answer.as_ref().map_or_else(Refusal::is_kept, |_| true) {
                kept.push(answer);
            } else if self.travels {
                // Whoever sent the same command meanwhile waits for a journey of his own.
                let same = part.iter().filter(|other| other.id == command.id).map(journey);
                let same = same.filter(|name| names.insert(*name));
                let of_journey = |id| Arc::new(StoredAnswer { id, ..(*answer).clone() });
                kept.extend(same.map(of_journey));
            }
        }
        kept
    }
}

/// Sweeps come without a key of a caller: their answers are nobody's.
fn is_kept(command: &Command) -> bool {
    !matches!(command.action, Action::Expire(_))
}
