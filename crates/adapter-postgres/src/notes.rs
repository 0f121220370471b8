//! Notes of the house about itself.

use crate::open::PostgresStore;
use crate::pipeline::{self, Array, Step};
use crate::tables::read;
use admitone_app::Trouble;
use admitone_app::ports::notes::{Kind, Mark, Note, Notes};
use admitone_domain::Moment;
use async_trait::async_trait;
use tokio_postgres::Row;

const ADD: &str = "INSERT INTO note SELECT kind, id, about, 1, at, text \
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) \
     AS n (kind, id, about, at, text) ON CONFLICT DO NOTHING RETURNING id";
const CHANGE: &str = "UPDATE note SET version = n.version, text = n.text \
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS n (kind, id, version, text) \
     WHERE note.kind = n.kind AND note.id = n.id AND note.version = n.version - 1 RETURNING note.id";
const READ: &str =
    "SELECT id, about, version, at, text FROM note WHERE kind = $1 AND id = ANY($2::text[])";
const LIST: &str = "SELECT id, about, version, at, text FROM note \
     WHERE kind = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
const LIST_ABOUT: &str = "SELECT id, about, version, at, text FROM note \
     WHERE kind = $1 AND (at, id) < ($2, $3) AND about = $5 ORDER BY at DESC, id DESC LIMIT $4";
const DROP: &str = "DELETE FROM note WHERE kind = $1 AND at < $2";

#[async_trait]
impl Notes for PostgresStore {
    async fn put_notes(&self, notes: &[Note]) -> Result<Vec<String>, Trouble> {
        let (new, changed): (Vec<&Note>, Vec<&Note>) =
            notes.iter().partition(|note| note.version == 1);
        let texts = |notes: &[&Note], of: fn(&Note) -> &str| {
            Array::Text(notes.iter().map(|note| of(note).to_owned()).collect())
        };
        let names = |notes: &[&Note]| {
            [texts(notes, |note| note.kind.name()), texts(notes, |note| &note.id)]
        };
        let mut steps = Vec::new();
        if !new.is_empty() {
            let mut values = names(&new).to_vec();
            values.push(texts(&new, |note| &note.about));
            values.push(Array::Number(new.iter().map(|note| note.at.0).collect()));
            values.push(texts(&new, |note| &note.text));
            steps.push(Step::read(ADD, values));
        }
        if !changed.is_empty() {
            let versions = changed.iter().map(|note| note.version.cast_signed()).collect();
            let mut values = names(&changed).to_vec();
            values.push(Array::Number(versions));
            values.push(texts(&changed, |note| &note.text));
            steps.push(Step::read(CHANGE, values));
        }
        let client = self.client("keep notes").await?;
        let kept = pipeline::run(&client, "keep notes", None, &steps).await?;
        kept.iter().flatten().map(|row| Ok(read::get::<&str>(row, 0)?.to_owned())).collect()
    }

    async fn notes(&self, kind: Kind, ids: &[String]) -> Result<Vec<Note>, Trouble> {
        let values = vec![Array::Word(kind.name().to_owned()), Array::Text(ids.to_vec())];
        let rows = self.ask_for(Step::read(READ, values)).await?;
        rows.iter().map(|row| note(kind, row)).collect()
    }

    async fn notes_about(
        &self,
        kind: Kind,
        about: Option<&str>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Note>, Trouble> {
        let (at, id) = behind.map_or((Moment::MAX, ""), |mark| (mark.at, mark.id.as_str()));
        let mut values = vec![
            Array::Word(kind.name().to_owned()),
            Array::Single(Some(at.0)),
            Array::Word(id.to_owned()),
            Array::Single(Some(i64::try_from(limit).unwrap_or(i64::MAX))),
        ];
        let sql = if about.is_some() { LIST_ABOUT } else { LIST };
        values.extend(about.map(|about| Array::Word(about.to_owned())));
        let rows = self.ask_for(Step::read(sql, values)).await?;
        rows.iter().map(|row| note(kind, row)).collect()
    }

    async fn drop_notes(&self, kind: Kind, before: Moment) -> Result<(), Trouble> {
        self.touch("drop notes", DROP, &[&kind.name(), &before.0]).await.map(drop)
    }
}

fn note(kind: Kind, row: &Row) -> Result<Note, Trouble> {
    let text = |column| Ok(read::get::<&str>(row, column)?.to_owned());
    let (version, at) = (read::unsigned(row, 2)?, Moment(read::get(row, 3)?));
    Ok(Note { kind, id: text(0)?, about: text(1)?, version, at, text: text(4)? })
}
