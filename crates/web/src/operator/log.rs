//! What operators and the house did, newest first.

use super::reservations::ZONE;
use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::Staff;
use admitone_app::ports::records::{Mark, Sought};
use admitone_domain::party::Operator;
use admitone_domain::{Deed, Event, Happening, Key, Moment};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

/// So many on a page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "operator/log.html")]
struct Page {
    frame: Frame,
    lines: Vec<Line>,
    /// Where older ones begin.
    next: Option<String>,
    zone: &'static str,
}

/// Something that was done.
struct Line {
    at: Moment,
    by: String,
    /// The key of the words for it.
    what: &'static str,
    /// The key of the words for what it was done to.
    kind: &'static str,
    id: String,
    /// Where that is looked at.
    path: Option<String>,
    version: u64,
}

/// `GET /operator/log`.
pub(crate) async fn log(
    State(site): State<Site>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let changes = site.records.search(Sought::OfStaff, mark(query.text("before")), PAGE).await?;
    let operators = site.office.reads.operators().await?;
    let lines = changes.found.into_iter().map(|(_, event)| Line::of(&event, &operators)).collect();
    let next = changes.next.map(|mark| format!("{}.{}", mark.batch, mark.nth));
    page(&Page { frame: Frame::new(&site, &staff.visitor), lines, next, zone: ZONE })
}

fn mark(text: &str) -> Option<Mark> {
    let (batch, nth) = text.split_once('.')?;
    Some(Mark { batch: u64::from(batch.parse::<u32>().ok()?), nth: nth.parse().ok()? })
}

impl Line {
    fn of(event: &Event, operators: &[Operator]) -> Self {
        let (by, what) = match &event.what {
            Happening::Acted { by, deed } => (by.as_str(), deed_words(*deed)),
            Happening::Changed { by } => (by.as_str(), "log.changed"),
            _ => ("", "log.changed"),
        };
        let name = operators.iter().find(|operator| operator.id.to_string() == by);
        let by = name.map_or_else(|| by.to_owned(), |known| format!("{} ({by})", known.name));
        let (kind, id, path) = thing(event.aggregate);
        Self { at: event.at, by, what, kind, id, path, version: event.version }
    }
}

fn deed_words(deed: Deed) -> &'static str {
    match deed {
        Deed::Released => "log.released",
        Deed::Cancelled => "log.cancelled",
        Deed::Refunded => "log.refunded",
        Deed::Charged => "log.charged",
        Deed::Reacquired => "log.reacquired",
        Deed::Admitted => "log.admitted",
        Deed::Rehearsed => "log.rehearsed",
    }
}

/// What it was done to: the key of its words, its id, and where it is looked at.
fn thing(key: Key) -> (&'static str, String, Option<String>) {
    let at = |path: &str, id: String| (id.clone(), Some(format!("/operator/{path}{id}")));
    let (kind, (id, path)) = match key {
        Key::Concert(id) => ("log.concert", at("concerts/", id.to_string())),
        Key::Show(id) => ("log.show", at("shows/", id.to_string())),
        Key::Plan(id) => ("log.seats", at("shows/", id.to_string())),
        Key::Room(id) => ("log.room", (id.to_string(), Some(format!("/operator#{id}")))),
        Key::Reservation(id) => ("log.reservation", at("reservations/", id.to_string())),
        Key::Payment(id) => ("log.payment", at("reservations?q=", id.to_string())),
        Key::Wallet(id) => ("log.wallet", at("reservations?q=", id.to_string())),
        Key::Buyer(id) => ("log.buyer", at("reservations?q=", id.to_string())),
        Key::Operator(id) => ("log.operator", (id.to_string(), None)),
        Key::TicketType(id) => ("log.type", (id.to_string(), None)),
        Key::Seat(id) => ("log.seat", (id.to_string(), None)),
        Key::Pass(pass) => ("log.pass", (pass.room.to_string(), None)),
        Key::Quota(show, _) => ("log.show", at("shows/", show.to_string())),
    };
    (kind, id, path)
}
