//! Who waits for a lock on a row, and what the server has counted. To see transactions of others
//! the user of the house needs the right `PROCESS`.

use crate::open::MysqlStore;
use crate::script::{self, Step};
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::lock_waits::{LockWaits, Waits};
use async_trait::async_trait;

/// The list of transactions names no database, so the one of the waiting connection counts.
const WAITING: &str = "SELECT COUNT(*), CAST(COALESCE(MAX(TIMESTAMPDIFF(MICROSECOND, \
     t.trx_wait_started, NOW(6))), 0) AS SIGNED) \
     FROM information_schema.INNODB_TRX t \
     JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id \
     WHERE t.trx_state = 'LOCK WAIT' AND p.DB = DATABASE()";
const COUNTED: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN \
     ('Innodb_row_lock_waits', 'Innodb_row_lock_time', 'Innodb_deadlocks')";

#[async_trait]
impl LockWaits for MysqlStore {
    async fn lock_waits(&self) -> Result<Waits, Trouble> {
        let mut client = self.client("look who waits").await?;
        let steps = [Step::read(WAITING), Step::read(COUNTED)];
        let said = script::run(&mut client, "look who waits", &steps).await?;
        let [waiting, counted] = &said[..] else { return Err(silent("no answer")) };
        let waiting = waiting.first().ok_or_else(|| silent("no count"))?;
        let mut waits = Waits {
            waiting: u32::try_from(read::get::<i64>(waiting, 0)?).unwrap_or(u32::MAX),
            longest_s: micros(read::get(waiting, 1)?).max(0.0),
            ..Waits::default()
        };
        for row in counted {
            let (name, count): (String, String) = (read::get(row, 0)?, read::get(row, 1)?);
            let count: f64 = count.parse().map_err(silent)?;
            match name.to_ascii_lowercase().as_str() {
                "innodb_row_lock_waits" => waits.total = Some(count),
                // It is counted in milliseconds.
                "innodb_row_lock_time" => waits.total_s = Some(count / 1e3),
                "innodb_deadlocks" => waits.deadlocks = Some(count),
                _ => {}
            }
        }
        Ok(waits)
    }
}

fn micros(count: i64) -> f64 {
    std::time::Duration::from_micros(u64::try_from(count).unwrap_or(0)).as_secs_f64()
}

fn silent(detail: impl std::fmt::Display) -> Trouble {
    trouble::unreadable("look who waits", detail)
}
