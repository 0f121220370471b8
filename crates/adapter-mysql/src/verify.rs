//! Recomputes every invariant of the tables two ways: SQL that adds up columns, and a walk over
//! the rows as the domain knows them. Both look at one snapshot, so that a house that sells may be
//! verified.

mod sums;
mod walk;

use crate::open::MysqlStore;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::Report;
use mysql_async::prelude::Queryable;

/// It may take long, and changes nothing.
const BEGIN: &str = "SET SESSION time_zone = '+00:00' /*M!100300 , max_statement_time = 0, \
     idle_transaction_timeout = 0 */; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
     START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

impl MysqlStore {
    /// Verifies the tables.
    pub async fn verify(
        &self,
        mut progress: impl FnMut(&'static str) + Send,
    ) -> Result<Report, Trouble> {
        let mut client = self.client("verify").await?;
        client.query_drop(BEGIN).await.map_err(trouble::of("verify"))?;
        let mut report = Report::default();
        for (what, sql) in sums::ALL {
            progress(what);
            sums::run(&mut client, what, sql, &mut report).await?;
        }
        progress("walking the reservations");
        let walked = walk::run(&mut client, &mut report).await;
        // Not for the pool: it is not bounded any more.
        client.disconnect().await.map_err(trouble::of("verify"))?;
        walked.map(|()| report)
    }
}
