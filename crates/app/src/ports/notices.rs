//! Notices to buyers: what they are told without asking.

use crate::Trouble;
use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, ReservationId};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Takes notices to where buyers read them, or to whoever sends them there.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Sends notices; answers what became of each when that is durable there. One whose id was sent
    /// before is passed over, and counts as taken: writing it down and sending it are one act.
    ///
    /// # Errors
    /// Some were not taken now, and may be later: all are sent again.
    async fn send(&self, notices: &[Notice]) -> Result<Vec<Fate>, Trouble>;

    /// Whether they can be sent, for the doctor.
    async fn check(&self) -> Result<(), Trouble>;
}

/// What became of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Whoever sends it has it.
    Taken,
    /// It will never be taken: the number with which that was answered.
    Refused(u16),
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The id of the event it tells of.
    pub id: String,
    /// What it is about.
    pub what: Subject,
    /// To whom.
    pub buyer: BuyerId,
    /// Of which reservation, if of one.
    pub reservation: Option<ReservationId>,
    /// When it happened.
    pub at: Moment,
    /// In English.
    pub english: Text,
    /// In Korean.
    pub korean: Text,
}

impl Notice {
    /// As others read it.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "what": self.what,
            "buyer": self.buyer.to_string(),
            "reservation": self.reservation.map(|id| id.to_string()),
            "at": self.at.to_string(),
            "en": self.english,
            "ko": self.korean,
        })
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Tickets are the buyer's.
    Confirmed,
    /// A hold ended unpaid.
    Expired,
    /// Money went back.
    Refunded,
    /// Staff gave an item another seat.
    Reseated,
}

impl Subject {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
            Self::Reseated => "reseated",
        }
    }
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// One line.
    pub title: String,
    /// A few lines.
    pub body: String,
}
