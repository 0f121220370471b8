//! Recomputes every invariant of the tables two ways: SQL that adds up columns, and a walk over
//! the rows as the domain knows them. Both look at one snapshot, so that a house that sells may be
//! verified.

mod sums;
mod walk;

use crate::open::PostgresStore;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::Report;

/// It may take long, and changes nothing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

impl PostgresStore {
    /// Verifies the tables.
    pub async fn verify(
        &self,
        mut progress: impl FnMut(&'static str) + Send,
    ) -> Result<Report, Trouble> {
        let client = self.client("verify").await?;
        client.batch_execute(BEGIN).await.map_err(trouble::of("verify"))?;
        let mut report = Report::default();
        for (what, sql) in sums::ALL {
            progress(what);
            sums::run(&client, what, sql, &mut report).await?;
        }
        progress("walking the reservations");
        let walked = walk::run(&client, &mut report).await;
        client.batch_execute("ROLLBACK").await.map_err(trouble::of("verify"))?;
        walked.map(|()| report)
    }
}
