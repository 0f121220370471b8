//! What the pages of a matrix say alike.

use super::{Matrix, Measured};
use crate::figures::real;
use crate::reports::number_of;

/// Nothing found in so many commands, and what follows from that by the rule of three.
pub(super) fn none_of(commands: u64) -> String {
    if commands == 0 {
        return "nothing was audited".to_owned();
    }
    let each = 3.0 / real(commands);
    format!("0 of {} wrong: fewer than {each:.1e} each, at 95 %", number_of(commands))
}

/// What the audit gave up on, to be said behind what it found; nothing where that is nothing.
pub(super) fn undecided(many: u64) -> String {
    if many == 0 { String::new() } else { format!("; {} undecided", number_of(many)) }
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
