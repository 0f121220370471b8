//! How long a batch that met others waits before it is tried again.

use admitone_domain::Command;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// The time within which a batch that met others is tried again doubles so often, from two
/// milliseconds on.
const DOUBLINGS_MAX: u32 = 4;

/// Some time within a span that doubles with every conflict: many who want the same row leave each
/// other room. Other ones for other batches and tries, so that two that met once do not meet again
/// in step; the same ones every time that it is run.
pub(super) fn pause_ms(part: &[Command], conflicts: u32) -> u64 {
    let name = part.first().map_or(0, |command| command.id.0);
    let spread = BuildHasherDefault::<DefaultHasher>::default().hash_one((name, conflicts));
    spread % ((1 << conflicts.min(DOUBLINGS_MAX)) + 1)
}
