//! Recomputes every invariant of the tables two ways: SQL that adds up columns, and a walk over
//! the rows as the domain knows them. Both must agree with each other and with the rules.

mod sums;
mod walk;

use crate::open::SqliteStore;
use admitone_app::Trouble;
use serde::Serialize;

/// What a verification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many rows were looked at.
    pub rows: u64,
    /// What is wrong, in words with ids.
    pub findings: Vec<String>,
}

impl SqliteStore {
    /// Verifies the tables. What is not folded yet is not seen: close the store first, or fold.
    pub fn verify(&self, mut progress: impl FnMut(&'static str)) -> Result<Report, Trouble> {
        self.shared.read(|tables| {
            let mut report = Report::default();
            for (what, sql) in sums::ALL {
                progress(what);
                sums::run(tables, what, sql, &mut report)?;
            }
            progress("walking the reservations");
            walk::run(tables, &mut report)?;
            Ok(report)
        })
    }
}
