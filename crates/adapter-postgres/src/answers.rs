//! Which commands were answered: asking after a commit of unknown outcome, dropping the old ones.

use crate::open::PostgresStore;
use crate::tables::read::{self, Told};
use crate::{due, pipeline, trouble};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Verdict;

/// Answers are kept for a day, those about money for fifteen.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
const MONEY_KEPT_US: i64 = 15 * KEPT_US;
/// At most so many are dropped in one transaction.
const PRUNED_MAX: i64 = 10_000;

/// Only one instance at a time; the others find the lock taken and drop nothing.
const PRUNE: &str = "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock( \
     hashtext('admitone prune'), hashtext(current_schema())) AS is_ours), \
     old AS MATERIALIZED ( \
     (SELECT id FROM answer WHERE NOT money AND at < $1::bigint - $2::bigint \
     ORDER BY at LIMIT $4) UNION ALL \
     (SELECT id FROM answer WHERE money AND at < $1 - $3::bigint ORDER BY at LIMIT $4)) \
     DELETE FROM answer USING old, turn WHERE is_ours AND answer.id = old.id";

impl PostgresStore {
    /// Whether a batch whose commit was not answered is there after all: its answers are. If it
    /// cannot be known, the batch is settled again under the same ids, which is always right.
    pub(crate) async fn find_out(&self, verdict: &Verdict) -> Result<(), Trouble> {
        let unknown = "the connection was lost during the commit";
        let Some(first) = verdict.answers.first() else {
            return Err(trouble::conflict("commit", unknown));
        };
        let client = self.client("ask for a lost commit").await?;
        let step = read::answers(std::iter::once(first.id.0));
        let found = pipeline::run(&client, "ask for a lost commit", None, &[step]).await?;
        match found.first().and_then(|rows| rows.first()).map(read::answer) {
            Some(Ok(answer)) if answer == *first => Ok(()),
            _ => Err(trouble::conflict("commit", unknown)),
        }
    }

    /// Drops answers that are old enough, a bounded number; how many. To be called now and then by
    /// every instance.
    pub async fn prune(&self) -> Result<u64, Trouble> {
        let now = self.now().await?;
        let client = self.client("prune answers").await?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&now.0, &KEPT_US, &MONEY_KEPT_US, &PRUNED_MAX];
        let asked = async {
            let sql = client.prepare_cached(PRUNE).await?;
            client.execute(&sql, &values).await
        };
        client.ask("prune answers", asked).await
    }

    /// The time of the store.
    pub(crate) async fn now(&self) -> Result<admitone_domain::Moment, Trouble> {
        let found = self.ask_for(due::now(self.hand())).await?;
        match found.first().map(read::told).transpose()? {
            Some(Told::Time(now)) => Ok(now),
            _ => Err(Trouble::new(TroubleKind::Unavailable, "ask the time", "no answer")),
        }
    }
}
