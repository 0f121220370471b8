//! What a matrix is worth: whether its control was found out, and whether what should be safe is.

use super::{CONTROL, Matrix, Row, Table};

/// What a matrix comes to, as what a run comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The control was found out, and everything else is sound and reached its goals.
    Sound,
    /// Sound, and something that has a rank is short of a goal.
    Short,
    /// The control was not found out, or what nothing is known against was: here is what, and where.
    Wrong(String),
}

impl Row {
    /// Whether it was found wrong, though nothing is known against it.
    fn is_wrong(&self) -> bool {
        let is_suspect = self.cell.harm.is_some() || self.cell.strategy == CONTROL;
        !is_suspect && self.result.as_ref().is_some_and(|result| !result.is_sound)
    }

    /// Whether it has a rank, and is short of a goal.
    fn is_short(&self) -> bool {
        self.ranked().is_some_and(|result| !result.meets_goals)
    }
}

impl Table {
    fn controls(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.cell.strategy == CONTROL)
    }

    /// Whether the control was found out in every cell of it; nothing where one of them was not run.
    pub fn control(&self) -> Option<bool> {
        let found = self.controls().map(|row| Some(row.result.as_ref()?.is_found_out()));
        // One that was not found out is worse than one that was not run.
        let both = |one: Option<bool>, other: Option<bool>| match (one, other) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (one, other) => one.and(other),
        };
        found.reduce(both).flatten()
    }

    /// Why there is no control, if there is none: the cells of it that were not run, with what hindered
    /// them.
    pub(super) fn without_control(&self) -> String {
        let missing = self.controls().filter(|row| row.result.is_none());
        let missing = missing.map(|row| {
            let why = row.why_not.as_deref().unwrap_or("nobody wrote down why");
            format!("`{}` was not run: {why}", row.cell)
        });
        let missing: Vec<String> = missing.collect();
        if missing.is_empty() {
            return format!("`{CONTROL}` is not in it");
        }
        missing.join("; ")
    }

    /// Why what is not found here proves nothing, if people want the same here.
    fn doubt(&self) -> Option<String> {
        let workload = &self.workload;
        match self.control() {
            _ if !self.is_contended => None,
            Some(true) => None,
            Some(false) => Some(format!(
                "in `{workload}` the control `{CONTROL}` was not found out: let it run for longer, \
                 with --set"
            )),
            None => Some(format!("no control in `{workload}`: {}", self.without_control())),
        }
    }
}

impl Matrix {
    /// Why the audit cannot be believed, with what to do; nothing where it can: where the control was
    /// found out in every workload in which people want the same, and there is one of those.
    pub fn doubts(&self) -> Option<String> {
        let doubts: Vec<String> = self.tables.iter().filter_map(Table::doubt).collect();
        if !doubts.is_empty() {
            return Some(doubts.join("; "));
        }
        let is_proven = self.tables.iter().any(|table| table.control() == Some(true));
        (!is_proven).then(|| {
            format!(
                "no control: nobody here wants what another wants, so that `{CONTROL}` cannot be \
                 found out: run a workload beside it in which they do, as `cash`"
            )
        })
    }

    /// Whether the audit can be believed.
    pub fn is_trustworthy(&self) -> bool {
        self.doubts().is_none()
    }

    /// What it comes to. What is known to do harm counts for nothing here, whatever was found.
    pub fn verdict(&self) -> Verdict {
        let rows =
            || self.tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row)));
        let wrong = rows()
            .filter(|(_, row)| row.is_wrong())
            .map(|(table, row)| format!("in `{}` `{}` was found wrong", table.workload, row.cell));
        let all: Vec<String> = wrong.chain(self.doubts()).collect();
        if !all.is_empty() {
            return Verdict::Wrong(all.join("; "));
        }
        if rows().any(|(_, row)| row.is_short()) { Verdict::Short } else { Verdict::Sound }
    }
}
