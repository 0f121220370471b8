//! What the pages of a matrix say alike.

use super::{Matrix, Measured};
use crate::reports::{bound, undecided};

/// Nothing found in so many commands, and what follows from that.
pub(super) fn none_of(commands: u64) -> String {
    bound(commands, "wrong")
}

/// How often cells were run: least and most.
pub(super) fn runs(matrix: &Matrix) -> Option<(u32, u32)> {
    let rows = matrix.tables.iter().flat_map(|table| &table.rows);
    let runs = || rows.clone().filter_map(|row| row.result.as_ref()).map(|result| result.runs);
    Some((runs().min()?, runs().max()?))
}

/// What the figures are of, by how often cells were run.
pub(super) fn figures_are(matrix: &Matrix) -> String {
    let several =
        "a figure is the median of them, and in brackets stand the least and the greatest";
    match runs(matrix) {
        None => "No cell was run.".to_owned(),
        Some((1, 1)) => "Each cell was run once: no figure has a spread, and of two that are near \
                         each other another run may say the opposite (`--runs`)."
            .to_owned(),
        Some((least, most)) if least == most => {
            format!("Each cell was run {most} times: {several}.")
        }
        Some((least, most)) => format!("Each cell was run {least} to {most} times: {several}."),
    }
}

impl Measured {
    /// That nothing was found, with what follows from it and what was given up.
    pub(super) fn nothing_found(&self) -> String {
        none_of(self.commands) + &undecided(self.undecided)
    }
}
