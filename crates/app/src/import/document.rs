//! The import document, as people write it.

use admitone_domain::show::Attribute;
use serde::{Deserialize, Serialize};

/// The most seats of one block.
pub(super) const SEATS_MAX: u32 = 100_000;
/// The most seats of one document.
pub(super) const ALL_SEATS_MAX: u64 = 1_000_000;

/// A whole programme.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Waiting rooms; shows name them.
    #[serde(default)]
    pub rooms: Vec<RoomPlan>,
    /// Concerts.
    #[serde(default)]
    pub concerts: Vec<ConcertPlan>,
}

/// A waiting room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomPlan {
    /// Its name, by which the shows of the document know it.
    pub name: String,
    /// Its settings; what is left out has its default.
    #[serde(default = "empty")]
    pub settings: serde_json::Value,
}

fn empty() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

/// A concert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConcertPlan {
    /// Its title.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Where it is.
    #[serde(default)]
    pub venue: String,
    /// ISO 4217.
    #[serde(default = "won")]
    pub currency: String,
    /// Its shows.
    #[serde(default)]
    pub shows: Vec<ShowPlan>,
}

fn won() -> String {
    "KRW".to_owned()
}

/// A show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShowPlan {
    /// When it begins, RFC 3339.
    pub opens_at: String,
    /// When it ends, RFC 3339.
    pub closes_at: String,
    /// From when seats can be held, RFC 3339.
    pub booking_opens_at: String,
    /// Until when seats can be held, RFC 3339.
    pub booking_closes_at: String,
    /// IANA name of the venue's zone.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Most items of one reservation; 10 when left out.
    pub per_reservation_max: Option<u32>,
    /// Most items of one buyer; no limit when left out.
    pub per_buyer_max: Option<u32>,
    /// How long a hold lasts, in seconds; 300 when left out.
    pub hold_seconds: Option<u64>,
    /// How often a hold may be extended; 2 when left out.
    pub extensions_max: Option<u32>,
    /// The waiting room in front of it: its name in this document, or the id of one that exists.
    pub room: Option<String>,
    /// Until when wheelchair spaces and companion seats are handed out to nobody who did not ask for them,
    /// RFC 3339; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<String>,
    /// Blocks of seats, the best first.
    #[serde(default)]
    pub seats: Vec<SeatsPlan>,
    /// Ticket types.
    #[serde(default)]
    pub ticket_types: Vec<TicketTypePlan>,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Neighbouring seats of one price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeatsPlan {
    /// Section.
    pub section: String,
    /// Row.
    pub row: String,
    /// First and last number.
    pub numbers: [u32; 2],
    /// What each costs, in minor units.
    pub price: i64,
    /// What each is: `wheelchair`, `companion` or `restricted_view`; nothing when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<Attribute>,
}

/// A ticket type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketTypePlan {
    /// Its name.
    pub name: String,
    /// What one costs, in minor units.
    pub price: i64,
    /// How many there are.
    pub quantity: u32,
}
