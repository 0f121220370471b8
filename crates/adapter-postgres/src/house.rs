//! Brings the tables to this version, one instance at a time, and remembers whether they are
//! guarded.

use crate::migrations;
use crate::open::{Guards, OpenTrouble, PostgresStore};
use crate::trouble;
use admitone_app::Trouble;
use deadpool_postgres::Object;

/// Instances that start together wait for the first; a table in use is waited for only shortly, so
/// that nobody queues up behind a migration.
const BEGIN: &str = "SET lock_timeout = '3s'; SET statement_timeout = 0; \
     SELECT pg_advisory_lock(hashtext('admitone migrate'), hashtext(current_schema()))";
const END: &str = "SELECT pg_advisory_unlock(hashtext('admitone migrate'), \
     hashtext(current_schema())); RESET lock_timeout; RESET statement_timeout";

const RECORD: &str = "INSERT INTO house VALUES ('guards', 'left out') ON CONFLICT DO NOTHING";
const GUARDED: &str = "INSERT INTO house VALUES ('guards', 'there') \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE house.value <> excluded.value";

const RECORDED: &str = "SELECT value = 'there' FROM house WHERE name = 'guards'";

const RECALL: &str = "INSERT INTO house VALUES ($1, $2) ON CONFLICT (name) DO UPDATE \
     SET value = house.value RETURNING value";

impl PostgresStore {
    /// What the house remembers under a name, for all instances; `value` if it is asked for the
    /// first time.
    pub async fn recall(&self, name: &str, value: &str) -> Result<String, Trouble> {
        let client = self.client("remember").await?;
        let row = client.ask("remember", client.query_one(RECALL, &[&name, &value])).await?;
        row.try_get(0).map_err(trouble::of("remember"))
    }
}

/// Migrates; whether the tables are guarded now. Guards that are there stay.
pub(crate) async fn migrate(client: &mut Object, guards: Guards) -> Result<bool, OpenTrouble> {
    client.batch_execute(BEGIN).await.map_err(failed)?;
    let migrated = run(client, guards).await;
    let ended = client.batch_execute(END).await.map_err(failed);
    migrated.and_then(|is_guarded| ended.map(|()| is_guarded))
}

async fn run(client: &mut Object, guards: Guards) -> Result<bool, OpenTrouble> {
    let connection: &mut tokio_postgres::Client = client;
    migrations::tables::migrations::runner()
        .set_migration_table_name("migration_of_tables")
        .run_async(connection)
        .await
        .map_err(failed)?;
    let adds = match guards {
        Guards::Added => true,
        Guards::LeftOut => false,
        Guards::AsRecorded => {
            let said = connection.query_opt(RECORDED, &[]).await.map_err(failed)?;
            said.is_none_or(|row| row.try_get(0).unwrap_or(true))
        }
    };
    let record = if adds {
        migrations::guards::migrations::runner()
            .set_migration_table_name("migration_of_guards")
            .run_async(connection)
            .await
            .map_err(failed)?;
        GUARDED
    } else {
        RECORD
    };
    client.batch_execute(record).await.map_err(failed)?;
    client.query_one(RECORDED, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> OpenTrouble {
    OpenTrouble::Migration(error.to_string())
}
