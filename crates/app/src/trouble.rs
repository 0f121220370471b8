//! Trouble: something went wrong outside the rules. It says whether to try again; it is never an
//! answer, and a refusal is never trouble.

use crate::lane::Lane;
use std::fmt;

/// Something went wrong outside the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// What was being done.
    pub operation: &'static str,
    /// What was said about it; for the log, never for the buyer.
    pub detail: String,
}

/// What kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// Somebody else changed a row first: load and decide again.
    Conflict,
    /// The fencing token is not the newest any more: whoever holds it must stop.
    Fenced,
    /// Too much is waiting: come back later.
    Busy,
    /// The store cannot be reached or cannot write: come back later.
    Unavailable,
    /// The store contradicts itself: a person must look.
    Inconsistent,
    /// A command came by a lane that is not its own, and nothing of it is written: it must be handed over to this one.
    Astray(Lane),
}

impl Trouble {
    /// Trouble of a kind in an operation.
    pub fn new(kind: TroubleKind, operation: &'static str, detail: impl fmt::Display) -> Self {
        Self { kind, operation, detail: detail.to_string() }
    }

    /// Whether the same may go well later.
    pub fn is_temporary(&self) -> bool {
        match self.kind {
            TroubleKind::Conflict | TroubleKind::Busy | TroubleKind::Unavailable => true,
            TroubleKind::Fenced | TroubleKind::Inconsistent | TroubleKind::Astray(_) => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {}: {}", self.kind, self.operation, self.detail)
    }
}

impl std::error::Error for Trouble {}
