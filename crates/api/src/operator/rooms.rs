//! The dial of a waiting room: create it, look at it, change it while it runs.

use super::{SavedView, base, not_blank, operate};
use crate::ask::{PathId, Staff, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use admitone_app::import::check_settings;
use admitone_app::ports::store::Sequence;
use admitone_domain::command::operate::{Operate, SaveRoom};
use admitone_domain::id::RoomId;
use admitone_domain::{Key, Row};
use axum::body::Body;
use axum::extract::{Path, State};
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
    let wanted: RoomRequest = ask.body()?;
    not_blank("name", Some(&wanted.name))?;
    let now = house.office.clock.now();
    let settings =
        check_settings(&Value::Object(wanted.settings), now).map_err(Problem::invalid)?;
    let id = RoomId(house.office.draw(Sequence::Room, 1).await?);
    let save = SaveRoom { id, name: wanted.name, settings, expected: Some(0) };
    operate(&house, &ask.named, Operate::SaveRoom(save), StatusCode::CREATED).await
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
    let (version, name, settings) = find(&house, id).await?;
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
    let change: RoomChange = ask.body()?;
    not_blank("name", change.name.as_ref())?;
    turn(&house, id, &ask, change).await
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
    Path((id, action)): Path<(String, String)>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let id: RoomId = id.parse().map_err(|_| Problem::not_found("room"))?;
    let mode = match action.as_str() {
        "pause" => Value::from("paused"),
        "resume" => Value::from("open"),
        "drain" => Value::from("draining"),
        "close" => Value::from("closed"),
        // Bounded, so that nobody forgets it: ten minutes.
        "bypass" => {
            let until = house.office.clock.now().plus_ms(600_000);
            serde_json::json!({ "bypass": { "until_us": until.0 } })
        }
        _ => return Err(Problem::not_found("action")),
    };
    let settings = serde_json::Map::from_iter([("mode".to_owned(), mode)]);
    turn(&house, id, &ask, RoomChange { name: None, settings }).await
}

async fn turn(
    house: &House,
    id: RoomId,
    ask: &StaffAsk,
    change: RoomChange,
) -> Result<Response<Body>, Problem> {
    let (version, name, mut settings) = find(house, id).await?;
    let known = settings.as_object_mut().ok_or_else(|| Problem::not_found("room"))?;
    known.extend(change.settings);
    let now = house.office.clock.now();
    let settings = check_settings(&settings, now).map_err(Problem::invalid)?;
    let expected = Some(base(ask, version)?);
    let save = SaveRoom { id, name: change.name.unwrap_or(name), settings, expected };
    operate(house, &ask.named, Operate::SaveRoom(save), StatusCode::OK).await
}

async fn find(house: &House, id: RoomId) -> Result<(u64, String, Value), Problem> {
    let loaded = house.office.row(Key::Room(id)).await?;
    let loaded = loaded.ok_or_else(|| Problem::not_found("room"))?;
    let version = loaded.version;
    match loaded.into_row() {
        Row::Room { name, settings, .. } => {
            Ok((version, name, serde_json::from_str(&settings).unwrap_or_default()))
        }
        _ => Err(Problem::not_found("room")),
    }
}
