//! Who waits for a lock of this database. PostgreSQL does not count waits that are over.

use crate::open::PostgresStore;
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::lock_waits::{LockWaits, Waits};
use async_trait::async_trait;

/// A wait for somebody's transaction names no database, so the one of the waiting connection
/// counts.
const WAITING: &str = "SELECT count(DISTINCT l.pid), \
     coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8 \
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
     WHERE NOT l.granted AND a.datname = current_database()";
const DEADLOCKS: &str = "SELECT coalesce(sum(deadlocks), 0)::float8 FROM pg_stat_database";

#[async_trait]
impl LockWaits for PostgresStore {
    async fn lock_waits(&self) -> Result<Waits, Trouble> {
        let client = self.client("look who waits").await?;
        let asked = async {
            tokio::try_join!(client.query_one(WAITING, &[]), client.query_one(DEADLOCKS, &[]))
        };
        let (waiting, deadlocks) = client.ask("look who waits", asked).await?;
        Ok(Waits {
            waiting: u32::try_from(read::get::<i64>(&waiting, 0)?).unwrap_or(u32::MAX),
            longest_s: read::get::<f64>(&waiting, 1)?.max(0.0),
            deadlocks: Some(read::get(&deadlocks, 0)?),
            ..Waits::default()
        })
    }
}
