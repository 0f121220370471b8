//! What operators change, whichever way they ask: the API's JSON and the forms of the pages come to
//! the same fields, and the fields to the same commands.
//!
//! Nothing is decided here: what is malformed is refused, what is left out is filled in from the
//! row as it is, and the command says which version that was.

mod concert;
mod dial;
mod inbox;
mod key;
mod optional;
mod show;
mod stock;

pub use concert::{ConcertFields, change_concert, create_concert};
pub use dial::{Dial, RoomChange, change_room, create_room, dial, paced, turned};
pub use inbox::{InboxKind, reacquire, refund};
pub use key::{create_key, operator_name, refuse_key};
pub use optional::Optional;
pub use show::{ShowFields, change_show, create_show};
pub(crate) use stock::adding;
pub use stock::{
    BlockFields, SeatsFields, TicketTypeFields, add_seats, change_seats, change_ticket_type,
    create_ticket_type, keep_seats,
};

use crate::Trouble;
use admitone_domain::Refusal;

/// Why a change does not become a command.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unfit {
    /// A field cannot be what was said.
    #[error("{0}")]
    Field(String),
    /// What is to be changed is not there.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// A rule refuses it before it is asked for.
    #[error("{0}")]
    Refused(Refusal),
    /// The store is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn field(text: impl Into<String>) -> Unfit {
    Unfit::Field(text.into())
}

/// The version a change is made on: the one that is demanded, else the one that was read. An older
/// one is for the command to refuse, because it may be a repetition of what was answered.
fn base(expected: Option<u64>, read: u64) -> Result<u64, Unfit> {
    match expected {
        // What was read would be written over something newer.
        Some(expected) if expected > read => Err(Refusal::VersionConflict { version: read }.into()),
        Some(expected) => Ok(expected),
        None => Ok(read),
    }
}

/// Refuses a name of nothing but blanks.
fn not_blank(name: &str, text: Option<&String>) -> Result<(), Unfit> {
    match text {
        Some(text) if text.trim().is_empty() => Err(field(format!("`{name}` must not be empty"))),
        Some(_) | None => Ok(()),
    }
}
