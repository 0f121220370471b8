//! What things are called in documents, and the commands that are named after it.
//!
//! A room and a concert have the name that people gave them, a show the moment at which it begins, a
//! ticket type its name within the show. No two in a document have one name: who is looked for by it
//! would be found by the order in which they stand, and that changes when one of them is taken out.

use admitone_domain::CommandId;

/// What something is called, with all that it is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    /// What is part of nothing.
    pub(super) const ROOT: Self = Self([0; 32]);

    /// The name of a part that is called so.
    pub(super) fn below(self, kind: &str, called: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(kind.as_bytes()).update(&[0]);
        // It had a number, as long as several could be called the same; what was made then is found.
        hasher.update(called.as_bytes()).update(&1_u32.to_le_bytes());
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
}

impl Names {
    /// The names of a document, which has none yet.
    pub(super) fn of(text: &[u8]) -> Self {
        Self { text: blake3::hash(text), step: 0 }
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
