//! The waiting room as visitors see it: join, poll, leave, the public document, live events.

pub(crate) mod follow;
mod stock;

use crate::ask::{PathId, QUEUE_TOKEN, Reader};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::instant;
use admitone_app::rooms::{Visit, VisitTrouble};
use admitone_app::waiting_room::PublicDocument;
use admitone_domain::KeyHasher;
use admitone_domain::id::RoomId;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use std::hash::Hasher;
use utoipa::ToSchema;

/// A place in the line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PlaceView {
    /// Send it as `queue-token`; while the place is the same, so is the place in the token.
    pub(crate) token: String,
    /// `waiting`, `on_deck` (nearly there: keep asking) or `active` (inside).
    #[schema(example = "waiting")]
    pub(crate) status: &'static str,
    /// The place: given once, never reused.
    pub(crate) place: u64,
    /// How many present users are before it, as far as is known.
    pub(crate) ahead: u64,
    /// The time left as an interval of seconds that holds in six of ten cases; null while there
    /// is too little to go by.
    pub(crate) eta_seconds: Option<[u64; 2]>,
    /// Ask again after so many milliseconds: who does is never overtaken.
    pub(crate) next_poll_ms: u64,
    /// Until when the pass is good, once inside.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
}

impl From<Visit> for PlaceView {
    fn from(visit: Visit) -> Self {
        Self {
            status: visit.status,
            place: visit.place,
            ahead: visit.ahead,
            eta_seconds: visit.eta_seconds,
            next_poll_ms: visit.next_poll_ms,
            expires_at: visit.active_until.map(instant),
            token: visit.token,
        }
    }
}

/// A room as everybody may know it.
#[derive(Debug, Serialize)]
struct RoomView {
    #[serde(flatten)]
    document: PublicDocument,
    #[serde(flatten)]
    stock: stock::StockView,
}

/// Why a visit did not go on.
pub(crate) fn problem(trouble: VisitTrouble) -> Problem {
    match trouble {
        VisitTrouble::NoRoom => Problem::not_found("room"),
        VisitTrouble::Closed => Problem::room_closed(),
        VisitTrouble::Gone => Problem::place_gone(),
        VisitTrouble::Forged => Problem::unauthenticated(),
        VisitTrouble::Trouble(trouble) => trouble.into(),
    }
}

/// Join a room
///
/// One place for each buyer: joining again shows the same one.
#[utoipa::path(
    post, path = "/api/v1/rooms/{id}/places", operation_id = "join_room", tag = "rooms",
    security(("buyer" = [])), params(("id" = String, Path, example = "room_1")),
    responses((status = 201, body = PlaceView), Problems)
)]
pub(crate) async fn join_room(
    State(house): State<House>,
    PathId(room): PathId<RoomId>,
    reader: Reader,
) -> Result<Response<Body>, Problem> {
    let visit = house.rooms.join(room, reader.buyer).await.map_err(problem)?;
    Ok(place(StatusCode::CREATED, visit))
}

/// Poll the place
///
/// Answered from memory; `next_poll_ms` is a promise: who keeps it is never overtaken.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}/place", operation_id = "poll_place", tag = "rooms",
    params(("id" = String, Path, example = "room_1"), ("queue-token" = String, Header)),
    responses((status = 200, body = PlaceView), Problems)
)]
pub(crate) async fn poll_place(
    State(house): State<House>,
    PathId(room): PathId<RoomId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let token = token(&headers)?;
    let visit =
        house.rooms.poll(room, token, Some(jitter(&house, token))).await.map_err(problem)?;
    Ok(place(StatusCode::OK, visit))
}

/// Leave the line or the room
///
/// The place is over; a slot inside is free for the next at once.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{id}/place", operation_id = "leave_room", tag = "rooms",
    security(("buyer" = [])), params(("id" = String, Path, example = "room_1")),
    responses((status = 204), Problems)
)]
pub(crate) async fn leave_room(
    State(house): State<House>,
    PathId(room): PathId<RoomId>,
    reader: Reader,
) -> Result<Response<Body>, Problem> {
    house.rooms.leave(room, reader.buyer).await.map_err(problem)?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Read a room
///
/// The same for everybody, so that any cache may hold it for a second. With `stock`, how many seats
/// and tickets behind it can be held now, and `prices`, the least and the most they cost by currency.
#[utoipa::path(
    get, path = "/api/v1/rooms/{id}", operation_id = "read_room", tag = "rooms",
    params(("id" = String, Path, example = "room_1")),
    responses((status = 200, body = Object), (status = 304), Problems)
)]
pub(crate) async fn read_room(
    State(house): State<House>,
    PathId(room): PathId<RoomId>,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let document = house.rooms.document(room).ok_or_else(|| Problem::not_found("room"))?;
    let whole = RoomView { document, stock: stock::stock(&house, room).await? };
    let mut response = reply::resource(&headers, &whole);
    let cache = HeaderValue::from_static("public, max-age=1");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    Ok(response)
}

/// Spreads those who came in the same instant. Nobody gains by guessing it, so it does not cost a
/// call of the system: it is mixed from the token and the time.
fn jitter(house: &House, token: &str) -> u32 {
    let mut mixed = KeyHasher::default();
    mixed.write_u64(house.office.clock.now().0.unsigned_abs());
    token.bytes().rev().take(8).for_each(|byte| mixed.write_u8(byte));
    u32::try_from(mixed.finish() >> 32).unwrap_or(0)
}

fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let token = headers.get(QUEUE_TOKEN).and_then(|value| value.to_str().ok());
    token.ok_or_else(|| Problem::invalid("send the place's token as header queue-token"))
}

fn place(status: StatusCode, visit: Visit) -> Response<Body> {
    let seconds = visit.next_poll_ms.div_ceil(1_000);
    let mut response = reply::json(status, &PlaceView::from(visit));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
