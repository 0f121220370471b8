//! The notes of the in-memory store: the model of the others'.

use super::store::MemoryStore;
use crate::Trouble;
use crate::ports::notes::{Kind, Mark, Note, Notes};
use admitone_domain::Moment;
use async_trait::async_trait;

#[async_trait]
impl Notes for MemoryStore {
    async fn put_notes(&self, notes: &[Note]) -> Result<Vec<String>, Trouble> {
        let mut state = self.lock();
        let mut kept = Vec::new();
        for note in notes {
            let key = (note.kind, note.id.clone());
            let known = state.notes.get(&key).map_or(0, |known| known.version);
            if note.version == known + 1 {
                kept.push(note.id.clone());
                state.notes.insert(key, note.clone());
            }
        }
        Ok(kept)
    }

    async fn notes(&self, kind: Kind, ids: &[String]) -> Result<Vec<Note>, Trouble> {
        let state = self.lock();
        let found = ids.iter().filter_map(|id| state.notes.get(&(kind, id.clone())));
        Ok(found.cloned().collect())
    }

    async fn notes_about(
        &self,
        kind: Kind,
        about: Option<&str>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Note>, Trouble> {
        let state = self.lock();
        let is_behind =
            |note: &&Note| behind.is_none_or(|mark| (note.at, &note.id) < (mark.at, &mark.id));
        let of_kind = state.notes.values().filter(|note| note.kind == kind);
        let wanted = of_kind.filter(|note| about.is_none_or(|about| note.about == about));
        let mut found: Vec<Note> = wanted.filter(is_behind).cloned().collect();
        found.sort_by(|one, next| (next.at, &next.id).cmp(&(one.at, &one.id)));
        found.truncate(limit);
        Ok(found)
    }

    async fn drop_notes(&self, kind: Kind, before: Moment) -> Result<(), Trouble> {
        self.lock().notes.retain(|_, note| note.kind != kind || before <= note.at);
        Ok(())
    }
}
