//! A place of its own on a server: an empty schema, for the laboratory, which wants another one for
//! each run.

use crate::open::OpenTrouble;
use admitone_app::{Trouble, TroubleKind};
use tokio_postgres::NoTls;

/// Makes an empty schema in the database of an address; the address of that schema. What was there
/// under the name is gone.
///
/// # Errors
/// Names that are more than letters, digits and underscores; servers that cannot be reached.
pub async fn empty_place(url: &str, name: &str) -> Result<String, OpenTrouble> {
    execute(url, name, &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"))
        .await?;
    let sign = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{sign}options=-csearch_path%3D{name}"))
}

/// Takes such a schema away again, with all that is in it.
///
/// # Errors
/// As of [`empty_place`].
pub async fn clear_place(url: &str, name: &str) -> Result<(), OpenTrouble> {
    execute(url, name, &format!("DROP SCHEMA IF EXISTS {name} CASCADE")).await
}

/// Runs statements about a place, if its name is a plain one.
async fn execute(url: &str, name: &str, sql: &str) -> Result<(), OpenTrouble> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(OpenTrouble::Address(name.to_owned()));
    }
    let away = |error: tokio_postgres::Error| {
        let doing = "making or clearing a place";
        OpenTrouble::Unreachable(Trouble::new(TroubleKind::Unavailable, doing, error))
    };
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(away)?;
    tokio::select! {
        made = client.batch_execute(sql) => made.map_err(away)?,
        ended = connection => ended.map_err(away)?,
    }
    Ok(())
}
