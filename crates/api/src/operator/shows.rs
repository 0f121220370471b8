//! Create and change shows.

use super::{SavedView, base, operate};
use crate::ask::{self, PathId, StaffAsk};
use crate::concerts::moment;
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::ports::store::Sequence;
use admitone_domain::command::operate::{Operate, SaveShow};
use admitone_domain::id::{ConcertId, ShowId};
use admitone_domain::show::{Limits, Show};
use admitone_domain::{Key, Moment, Row};
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
    /// The waiting room in front of it.
    #[schema(example = "room_1")]
    pub(crate) room: Option<String>,
    /// Most items of one reservation.
    pub(crate) per_reservation_max: Option<u32>,
    /// Most items of one buyer.
    pub(crate) per_buyer_max: Option<u32>,
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
    let fields = &wanted.show;
    let times =
        [&fields.opens_at, &fields.closes_at, &fields.booking_opens_at, &fields.booking_closes_at];
    if times.iter().any(|time| time.is_none()) {
        return Err(Problem::invalid(
            "`opens_at`, `closes_at`, `booking_opens_at` and `booking_closes_at` are required",
        ));
    }
    let empty = Show {
        id: ShowId(house.office.draw(Sequence::Show, 1).await?),
        concert,
        room: None,
        opens_at: Moment::default(),
        closes_at: Moment::default(),
        booking_opens_at: Moment::default(),
        booking_closes_at: Moment::default(),
        time_zone: "UTC".to_owned(),
        currency: house.currency,
        limits: Limits::default(),
    };
    let show = change(empty, fields)?;
    let save = Operate::SaveShow(SaveShow { show, expected: Some(0) });
    operate(&house, &ask.named, save, StatusCode::CREATED).await
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
    let fields: ShowFields = ask.body()?;
    let loaded = house.office.row(Key::Show(id)).await?;
    let loaded = loaded.ok_or_else(|| Problem::not_found("show"))?;
    let version = loaded.version;
    let Row::Show(show) = loaded.into_row() else { return Err(Problem::not_found("show")) };
    let show = change(show, &fields)?;
    let expected = Some(base(&ask, version)?);
    operate(&house, &ask.named, Operate::SaveShow(SaveShow { show, expected }), StatusCode::OK)
        .await
}

fn change(mut show: Show, fields: &ShowFields) -> Result<Show, Problem> {
    let times = [
        ("opens_at", &fields.opens_at, &mut show.opens_at),
        ("closes_at", &fields.closes_at, &mut show.closes_at),
        ("booking_opens_at", &fields.booking_opens_at, &mut show.booking_opens_at),
        ("booking_closes_at", &fields.booking_closes_at, &mut show.booking_closes_at),
    ];
    for (name, text, target) in times {
        if let Some(at) = moment(name, text.as_ref())? {
            *target = at;
        }
    }
    if let Some(zone) = &fields.time_zone {
        jiff::tz::TimeZone::get(zone)
            .map_err(|_| Problem::invalid("`time_zone` must be an IANA name such as Asia/Seoul"))?;
        show.time_zone.clone_from(zone);
    }
    if let Some(room) = &fields.room {
        show.room = Some(ask::id("room", room)?);
    }
    if fields.hold_seconds.is_some_and(|seconds| !(1..=86_400).contains(&seconds)) {
        return Err(Problem::invalid("`hold_seconds` must be between 1 and 86400"));
    }
    let limits = &mut show.limits;
    limits.per_reservation_max = fields.per_reservation_max.unwrap_or(limits.per_reservation_max);
    limits.per_buyer_max = fields.per_buyer_max.or(limits.per_buyer_max);
    limits.hold_ms = fields.hold_seconds.map_or(limits.hold_ms, |seconds| seconds * 1_000);
    limits.extensions_max = fields.extensions_max.unwrap_or(limits.extensions_max);
    Ok(show)
}
