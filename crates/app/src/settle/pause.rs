//! How long a batch that met others waits before it is tried again.

use admitone_domain::Command;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// The time within which a batch that met others is tried again doubles so often, from two
/// milliseconds on.
const DOUBLINGS_MAX: u32 = 4;

/// So often a batch that has its turn is tried again at once.
const AT_ONCE_MAX: u32 = 4;

/// Some time within a span that doubles with every conflict: many who want the same row leave each
/// other room. Other ones for other batches and tries, so that two that met once do not meet again
/// in step; the same ones every time that it is run.
pub(super) fn pause_ms(part: &[Command], conflicts: u32) -> u64 {
    by_chance(part, conflicts) % ((1 << conflicts.min(DOUBLINGS_MAX)) + 1)
}

/// The same for a batch that has its turn, and meets hardly anybody but those of other processes. Whoever was first among
/// them is followed by the next of his line at once, and whoever pauses meanwhile is not before that one: so he does not,
/// and only where many meet again and again they leave each other a millisecond.
pub(super) fn in_turn_ms(part: &[Command], conflicts: u32) -> u64 {
    if conflicts <= AT_ONCE_MAX { 0 } else { by_chance(part, conflicts) % 2 }
}

fn by_chance(part: &[Command], conflicts: u32) -> u64 {
    let name = part.first().map_or(0, |command| command.id.0);
    BuildHasherDefault::<DefaultHasher>::default().hash_one((name, conflicts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settle::sweep;
    use admitone_domain::id::ReservationId;

    /// How long each of a hundred batches has waited when it is tried for the twelfth time.
    fn waited_ms(pause_ms: fn(&[Command], u32) -> u64) -> Vec<u64> {
        let batches = (1..=100).map(|number| [sweep(ReservationId(number))]);
        batches.map(|batch| (1..=11).map(|conflicts| pause_ms(&batch, conflicts)).sum()).collect()
    }

    #[test]
    fn whoever_has_his_turn_is_back_soon_however_often_he_met_others() {
        let waited = waited_ms(in_turn_ms);
        assert!(waited.iter().all(|waited_ms| *waited_ms <= 7), "{waited:?}");
        assert!(waited.iter().any(|one| *one != waited[0]), "two do not meet in step: {waited:?}");
        let waited = waited_ms(pause_ms);
        assert!(waited.iter().all(|waited_ms| *waited_ms > 20), "the harm: {waited:?}");
    }
}
