//! Create and change shows.

use super::{SavedView, operate};
use crate::ask::{self, PathId, StaffAsk};
use crate::concerts::moment;
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::operating::{self, Optional};
use admitone_domain::id::{ConcertId, RoomId, ShowId};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new show.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowRequest {
    /// The concert.
    #[schema(example = "concert_1")]
    pub(crate) concert: String,
    /// What it is.
    pub(crate) show: ShowFields,
}

/// What a show is; when one is changed, what is left out stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowFields {
    /// When it begins.
    #[schema(format = DateTime)]
    pub(crate) opens_at: Option<String>,
    /// When it ends.
    #[schema(format = DateTime)]
    pub(crate) closes_at: Option<String>,
    /// From when seats can be held.
    #[schema(format = DateTime)]
    pub(crate) booking_opens_at: Option<String>,
    /// Until when seats can be held.
    #[schema(format = DateTime)]
    pub(crate) booking_closes_at: Option<String>,
    /// IANA name of the venue's zone.
    #[schema(example = "Asia/Seoul")]
    pub(crate) time_zone: Option<String>,
    /// The waiting room in front of it; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "room_1")]
    pub(crate) room: Optional<String>,
    /// Most items of one reservation.
    pub(crate) per_reservation_max: Option<u32>,
    /// Most items of one buyer; null takes the limit away.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    pub(crate) per_buyer_max: Optional<u32>,
    /// How long a hold lasts, in seconds; at most a day.
    #[schema(minimum = 1, maximum = 86400)]
    pub(crate) hold_seconds: Option<u64>,
    /// How often a hold may be extended.
    pub(crate) extensions_max: Option<u32>,
}

/// Create a show
///
/// Its four times are required.
#[utoipa::path(
    post, path = "/api/v1/operator/shows", operation_id = "create_show", tag = "operator",
    security(("operator" = [])), request_body = ShowRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = SavedView), Problems)
)]
pub(crate) async fn create_show(
    State(house): State<House>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let wanted: ShowRequest = ask.body()?;
    let concert: ConcertId = ask::id("concert", &wanted.concert)?;
    let fields = wanted.show.read()?;
    let create = operating::create_show(&house.office, concert, &fields, house.currency).await?;
    operate(&house, &ask.named, create, StatusCode::CREATED).await
}

/// Change a show
#[utoipa::path(
    patch, path = "/api/v1/operator/shows/{id}", operation_id = "change_show", tag = "operator",
    security(("operator" = [])), request_body = ShowFields,
    params(
        ("id" = String, Path, example = "show_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn change_show(
    State(house): State<House>,
    PathId(id): PathId<ShowId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let fields = ask.body::<ShowFields>()?.read()?;
    let expected = ask.expected_version()?;
    let change = operating::change_show(&house.office, id, &fields, expected).await?;
    operate(&house, &ask.named, change, StatusCode::OK).await
}

impl ShowFields {
    /// The same with its texts read.
    fn read(self) -> Result<operating::ShowFields, Problem> {
        let room = self.room.read(|room| ask::id::<RoomId>("room", &room))?;
        Ok(operating::ShowFields {
            opens_at: moment("opens_at", self.opens_at.as_ref())?,
            closes_at: moment("closes_at", self.closes_at.as_ref())?,
            booking_opens_at: moment("booking_opens_at", self.booking_opens_at.as_ref())?,
            booking_closes_at: moment("booking_closes_at", self.booking_closes_at.as_ref())?,
            time_zone: self.time_zone,
            room,
            per_reservation_max: self.per_reservation_max,
            per_buyer_max: self.per_buyer_max,
            hold_seconds: self.hold_seconds,
            extensions_max: self.extensions_max,
        })
    }
}
