//! What operators and the house did, newest first.

use super::reservations::ZONE;
use crate::frame::{Frame, page};
use crate::language::Language;
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::Staff;
use admitone_app::logbook::{self, End, Entry, LogCursor, LogPage, Target};
use admitone_domain::party::Operator;
use admitone_domain::{Actor, Deed, Event, Happening, Key, Moment};
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
    version: Option<u64>,
    why: String,
    end: End,
}

/// `GET /operator/log`.
pub(crate) async fn log(
    State(site): State<Site>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let from = query.text("before").parse().unwrap_or_default();
    let LogPage { entries, next } = site.log.page(from, PAGE).await?;
    let operators = site.office.reads.operators().await?;
    let language = staff.visitor.language;
    let lines = entries.into_iter().map(|entry| Line::of(language, entry, &operators)).collect();
    let next = next.as_ref().map(LogCursor::to_string);
    page(&Page { frame: Frame::new(&site, &staff.visitor), lines, next, zone: ZONE })
}

impl Line {
    fn of(language: Language, entry: Entry, operators: &[Operator]) -> Self {
        match entry {
            Entry::Event(event) => Self::of_row(language, &event, operators),
            Entry::Line(line) => Self::of_line(language, line, operators),
        }
    }

    fn of_row(language: Language, event: &Event, operators: &[Operator]) -> Self {
        let (by, what) = match &event.what {
            Happening::Acted { by, deed } => (by.as_str(), deed_words(*deed)),
            Happening::Changed { by } => (by.as_str(), "log.changed"),
            _ => ("", "log.changed"),
        };
        let (kind, id, path) = thing(event.aggregate);
        let (by, version) = (named(language, by, operators), Some(event.version));
        Self { at: event.at, by, what, kind, id, path, version, why: String::new(), end: End::Done }
    }

    fn of_line(language: Language, line: logbook::Line, operators: &[Operator]) -> Self {
        let logbook::Line { at, by, deed, target, about: id, why, end, .. } = line;
        let (kind, path) = place(target, &id);
        let (by, what) = (named(language, &by, operators), line_words(deed));
        Self { at, by, what, kind, id, path, version: None, why, end }
    }
}

/// Whom people call what.
pub(crate) fn named(language: Language, by: &str, operators: &[Operator]) -> String {
    if by == Actor::House.to_string() {
        return language.say("timeline.the_house").to_owned();
    }
    let known = operators.iter().find(|operator| operator.id.to_string() == by);
    known.map_or_else(|| by.to_owned(), |known| format!("{} ({by})", known.name))
}

/// The key of the words for what was done to what is no row.
pub(crate) fn line_words(deed: logbook::Deed) -> &'static str {
    use logbook::Deed;
    match deed {
        Deed::Made => "log.made",
        Deed::Changed => "log.changed",
        Deed::Rotated => "log.rotated",
        Deed::Removed => "log.removed",
        Deed::Tested => "log.tested",
        Deed::Replayed => "log.replayed",
        Deed::Paused => "log.paused",
        Deed::Resumed => "log.resumed",
        Deed::Drained => "log.drained",
        Deed::Restarted => "log.restarted",
        Deed::Retried => "log.retried",
        Deed::Dropped => "log.dropped",
        Deed::SentAgain => "log.sent_again",
        Deed::Stopped => "log.stopped",
        Deed::AskedAgain => "log.asked_again",
        Deed::Explained => "log.explained",
    }
}

/// The key of the words for a kind of thing, and where one is looked at.
fn place(target: Target, id: &str) -> (&'static str, Option<String>) {
    match target {
        Target::Endpoint => ("log.endpoint", Some(format!("/operator/webhooks/{id}"))),
        Target::Queue => ("log.queue", Some("/operator/queues".to_owned())),
        Target::Reservation => ("log.reservation", Some(format!("/operator/reservations/{id}"))),
        Target::Payment => ("log.payment", Some(format!("/operator/reservations?q={id}"))),
        Target::Wallet => ("log.wallet", Some(format!("/operator/wallets/{id}"))),
        Target::Show => ("log.show", Some(format!("/operator/shows/{id}"))),
        Target::Drill => ("log.drill", Some("/operator/drill".to_owned())),
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
        Deed::Reseated => "log.reseated",
        Deed::Withdrew => "log.withdrew",
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
        Key::Wallet(id) => ("log.wallet", at("wallets/", id.to_string())),
        Key::Buyer(id) => ("log.buyer", at("reservations?q=", id.to_string())),
        Key::Operator(id) => ("log.operator", (id.to_string(), None)),
        Key::TicketType(id) => ("log.type", (id.to_string(), None)),
        Key::Seat(id) => ("log.seat", (id.to_string(), None)),
        Key::Pass(pass) => ("log.pass", (pass.room.to_string(), None)),
        Key::Quota(show, _) => ("log.show", at("shows/", show.to_string())),
    };
    (kind, id, path)
}
