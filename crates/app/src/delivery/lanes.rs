//! Finds the lanes of commands that are handed over.
//!
//! Rows are read for it and never locked: to which show a reservation belongs never changes. What is only being made
//! is not there yet, and a show may move behind another room: so whoever settles a command looks again
//! ([`crate::ports::lock::Guard::astray`]).

use crate::lane::{Lane, lane_of};
use crate::ports::reads::Reads;
use crate::{Trouble, TroubleKind};
use admitone_domain::{Command, Rows};
use std::sync::Arc;

/// Finds lanes.
pub struct Lanes {
    /// Where rows are read.
    pub reads: Arc<dyn Reads>,
    /// How many lanes there are; at least one.
    pub count: u16,
}

impl Lanes {
    /// The lanes of commands, in their order; the rows of all are read together. Commands name a payment, that its
    /// reservation, that its show, that its room: so many rounds.
    pub async fn of(&self, commands: &[Command]) -> Result<Vec<Lane>, Trouble> {
        let mut rows = Rows::default();
        loop {
            let found: Vec<_> =
                commands.iter().map(|command| lane_of(command, &rows, self.count)).collect();
            let mut missing: Vec<_> = found.iter().filter_map(|one| one.err()).collect();
            if missing.is_empty() {
                return Ok(found.into_iter().flatten().collect());
            }
            missing.sort_unstable();
            missing.dedup();
            let read = self.reads.rows(&missing).await?;
            if read.len() != missing.len() {
                let detail =
                    format!("{} rows were asked for, {} told of", missing.len(), read.len());
                return Err(Trouble::new(TroubleKind::Inconsistent, "find lanes", detail));
            }
            for (key, row) in missing.into_iter().zip(read) {
                rows.insert(key, row);
            }
        }
    }
}
