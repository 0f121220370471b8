//! Which commands were answered: asking after a commit of unknown outcome, dropping the old ones.

use crate::open::MysqlStore;
use crate::script::{self, Step};
use crate::tables::read;
use crate::{due, trouble};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::{Moment, Verdict};

/// Answers are kept for a day, those about money for fifteen.
const KEPT_US: i64 = 24 * 3_600 * 1_000_000;
const MONEY_KEPT_US: i64 = 15 * KEPT_US;
/// At most so many of each are dropped at once.
const PRUNED_MAX: u32 = 10_000;

impl MysqlStore {
    /// Whether a batch whose commit was not answered is there after all: its answers are. If it
    /// cannot be known, the batch is settled again under the same ids, which is always right.
    pub(crate) async fn find_out(&self, verdict: &Verdict) -> Result<(), Trouble> {
        let unknown = "the connection was lost during the commit";
        let Some(first) = verdict.answers.first() else {
            return Err(trouble::conflict("commit", unknown));
        };
        let mut client = self.client("ask for a lost commit").await?;
        let step = read::answers(std::iter::once(first.id.0));
        let found = script::run(&mut client, "ask for a lost commit", &[step]).await?;
        match found.first().and_then(|rows| rows.first()).map(read::answer) {
            Some(Ok(answer)) if answer == *first => Ok(()),
            _ => Err(trouble::conflict("commit", unknown)),
        }
    }

    /// Drops answers that are old enough, a bounded number. To be called now and then by every
    /// instance: two that meet drop each a part.
    pub async fn prune(&self) -> Result<(), Trouble> {
        let now = self.now().await?;
        let delete = |money: u8, kept: i64| {
            let before = now.0.saturating_sub(kept);
            Step::read(format!(
                "DELETE FROM answer WHERE money = {money} AND `at` < {before} \
                 ORDER BY `at` LIMIT {PRUNED_MAX}"
            ))
        };
        let mut client = self.client("prune answers").await?;
        let steps = [delete(0, KEPT_US), delete(1, MONEY_KEPT_US)];
        script::run(&mut client, "prune answers", &steps).await.map(|_| ())
    }

    /// The time of the store.
    pub(crate) async fn now(&self) -> Result<Moment, Trouble> {
        let mut client = self.client("ask the time").await?;
        let found = script::run(&mut client, "ask the time", &[due::now(self.hand())]).await?;
        let row = found.first().and_then(|rows| rows.first());
        let silent = || Trouble::new(TroubleKind::Unavailable, "ask the time", "no answer");
        Ok(Moment(read::get(row.ok_or_else(silent)?, 0)?))
    }
}
