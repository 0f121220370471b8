//! A place of its own on a server: an empty database, for the laboratory, which wants another one for
//! each run.

use crate::open::OpenTrouble;
use admitone_app::{Trouble, TroubleKind};
use mysql_async::prelude::Queryable;

/// Makes an empty database on the server of an address; the address of that database. What was there
/// under the name is gone.
///
/// # Errors
/// Names that are more than letters, digits and underscores; servers that cannot be reached.
pub async fn empty_place(url: &str, name: &str) -> Result<String, OpenTrouble> {
    execute(
        url,
        name,
        &[format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")],
    )
    .await?;
    let (path, query) =
        url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let (server, _) = path.rsplit_once('/').unwrap_or((path, ""));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(format!("{server}/{name}{query}"))
}

/// Takes such a database away again, with all that is in it.
///
/// # Errors
/// As of [`empty_place`].
pub async fn clear_place(url: &str, name: &str) -> Result<(), OpenTrouble> {
    execute(url, name, &[format!("DROP DATABASE IF EXISTS {name}")]).await
}

/// Runs statements about a place, if its name is a plain one.
async fn execute(url: &str, name: &str, statements: &[String]) -> Result<(), OpenTrouble> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(OpenTrouble::Address(name.to_owned()));
    }
    let away = |error: mysql_async::Error| {
        let doing = "making or clearing a place";
        OpenTrouble::Unreachable(Trouble::new(TroubleKind::Unavailable, doing, error))
    };
    let mut client = mysql_async::Conn::from_url(url).await.map_err(away)?;
    for statement in statements {
        client.query_drop(statement).await.map_err(away)?;
    }
    client.disconnect().await.map_err(away)
}
