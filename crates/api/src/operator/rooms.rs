//! The dial of a waiting room: create it, look at it, change it while it runs.

use super::{SavedView, operate};
use crate::ask::{PathId, PathText, Staff, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use admitone_app::operating::{self, Dial};
use admitone_domain::id::RoomId;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A new room.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomRequest {
    /// What people call it.
    #[schema(min_length = 1)]
    pub(crate) name: String,
    /// Its settings; what is left out has its default.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) settings: serde_json::Map<String, Value>,
}

/// What changes of a room; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomChange {
    /// What people call it.
    #[schema(min_length = 1)]
    pub(crate) name: Option<String>,
    /// Settings to change.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) settings: serde_json::Map<String, Value>,
}

/// A room as operators see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RoomView {
    /// Its id.
    pub(crate) id: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its version; send it as `If-Match` with the next change.
    pub(crate) version: u64,
    /// Its settings, all of them.
    #[schema(value_type = Object)]
    pub(crate) settings: Value,
    /// How it stands now.
    #[schema(value_type = Object)]
    pub(crate) state: Value,
}

/// Create a room
#[utoipa::path(
    post, path = "/api/v1/operator/rooms", operation_id = "create_room", tag = "operator",
    security(("operator" = [])), request_body = RoomRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = SavedView), Problems)
)]
pub(crate) async fn create_room(
    State(house): State<House>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let RoomRequest { name, settings } = ask.body()?;
    let create = operating::create_room(&house.office, name, settings).await?;
    operate(&house, &ask.named, create, StatusCode::CREATED).await
}

/// Look at a room
#[utoipa::path(
    get, path = "/api/v1/operator/rooms/{id}", operation_id = "read_room_dial", tag = "operator",
    security(("operator" = [])), params(("id" = String, Path, example = "room_1")),
    responses((status = 200, body = RoomView), (status = 304), Problems)
)]
pub(crate) async fn read_room_dial(
    State(house): State<House>,
    PathId(id): PathId<RoomId>,
    _staff: Staff,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let found = operating::dial(&house.office, id).await?;
    let Dial { version, name, settings } = found.ok_or_else(|| Problem::not_found("room"))?;
    let state = serde_json::to_value(house.rooms.document(id)).unwrap_or_default();
    let view = RoomView { id: id.to_string(), name, version, settings, state };
    Ok(reply::resource(&headers, &view))
}

/// Turn the dial
///
/// It works at once; lowering a limit puts nobody out.
#[utoipa::path(
    patch, path = "/api/v1/operator/rooms/{id}", operation_id = "change_room", tag = "operator",
    security(("operator" = [])), request_body = RoomChange,
    params(
        ("id" = String, Path, example = "room_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn change_room(
    State(house): State<House>,
    PathId(id): PathId<RoomId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let RoomChange { name, settings } = ask.body()?;
    turn(&house, id, &ask, operating::RoomChange { name, settings }).await
}

/// Pause, resume, drain or close a room
///
/// `pause` keeps every place and admits nobody, `resume` opens again, `drain` gives no new
/// places, `close` does neither.
#[utoipa::path(
    post, path = "/api/v1/operator/rooms/{id}/actions/{action}", operation_id = "act_on_room",
    tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "room_1"),
        ("action" = String, Path, description = "pause, resume, drain, close or bypass", example = "pause"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
    ),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn act_on_room(
    State(house): State<House>,
    PathText((id, action)): PathText<(String, String)>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let id: RoomId = id.parse().map_err(|_| Problem::not_found("room"))?;
    let change = operating::turned(&action, house.office.clock.now());
    turn(&house, id, &ask, change.ok_or_else(|| Problem::not_found("action"))?).await
}

async fn turn(
    house: &House,
    id: RoomId,
    ask: &StaffAsk,
    change: operating::RoomChange,
) -> Result<Response<Body>, Problem> {
    let expected = ask.expected_version()?;
    let change = operating::change_room(&house.office, id, change, expected).await?;
    operate(house, &ask.named, change, StatusCode::OK).await
}
