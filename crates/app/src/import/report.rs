//! What an import came to.

use crate::Trouble;
use admitone_domain::Refusal;
use serde::Serialize;
use std::fmt;

/// What an import made and found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    /// Rooms, in their order.
    pub rooms: Vec<String>,
    /// Concerts, in their order.
    pub concerts: Vec<ImportedConcert>,
    /// How much was made.
    pub added: Count,
    /// How much was there before, and stays as it is.
    pub found: Count,
    /// Where what was there is not what the document says, and what of it the document does not
    /// name; in words for people.
    pub differences: Vec<String>,
}

impl Imported {
    /// Where something is counted that was there, or was made.
    pub(super) fn count(&mut self, was_there: bool) -> &mut Count {
        if was_there { &mut self.found } else { &mut self.added }
    }
}

/// How much of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Waiting rooms.
    pub rooms: u64,
    /// Concerts.
    pub concerts: u64,
    /// Shows.
    pub shows: u64,
    /// Seats.
    pub seats: u64,
    /// Ticket types.
    pub ticket_types: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rooms, concerts, shows, seats, ticket_types } = self;
        let kinds = [
            (rooms, "rooms"),
            (concerts, "concerts"),
            (shows, "shows"),
            (seats, "seats"),
            (ticket_types, "ticket types"),
        ];
        let some = kinds.iter().filter(|(count, _)| **count > 0);
        let said: Vec<_> = some.map(|(count, kind)| format!("{count} {kind}")).collect();
        f.write_str(if said.is_empty() { "nothing" } else { "" })?;
        f.write_str(&said.join(", "))
    }
}

/// A concert of the document.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedConcert {
    /// Its id.
    pub id: String,
    /// Its shows, in their order.
    pub shows: Vec<ImportedShow>,
}

/// A show of the document.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedShow {
    /// Its id.
    pub id: String,
    /// For each block of seats the first and the last id.
    pub seats: Vec<[String; 2]>,
    /// Its ticket types.
    pub ticket_types: Vec<String>,
}

/// Why an import stopped. A mistake in the document is told before anything is made; what was made
/// before the store was in trouble, or a rule refused, stays, and the same document again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportTrouble {
    /// Something in the document is wrong.
    #[error("{place}: {what}")]
    Document {
        /// Where in the document.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A rule refused a step.
    #[error("{place}: {refusal}")]
    Refused {
        /// Where in the document.
        place: String,
        /// Why.
        refusal: Refusal,
    },
    /// The store is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}
