//! The second way: a walk over all rows as the domain knows them. What was told is replayed first,
//! then reservations are collected, and everything else is compared with the two.

mod answers;
mod claims;
mod money;
mod outbox;
mod reservations;

use super::{Kind, Report};
use crate::tables::{decode, read};
use crate::trouble;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::{Key, Loaded, Moment, Row};
use rusqlite::Connection;
use rusqlite::types::FromSql;

pub(super) fn run(
    tables: &Connection,
    now: Moment,
    report: &mut Report,
    progress: &mut impl FnMut(&'static str),
) -> Result<(), Trouble> {
    progress("replaying what was told");
    let told = outbox::replay(tables, report)?;
    progress("walking the reservations");
    let claims = reservations::walk(tables, now, &told, report)?;
    progress("walking the seats and stocks");
    claims::compare(&claims, tables, report)?;
    progress("walking the money");
    money::walk(tables, &claims, &told, report)?;
    progress("walking the answers");
    answers::walk(tables, &told, report)
}

/// Visits every row of a query. Its first column names the row for people, its second is a body;
/// one that cannot be read is a finding, not an end.
fn each<T: serde::de::DeserializeOwned>(
    tables: &Connection,
    sql: &str,
    report: &mut Report,
    mut visit: impl FnMut(&rusqlite::Row<'_>, T, &mut Report) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = tables.prepare(sql).map_err(&failed)?;
    let mut rows = query.query([]).map_err(&failed)?;
    while let Some(row) = rows.next().map_err(&failed)? {
        report.rows += 1;
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        match decode(body) {
            Ok(decoded) => visit(row, decoded, report)?,
            Err(_) => report.find(Kind::Unreadable, column::<String>(row, 0)?),
        }
    }
    Ok(())
}

fn column<T: FromSql>(row: &rusqlite::Row<'_>, at: usize) -> Result<T, Trouble> {
    row.get(at).map_err(trouble::of("verify"))
}

fn find(tables: &Connection, key: Key) -> Result<Option<Row>, Trouble> {
    Ok(find_loaded(tables, key)?.map(Loaded::into_row))
}

/// A row by its name. One that cannot be read is reported by the walk over its table.
fn find_loaded(tables: &Connection, key: Key) -> Result<Option<Loaded>, Trouble> {
    match read::row(tables, key) {
        Ok(found) => Ok(found),
        Err(trouble) if trouble.kind == TroubleKind::Inconsistent => Ok(None),
        Err(trouble) => Err(trouble),
    }
}
