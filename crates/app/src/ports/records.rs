//! What the house keeps of people: who changed what, and whose account is closed.

use crate::Trouble;
use admitone_domain::id::BuyerId;
use admitone_domain::{Event, Happening, Key};
use async_trait::async_trait;

/// Where an event stands in the history: its batch, and its place in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The batch.
    pub batch: u64,
    /// The place in it.
    pub nth: u64,
}

/// Which events of the history are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought<'a> {
    /// What operators or the house did.
    OfStaff,
    /// What happened to any of these.
    About(&'a [Key]),
}

impl Sought<'_> {
    /// Whether an event is one of them.
    pub fn is(self, event: &Event) -> bool {
        match self {
            Self::OfStaff => is_of_staff(event),
            Self::About(keys) => keys.contains(&event.aggregate),
        }
    }

    /// Bytes of which a stored event that is sought has some, given how its key is stored: most
    /// events need not be decoded. Those of a key may stand elsewhere too; [`Sought::is`] says it
    /// for sure.
    pub fn marks<E>(self, stored: impl Fn(&Key) -> Result<Vec<u8>, E>) -> Result<Vec<Vec<u8>>, E> {
        match self {
            Self::OfStaff => Ok(MADE_BY.map(|maker| maker.as_bytes().to_vec()).into()),
            Self::About(keys) => keys.iter().map(stored).collect(),
        }
    }
}

/// A part of the history, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// What was found, such as what operators or the house changed, and did to buyers' things.
    pub found: Vec<(Mark, Event)>,
    /// Where older ones begin; `None` when there are none. There may be more even when nothing was
    /// found: a search looks at a bounded part of the history.
    pub next: Option<Mark>,
}

/// Reads what is kept of people.
///
/// # Behavior
/// - `what_staff_did_is_found_newest_first`: operators and the house; what buyers did is not.
/// - `what_happened_to_one_thing_is_found_and_nothing_else`: newest first; the cursor continues
///   exactly.
#[async_trait]
pub trait Records: Send + Sync {
    /// What is sought and happened before a mark, at most so much.
    async fn search(
        &self,
        sought: Sought<'_>,
        before: Option<Mark>,
        limit: usize,
    ) -> Result<Changes, Trouble>;

    /// Buyers whose account is closed.
    async fn closed_accounts(&self) -> Result<Vec<BuyerId>, Trouble>;
}

/// Who is said to have made a change: operators begin so, and the house is called so.
const MADE_BY: [&str; 2] = ["op_", "house"];

/// Whether an event says what an operator or the house did.
fn is_of_staff(event: &Event) -> bool {
    match &event.what {
        Happening::Changed { by } | Happening::Acted { by, .. } => {
            MADE_BY.iter().any(|maker| by.starts_with(maker))
        }
        _ => false,
    }
}
