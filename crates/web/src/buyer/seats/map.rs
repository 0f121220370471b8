//! The seats for the map: all of them once, small, and then what changes, a few times a second.

use super::may_look;
use crate::assets::{gzip, takes_gzip};
use crate::buyer::line::show_id;
use crate::facts::Stock;
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use crate::words;
use admitone_app::board::{Board, SeatMark, SeatView, Snapshot};
use admitone_domain::id::{SeatId, ShowId};
use admitone_domain::show::{Attribute, SeatBlock, SeatPlan};
use admitone_domain::{Currency, Moment};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use flate2::Compression;
use futures_util::StreamExt;
use serde::Serialize;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

/// At most four events a second, whatever happens; the first after a pause at once.
const PAUSE_MS: u64 = 250;
/// So many shows are kept.
const KEPT_MAX: usize = 256;

/// The whole map.
#[derive(Serialize)]
struct MapView {
    version: String,
    /// Prices in words, the dearest first: a class is a place in this list.
    classes: Vec<String>,
    /// Until when spaces for wheelchairs and the seats beside them are kept, in milliseconds since 1970;
    /// left out where that is always.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_until: Option<i64>,
    sections: Vec<SectionView>,
}

/// A section with its rows, in the order of the plan.
#[derive(Serialize)]
struct SectionView {
    name: String,
    rows: Vec<RowView>,
}

/// Neighbours: the name of the row, the first number, the first id, and for each seat a letter of
/// its state and one of its class.
#[derive(Serialize)]
struct RowView {
    name: String,
    first: u32,
    id: u64,
    marks: String,
    classes: String,
    /// A letter of what is said of each seat, where anything is said of one.
    #[serde(skip_serializing_if = "String::is_empty")]
    signs: String,
}

/// What changed: the number of a seat's id and the letter of its state.
#[derive(Serialize)]
struct Changed {
    version: String,
    changed: Vec<(u64, char)>,
}

/// Maps as they were sent last, by show: a crowd has them made once.
#[derive(Default)]
pub(crate) struct Maps(Mutex<HashMap<ShowId, Kept>>);

/// When it was made, of which version, and what was sent.
type Kept = (Moment, u64, Arc<Sent>);

/// A map as bytes.
struct Sent {
    plain: Bytes,
    gzip: Bytes,
}

/// `GET /shows/{id}/map`.
pub(crate) async fn map(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    may_look(&site, &visitor, show).await?;
    let sent = sent(&site, show, visitor.now).await?;
    let is_small = takes_gzip(&headers);
    let body = if is_small { sent.gzip.clone() } else { sent.plain.clone() };
    let mut response = Response::new(Body::from(body));
    let lines = response.headers_mut();
    lines.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if is_small {
        lines.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// The newest map that there is, made at most four times a second.
async fn sent(site: &Site, show: ShowId, now: Moment) -> Result<Arc<Sent>, Oops> {
    let board = site.office.boards.board(show).await?;
    let newest = *board.follow().borrow();
    let known = {
        let maps = site.maps().0.lock().unwrap_or_else(PoisonError::into_inner);
        maps.get(&show).map(|(at, version, sent)| (*at, *version, Arc::clone(sent)))
    };
    if let Some((at, version, sent)) = known
        && (version == newest || now.ms_since(at) < PAUSE_MS)
    {
        return Ok(sent);
    }
    let currency = site.show(show).await?.currency;
    let made = tokio::task::spawn_blocking(move || made(&board.snapshot(), currency)).await;
    let (version, made) = made.map_err(|_| Oops::inside())?;
    let made = Arc::new(made);
    let mut maps = site.maps().0.lock().unwrap_or_else(PoisonError::into_inner);
    if maps.len() >= KEPT_MAX {
        maps.clear();
    }
    maps.insert(show, (now, version, Arc::clone(&made)));
    Ok(made)
}

fn made(snapshot: &Snapshot, currency: Currency) -> (u64, Sent) {
    let plain = Bytes::from(serde_json::to_vec(&view(snapshot, currency)).unwrap_or_default());
    let gzip = gzip(&plain, Compression::fast());
    (snapshot.version, Sent { plain, gzip })
}

fn view(snapshot: &Snapshot, currency: Currency) -> MapView {
    let stock = Stock::of(snapshot);
    let marks: HashMap<SeatId, &SeatView> =
        snapshot.seats.iter().map(|seat| (seat.id, seat)).collect();
    let class = |seat: &&SeatView| {
        let found = stock.classes.iter().position(|class| class.price == seat.price).unwrap_or(0);
        char::from_digit(u32::try_from(found % 36).unwrap_or(0), 36).unwrap_or('0')
    };
    let mut sections: Vec<SectionView> = Vec::new();
    for block in &snapshot.plan.blocks {
        let seats: Vec<Option<&&SeatView>> = block.seats().map(|id| marks.get(&id)).collect();
        let row = RowView {
            name: block.row.clone(),
            first: block.first_number,
            id: block.first_seat.0,
            marks: seats.iter().map(|seat| seat.map_or('b', |seat| letter(seat.mark))).collect(),
            classes: seats.iter().map(|seat| seat.map_or('0', class)).collect(),
            signs: signs(&snapshot.plan, block),
        };
        match sections.iter_mut().find(|section| section.name == block.section) {
            Some(section) => section.rows.push(row),
            None => sections.push(SectionView { name: block.section.clone(), rows: vec![row] }),
        }
    }
    let classes = stock.classes.iter().map(|class| words::money(class.price, currency)).collect();
    let kept_until = snapshot.plan.kept_until.map(|until| until.0 / 1_000);
    MapView { version: version(snapshot), classes, kept_until, sections }
}

/// What is said of the seats of a block; nothing where nothing is.
fn signs(plan: &SeatPlan, block: &SeatBlock) -> String {
    if plan.attributes.is_empty() {
        return String::new();
    }
    let sign = |id| match plan.attribute(id) {
        None => '-',
        Some(Attribute::Wheelchair) => 'w',
        Some(Attribute::Companion) => 'c',
        Some(Attribute::RestrictedView) => 'r',
    };
    let signs: String = block.seats().map(sign).collect();
    if signs.bytes().all(|sign| sign == b'-') { String::new() } else { signs }
}

fn version(snapshot: &Snapshot) -> String {
    format!("{:x}-{}", snapshot.epoch, snapshot.version)
}

fn letter(mark: SeatMark) -> char {
    match mark {
        SeatMark::Free => 'f',
        SeatMark::Held => 'h',
        SeatMark::Sold => 's',
        SeatMark::Blocked => 'b',
    }
}

struct Followed {
    site: Site,
    visitor: Visitor,
    show: ShowId,
    board: Arc<Board>,
    /// The last version that was sent.
    seen: (u64, u64),
    sent: Moment,
    is_over: bool,
}

/// `GET /shows/{id}/map/events/{version}`: what changes from a version on. One that is not known
/// any more is told to come again for the whole.
pub(crate) async fn follow(
    State(site): State<Site>,
    Path((id, version)): Path<(String, String)>,
    visitor: Visitor,
) -> Result<impl IntoResponse, Oops> {
    let show = show_id(&id)?;
    may_look(&site, &visitor, show).await?;
    let board = site.office.boards.board(show).await?;
    let seen = version_of(&version).ok_or_else(Oops::not_found)?;
    let closing = site.closing.clone().cancelled_owned();
    let (sent, is_over) = (Moment::MIN, false);
    let start = Followed { site, visitor, show, board, seen, sent, is_over };
    let events = futures_util::stream::unfold(start, next).take_until(closing);
    Ok(Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::default()))
}

async fn next(mut followed: Followed) -> Option<(Event, Followed)> {
    if followed.is_over {
        return None;
    }
    let mut news = followed.board.follow();
    let (epoch, version) = followed.seen;
    if followed.board.since(epoch, version).is_some() {
        news.wait_for(|newest| *newest > version).await.ok()?;
    }
    let clock = Arc::clone(&followed.site.office.clock);
    let since_ms = clock.now().ms_since(followed.sent);
    if since_ms < PAUSE_MS {
        clock.sleep_ms(PAUSE_MS - since_ms).await;
    }
    followed.sent = clock.now();
    // A pass may have ended since: who is outside is told so and nothing more.
    if followed.is_outside().await {
        followed.is_over = true;
        return Some((Event::default().event("outside").data(""), followed));
    }
    let Some(changed) = followed.board.since(epoch, version) else {
        followed.is_over = true;
        return Some((Event::default().event("again").data(""), followed));
    };
    followed.seen = (changed.epoch, changed.version);
    let seats = changed.seats.iter().map(|seat| (seat.id.0, letter(seat.mark))).collect();
    let body = Changed { version: self::version(&changed), changed: seats };
    let text = serde_json::to_string(&body).ok()?;
    Some((Event::default().event("changed").data(text), followed))
}

impl Followed {
    async fn is_outside(&self) -> bool {
        let Ok(Some(room)) = super::room_of(&self.site, self.show).await else { return false };
        let Some(buyer) = self.visitor.buyer else { return true };
        let token = self.visitor.place(room);
        let Ok(admission) = self.site.rooms.admission(room, token, buyer).await else {
            return false;
        };
        match admission {
            super::Admission::Pass { good_until, .. } => good_until <= self.sent,
            super::Admission::None | super::Admission::Waiting { .. } => true,
            super::Admission::Bypass { .. } | super::Admission::Staff => false,
        }
    }
}

fn version_of(text: &str) -> Option<(u64, u64)> {
    let (epoch, version) = text.split_once('-')?;
    Some((u64::from_str_radix(epoch, 16).ok()?, version.parse().ok()?))
}
