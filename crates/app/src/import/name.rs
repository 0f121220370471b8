//! What things are called in documents, and the commands that are named after it.
//!
//! A room and a concert have the name that people gave them, a show the moment at which it begins, a
//! ticket type its name within the show. Of several with one name in a document the first is the
//! first and the second the second.

use admitone_domain::CommandId;
use std::collections::HashMap;

/// What something is called, with all that it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    /// What is part of nothing.
    pub(super) const ROOT: Self = Self([0; 32]);

    fn below(self, kind: &str, called: &str, number: u32) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(kind.as_bytes()).update(&[0]);
        hasher.update(called.as_bytes()).update(&number.to_le_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    fn command(self) -> CommandId {
        let mut hasher = blake3::Hasher::new();
        id_of(hasher.update(b"import").update(&self.0))
    }
}

fn id_of(hasher: &blake3::Hasher) -> CommandId {
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    CommandId(u128::from_le_bytes(id))
}

/// The names of one document.
pub(super) struct Names {
    text: blake3::Hash,
    /// How many steps were named after the text.
    step: u64,
    /// How many of the same name there were.
    seen: HashMap<Name, u32>,
}

impl Names {
    /// The names of a document, which has none yet.
    pub(super) fn of(text: &[u8]) -> Self {
        Self { text: blake3::hash(text), step: 0, seen: HashMap::new() }
    }

    /// The name of the next thing that is called so.
    pub(super) fn below(&mut self, above: Name, kind: &str, called: &str) -> Name {
        let seen = self.seen.entry(above.below(kind, called, 0)).or_default();
        *seen += 1;
        above.below(kind, called, *seen)
    }

    /// The commands that may have made what has a name: the one of a house that named its steps
    /// after the text, and the one that makes it now.
    pub(super) fn commands(&mut self, name: Name) -> [CommandId; 2] {
        self.step += 1;
        let mut by_text = blake3::Hasher::new();
        by_text.update(self.text.as_bytes()).update(&self.step.to_le_bytes());
        [id_of(&by_text), name.command()]
    }
}
