//! Notes of the house about itself: beside the roads, written as seldom.

use crate::roads::SqliteRoads;
use admitone_app::Trouble;
use admitone_app::ports::notes::{Kind, Mark, Note, Notes};
use admitone_domain::Moment;
use async_trait::async_trait;
use rusqlite::{Row, params};

#[async_trait]
impl Notes for SqliteRoads {
    async fn put_notes(&self, notes: &[Note]) -> Result<Vec<String>, Trouble> {
        let notes = notes.to_vec();
        self.within("keep notes", move |roads| {
            let add = "INSERT OR IGNORE INTO note VALUES (?1, ?2, ?3, 1, ?4, ?5)";
            let change = "UPDATE note SET version = ?3, text = ?4 \
                          WHERE kind = ?1 AND id = ?2 AND version = ?3 - 1";
            let mut kept = Vec::new();
            for Note { kind, id, about, version, at, text } in notes {
                let touched = if version == 1 {
                    let values = params![kind.name(), id, about, at.0, text];
                    roads.prepare_cached(add)?.execute(values)?
                } else {
                    let values = params![kind.name(), id, version, text];
                    roads.prepare_cached(change)?.execute(values)?
                };
                kept.extend((touched == 1).then_some(id));
            }
            Ok(kept)
        })
        .await
    }

    async fn notes(&self, kind: Kind, ids: &[String]) -> Result<Vec<Note>, Trouble> {
        let ids = ids.to_vec();
        self.within("read notes", move |roads| {
            let sql = "SELECT id, about, version, at, text FROM note WHERE kind = ?1 AND id = ?2";
            let mut query = roads.prepare_cached(sql)?;
            let mut found = Vec::new();
            for id in ids {
                let rows = query.query_map(params![kind.name(), id], |row| note(kind, row))?;
                found.extend(rows.collect::<rusqlite::Result<Vec<Note>>>()?);
            }
            Ok(found)
        })
        .await
    }

    async fn notes_about(
        &self,
        kind: Kind,
        about: Option<&str>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Note>, Trouble> {
        let about = about.map(str::to_owned);
        let behind = behind.cloned().unwrap_or(Mark { at: Moment::MAX, id: String::new() });
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.within("list notes", move |roads| {
            let of_one = if about.is_some() { "AND about = ?2" } else { "AND ?2 IS NULL" };
            let sql = format!(
                "SELECT id, about, version, at, text FROM note \
                 WHERE kind = ?1 {of_one} AND (at, id) < (?3, ?4) \
                 ORDER BY at DESC, id DESC LIMIT ?5"
            );
            let mut query = roads.prepare_cached(&sql)?;
            let values = params![kind.name(), about, behind.at.0, behind.id, limit];
            let rows = query.query_map(values, |row| note(kind, row))?;
            rows.collect()
        })
        .await
    }

    async fn drop_notes(&self, kind: Kind, before: Moment) -> Result<(), Trouble> {
        self.within("drop notes", move |roads| {
            let sql = "DELETE FROM note WHERE kind = ?1 AND at < ?2";
            roads.execute(sql, params![kind.name(), before.0]).map(drop)
        })
        .await
    }
}

fn note(kind: Kind, row: &Row<'_>) -> rusqlite::Result<Note> {
    let (id, about, version) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(Note { kind, id, about, version, at: Moment(row.get(3)?), text: row.get(4)? })
}
