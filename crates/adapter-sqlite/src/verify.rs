//! Recomputes every invariant of the tables two ways: SQL that adds up columns, and a walk over
//! the rows as the domain knows them. Both must agree with each other and with the rules.
//!
//! Nothing of the rules is used to check them: what a hold, a payment or a pass must have left
//! behind is said here a second time.

mod kind;
mod sums;
mod walk;

use crate::open::SqliteStore;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::Report;
use kind::Kind;
use rusqlite::Connection;

/// The name of every kind of finding there is: what a finding begins with.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().map(|kind| kind.name()).chain(sums::ALL.iter().map(|(name, _)| *name))
}

impl SqliteStore {
    /// Verifies the tables as they are at one moment. What is not folded yet is not seen: close
    /// the store first, or fold.
    pub fn verify(&self, mut progress: impl FnMut(&'static str)) -> Result<Report, Trouble> {
        let mut report = Report::default();
        progress("looking for damaged pages");
        check_pages(&self.shared.journal_reader(), "journal.db", &mut report)?;
        self.shared.read(|tables| {
            check_pages(tables, "tables.db", &mut report)?;
            if !report.findings.is_empty() {
                // What cannot be read cannot be added up.
                return Ok(());
            }
            // One transaction: a fold that comes between two queries is seen by neither.
            let at_once = tables.unchecked_transaction().map_err(trouble::of("verify"))?;
            for (what, sql) in sums::ALL {
                progress(what);
                sums::run(&at_once, what, sql, &mut report)?;
            }
            walk::run(&at_once, self.shared.clock.now(), &mut report, &mut progress)
        })?;
        Ok(report)
    }
}

fn check_pages(database: &Connection, file: &str, report: &mut Report) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = database.prepare("PRAGMA integrity_check(10)").map_err(&failed)?;
    let said = query.query_map([], |row| row.get::<_, String>(0)).map_err(&failed)?;
    for line in said {
        match line.map_err(trouble::of("verify")) {
            Ok(line) if line == "ok" => {}
            Ok(line) => report.find(Kind::DamagedPage, format_args!("{file}: {line}")),
            Err(trouble) if trouble.is_temporary() => return Err(trouble),
            Err(trouble) => report.find(Kind::DamagedPage, format_args!("{file}: {trouble}")),
        }
    }
    Ok(())
}
