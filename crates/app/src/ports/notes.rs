//! Notes: what the house writes down about itself where the rows are, so that every instance reads it
//! and none has to be asked. Nothing that decides who has a seat or what is owed.

use crate::Trouble;
use admitone_domain::Moment;
use async_trait::async_trait;

/// Keeps notes.
///
/// # Behavior
/// - `a_note_is_kept_and_changed_by_one_at_a_time`: who changes what he read finds it as he read it,
///   or changes nothing.
/// - `notes_are_listed_the_newest_first`: those of a kind, about one thing or about anything, behind
///   a mark.
/// - `old_notes_of_a_kind_are_dropped`: those from before a moment and no others.
#[async_trait]
pub trait Notes: Send + Sync {
    /// Keeps those notes whose version is one above that which is kept, 1 for a new one; the ids of
    /// those that were kept.
    async fn put_notes(&self, notes: &[Note]) -> Result<Vec<String>, Trouble>;

    /// Those of these notes that are kept, in any order.
    async fn notes(&self, kind: Kind, ids: &[String]) -> Result<Vec<Note>, Trouble>;

    /// Notes of a kind, the newest first, at most `limit`: about one thing, or about anything.
    async fn notes_about(
        &self,
        kind: Kind,
        about: Option<&str>,
        behind: Option<&Mark>,
        limit: usize,
    ) -> Result<Vec<Note>, Trouble>;

    /// Drops notes of a kind from before a moment.
    async fn drop_notes(&self, kind: Kind, before: Moment) -> Result<(), Trouble>;
}

/// What a note tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// What became of a notice to a buyer.
    Notice,
    /// How a rehearsal is.
    Rehearsal,
    /// What came of a rehearsal, in full.
    Report,
    /// Whose turn it is to rehearse.
    Turn,
    /// What an operator did that changed no row.
    Log,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Notice, Self::Rehearsal, Self::Report, Self::Turn, Self::Log];

    /// As stores write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Rehearsal => "rehearsal",
            Self::Report => "report",
            Self::Turn => "turn",
            Self::Log => "log",
        }
    }
}

/// Something that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it tells of.
    pub kind: Kind,
    /// Its name: no other of its kind has it. At most 255 bytes.
    pub id: String,
    /// What it is about, such as a reservation's id; empty where that is nothing.
    pub about: String,
    /// Grows with every change.
    pub version: u64,
    /// When it was written first. It is listed by this, and never changes it.
    pub at: Moment,
    /// What it says; its owner knows how to read it.
    pub text: String,
}

/// A place in a list of notes: behind the note of this moment and this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its moment.
    pub at: Moment,
    /// Its name.
    pub id: String,
}

impl Note {
    /// Its place in a list.
    pub fn mark(&self) -> Mark {
        Mark { at: self.at, id: self.id.clone() }
    }
}
