//! A concert: what is sold, on one date or many.

use crate::id::ConcertId;
use crate::{Currency, Moment};
use serde::{Deserialize, Serialize};

/// A concert as people look for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concert {
    /// Its id.
    pub id: ConcertId,
    /// What people search for.
    pub title: String,
    /// One word for the kind, such as `rock`; the lists go by it.
    pub category: String,
    /// Where it is.
    pub venue: String,
    /// The currency of all its prices.
    pub currency: Currency,
    /// When its first show begins; [`Moment::MAX`] while it has none. Kept with the shows, so
    /// that the soonest can be listed by one index.
    pub first_at: Moment,
    /// When its last show begins; [`Moment::MIN`] while it has none.
    pub last_at: Moment,
}
