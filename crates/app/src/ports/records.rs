//! What the house keeps of people: who changed what, and whose account is closed.

use crate::Trouble;
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Happening};
use async_trait::async_trait;

/// Where an event stands in the history: its batch, and its place in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The batch.
    pub batch: u64,
    /// The place in it.
    pub nth: u64,
}

/// A part of the history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// What operators or the house changed, and did to buyers' things.
    pub found: Vec<(Mark, Event)>,
    /// Where older ones begin; `None` when there are none. There may be more even when nothing was
    /// found: a search looks at a bounded part of the history.
    pub next: Option<Mark>,
}

/// Reads what is kept of people.
#[async_trait]
pub trait Records: Send + Sync {
    /// What operators and the house changed before a mark, at most so much.
    async fn changes(&self, before: Option<Mark>, limit: usize) -> Result<Changes, Trouble>;

    /// Buyers whose account is closed.
    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble>;
}

/// Who is said to have made a change: operators begin so, and the house is called so.
pub const MADE_BY: [&str; 2] = ["op_", "house"];

/// Whether an event says what an operator or the house did.
pub fn is_of_staff(event: &Event) -> bool {
    match &event.what {
        Happening::Changed { by } | Happening::Acted { by, .. } => {
            MADE_BY.iter().any(|maker| by.starts_with(maker))
        }
        _ => false,
    }
}
