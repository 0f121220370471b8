//! Notes of the house about itself.

use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::read;
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::ports::notes::{Kind, Mark, Note, Notes};
use admitone_domain::Moment;
use async_trait::async_trait;
use mysql_async::Row;

#[async_trait]
impl Notes for MysqlStore {
    async fn put_notes(&self, notes: &[Note]) -> Result<Vec<String>, Trouble> {
        let mut steps = Vec::new();
        for note in notes {
            steps.push(Step::read(put(note)));
            // The server says nothing of rows that were touched, unless it is asked.
            steps.push(Step::read("SELECT ROW_COUNT()"));
        }
        let mut client = self.client("keep notes").await?;
        let found = script::run(&mut client, "keep notes", &steps).await?;
        let mut kept = Vec::new();
        for (note, said) in notes.iter().zip(found.chunks(2)) {
            let count = said.last().and_then(|rows| rows.first());
            if count.map_or(Ok(0), |row| read::get::<i64>(row, 0))? == 1 {
                kept.push(note.id.clone());
            }
        }
        Ok(kept)
    }

    async fn notes(&self, kind: Kind, ids: &[String]) -> Result<Vec<Note>, Trouble> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = ids.iter().map(|id| literal(id.as_bytes())).collect();
        let which = format!("`id` IN ({})", ids.join(", "));
        self.found(kind, "read notes", &which).await
    }

    async fn notes_about(
        &self,
        kind: Kind,
        about: Option<&str>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Note>, Trouble> {
        let about = about.map(|about| format!("`about` = {}", literal(about.as_bytes())));
        let behind = behind.map(|Mark { at, id }| {
            let id = literal(id.as_bytes());
            format!("(`at` < {at} OR `at` = {at} AND `id` < {id})", at = at.0)
        });
        let which: Vec<String> = about.into_iter().chain(behind).collect();
        let which = if which.is_empty() { "1".to_owned() } else { which.join(" AND ") };
        let which = format!("{which} ORDER BY `at` DESC, `id` DESC LIMIT {limit}");
        self.found(kind, "list notes", &which).await
    }

    async fn drop_notes(&self, kind: Kind, before: Moment) -> Result<(), Trouble> {
        let kind = literal(kind.name().as_bytes());
        let sql = format!("DELETE FROM `note` WHERE `kind` = {kind} AND `at` < {}", before.0);
        let mut client = self.client("drop notes").await?;
        script::run(&mut client, "drop notes", &[Step::read(sql)]).await.map(drop)
    }
}

impl MysqlStore {
    async fn found(
        &self,
        kind: Kind,
        operation: &'static str,
        which: &str,
    ) -> Result<Vec<Note>, Trouble> {
        let sql = format!(
            "SELECT `id`, `about`, `version`, `at`, `text` FROM `note` \
             WHERE `kind` = {} AND {which}",
            literal(kind.name().as_bytes())
        );
        let mut client = self.client(operation).await?;
        let found = script::run(&mut client, operation, &[Step::read(sql)]).await?;
        found.iter().flatten().map(|row| note(kind, row)).collect()
    }
}

/// What keeps a note, unless another one is kept by now.
fn put(note: &Note) -> String {
    let Note { kind, id, about, version, at, text } = note;
    let (kind, id) = (literal(kind.name().as_bytes()), literal(id.as_bytes()));
    let (about, text) = (literal(about.as_bytes()), literal(text.as_bytes()));
    if *version == 1 {
        format!("INSERT IGNORE INTO `note` VALUES ({kind}, {id}, {about}, 1, {}, {text})", at.0)
    } else {
        format!(
            "UPDATE `note` SET `version` = {version}, `text` = {text} \
             WHERE `kind` = {kind} AND `id` = {id} AND `version` = {version} - 1"
        )
    }
}

fn note(kind: Kind, row: &Row) -> Result<Note, Trouble> {
    let text = |column| {
        let bytes: Vec<u8> = read::get(row, column)?;
        String::from_utf8(bytes).map_err(|error| trouble::unreadable("read a note", error))
    };
    let (version, at) = (read::unsigned(row, 2)?, Moment(read::get(row, 3)?));
    Ok(Note { kind, id: text(0)?, about: text(1)?, version, at, text: text(4)? })
}
