//! Brings the tables to this version, one instance at a time, and remembers whether they are
//! guarded.

use crate::migrations;
use crate::open::{Guards, MysqlStore, OpenTrouble};
use crate::script::{self, Step, literal};
use crate::tables::read;
use admitone_app::{Trouble, TroubleKind};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Pool};

/// Instances that start together wait for the first. The name is the database's, so that two
/// houses on one server do not wait for each other.
const BEGIN: &str = "SELECT GET_LOCK(CONCAT('admitone ', DATABASE()), 60)";
const END: &str = "DO RELEASE_LOCK(CONCAT('admitone ', DATABASE()))";
const RECORD: &str = "INSERT IGNORE INTO house VALUES ('guards', 'left out')";
const GUARDED: &str = "INSERT INTO house VALUES ('guards', 'there') \
     ON DUPLICATE KEY UPDATE value = 'there'";

const RECORDED: &str = "SELECT value = 'there' FROM house WHERE name = 'guards'";

impl MysqlStore {
    /// What the house remembers under a name, for all instances; `value` if it is asked for the
    /// first time.
    pub async fn recall(&self, name: &str, value: &str) -> Result<String, Trouble> {
        let (name, value) = (literal(name.as_bytes()), literal(value.as_bytes()));
        let steps = [
            Step::read(format!("INSERT IGNORE INTO house VALUES ({name}, {value})")),
            Step::read(format!("SELECT value FROM house WHERE name = {name}")),
        ];
        let mut client = self.client("remember").await?;
        let found = script::run(&mut client, "remember", &steps).await?;
        let silent = || Trouble::new(TroubleKind::Unavailable, "remember", "no answer");
        read::get(found.last().and_then(|rows| rows.first()).ok_or_else(silent)?, 0)
    }
}

/// Migrates; whether the tables are guarded now. Guards that are there stay.
pub(crate) async fn migrate(mut pool: Pool, guards: Guards) -> Result<bool, OpenTrouble> {
    let mut client = pool.get_conn().await.map_err(failed)?;
    let is_ours: Option<i64> = client.query_first(BEGIN).await.map_err(failed)?;
    if is_ours != Some(1) {
        return Err(failed("another instance has been at it for a minute"));
    }
    let migrated = run(&mut client, &mut pool, guards).await;
    let ended = client.query_drop(END).await.map_err(failed);
    drop(client);
    pool.disconnect().await.map_err(failed)?;
    migrated.and_then(|is_guarded| ended.map(|()| is_guarded))
}

async fn run(client: &mut Conn, pool: &mut Pool, guards: Guards) -> Result<bool, OpenTrouble> {
    migrations::tables::migrations::runner()
        .set_migration_table_name("migration_of_tables")
        .run_async(pool)
        .await
        .map_err(failed)?;
    let adds = match guards {
        Guards::Added => true,
        Guards::LeftOut => false,
        Guards::AsRecorded => {
            let said: Option<i64> = client.query_first(RECORDED).await.map_err(failed)?;
            said != Some(0)
        }
    };
    let record = if adds {
        migrations::guards::migrations::runner()
            .set_migration_table_name("migration_of_guards")
            .run_async(pool)
            .await
            .map_err(failed)?;
        GUARDED
    } else {
        RECORD
    };
    client.query_drop(record).await.map_err(failed)?;
    let is_guarded: Option<i64> = client.query_first(RECORDED).await.map_err(failed)?;
    Ok(is_guarded == Some(1))
}

fn failed(error: impl std::fmt::Display) -> OpenTrouble {
    OpenTrouble::Migration(error.to_string())
}
