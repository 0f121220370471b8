//! A line of the logbook, and how it is written.

use crate::ports::notes::{Kind, Mark, Note};
use crate::{Trouble, TroubleKind};
use admitone_domain::Moment;
use serde::{Deserialize, Serialize};

/// A line of the logbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub id: String,
    /// When it was begun.
    pub at: Moment,
    /// Who did it.
    pub by: String,
    /// What was done.
    pub deed: Deed,
    /// To what kind of thing.
    pub target: Target,
    /// To which.
    pub about: String,
    /// Why, in the words of who did it; empty where nothing was said.
    pub why: String,
    /// What came of it.
    pub end: End,
}

/// What came of what is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It goes on, was interrupted or met trouble: nobody knows.
    Open,
    /// It was done.
    Done,
    /// It was not done, for this reason.
    Failed(String),
}

/// Why something was not done, or nobody knows whether it was.
pub trait Unsure {
    /// Whether it may have been done all the same, so that nobody may say that it was not.
    fn is_unsure(&self) -> bool;
}

impl Unsure for Trouble {
    /// A refusal is never trouble: whatever met some may have been done, then or by an earlier try.
    fn is_unsure(&self) -> bool {
        true
    }
}

/// Gives an enum its names, as they are written and told.
macro_rules! named {
    ($(#[$doc:meta])* $kind:ident { $($(#[$about:meta])* $case:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $kind {
            $($(#[$about])* #[serde(rename = $name)] $case,)*
        }

        impl $kind {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$case,)*];

            /// As it is written.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$case => $name,)*
                }
            }
        }
    };
}

named! {
    /// What was done.
    Deed {
        /// An endpoint was made.
        Made = "made",
        /// It was changed, switched off or switched on.
        Changed = "changed",
        /// It was given a new secret.
        Rotated = "rotated",
        /// It was removed with its log.
        Removed = "removed",
        /// A message was sent to try it.
        Tested = "tested",
        /// It was told again what had happened.
        Replayed = "replayed",
        /// Workers take nothing from a queue.
        Paused = "paused",
        /// They take again.
        Resumed = "resumed",
        /// What waited in it was thrown away.
        Drained = "drained",
        /// Workers go on from elsewhere.
        Restarted = "restarted",
        /// A job that was put away is delivered again.
        Retried = "retried",
        /// A job was thrown away.
        Dropped = "dropped",
        /// A notice was sent again.
        SentAgain = "sent_again",
        /// A rehearsal was stopped.
        Stopped = "stopped",
        /// A payment's gateway was asked again.
        AskedAgain = "asked_again",
        /// A reason was given for what was done at the same moment.
        Explained = "explained",
    }
}

named! {
    /// To what kind of thing something was done.
    Target {
        /// An endpoint of webhooks.
        Endpoint = "endpoint",
        /// A queue, or a job in it.
        Queue = "queue",
        /// A reservation.
        Reservation = "reservation",
        /// A payment.
        Payment = "payment",
        /// A buyer's wallet.
        Wallet = "wallet",
        /// A rehearsal.
        Drill = "drill",
        /// A show, and its seats.
        Show = "show",
    }
}

/// What is written of one beside what every note has.
#[derive(Serialize, Deserialize)]
struct Written {
    by: String,
    deed: Deed,
    target: Target,
    why: String,
    end: End,
}

impl Line {
    /// Its place in a list.
    pub fn mark(&self) -> Mark {
        Mark { at: self.at, id: self.id.clone() }
    }

    /// The line of a note.
    pub(super) fn of(note: &Note) -> Result<Self, Trouble> {
        let Written { by, deed, target, why, end } =
            serde_json::from_str(&note.text).map_err(unreadable)?;
        let (id, about) = (note.id.clone(), note.about.clone());
        Ok(Self { id, at: note.at, by, deed, target, about, why, end })
    }

    pub(super) fn note(&self, version: u64) -> Result<Note, Trouble> {
        let Self { id, at, by, deed, target, about, why, end } = self.clone();
        let written = Written { by, deed, target, why, end };
        let text = serde_json::to_string(&written).map_err(unreadable)?;
        Ok(Note { kind: Kind::Log, id, about, version, at, text })
    }
}

fn unreadable(error: impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Inconsistent, "read the logbook", error)
}
