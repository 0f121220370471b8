//! The seats of a show: a versioned snapshot, or what changed since a version.

use crate::ask::{PathId, QUEUE_TOKEN};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::instant;
use admitone_app::board::{SeatMark, SeatView as BoardSeat, Snapshot};
use admitone_domain::id::ShowId;
use admitone_domain::pass::Admission;
use admitone_domain::show::{Attribute, PlanIndex};
use admitone_domain::{Money, Refusal};
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Since which version.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatsQuery {
    /// A `version` that was answered before; only what changed since comes back.
    pub(crate) since: Option<String>,
}

/// Seats at one version.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SeatsView {
    /// The show.
    #[schema(example = "show_1")]
    pub(crate) show: String,
    /// Send it as `since` to get only what changed.
    #[schema(example = "1f-42")]
    pub(crate) version: String,
    /// Whether these are all seats, or only those that changed.
    pub(crate) complete: bool,
    /// Until when wheelchair spaces and companion seats are handed out to nobody who did not ask for them;
    /// always when it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-01-23T00:00:00Z")]
    pub(crate) kept_until: Option<String>,
    /// The seats, by section, row and number.
    pub(crate) seats: Vec<SeatView>,
}

/// A seat.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SeatView {
    /// Its id.
    #[schema(example = "seat_1")]
    pub(crate) id: String,
    /// Section.
    pub(crate) section: String,
    /// Row.
    pub(crate) row: String,
    /// Number.
    pub(crate) number: u32,
    /// What it costs.
    #[schema(value_type = i64)]
    pub(crate) price: Money,
    /// `available`, `held` (may come back), `sold` or `blocked`.
    #[schema(example = "available")]
    pub(crate) state: &'static str,
    /// `wheelchair` for a wheelchair space, `companion` for a seat of whoever comes with somebody in a
    /// wheelchair, `restricted_view`; left out where nothing is said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "wheelchair")]
    pub(crate) attribute: Option<&'static str>,
}

/// List the seats of a show
///
/// All of them with a validator, or what changed `since` a version; a version that is not known
/// any more is answered with all. Needs a pass where a waiting room stands before the show.
#[utoipa::path(
    get, path = "/api/v1/shows/{id}/seats", operation_id = "list_seats", tag = "shows",
    params(
        ("id" = String, Path, example = "show_1"), SeatsQuery,
        ("queue-token" = Option<String>, Header, description = "The pass, if the show stands behind a waiting room"),
    ),
    security((), ("buyer" = [])),
    responses((status = 200, body = SeatsView), (status = 304), Problems)
)]
pub(crate) async fn list_seats(
    State(house): State<House>,
    PathId(id): PathId<ShowId>,
    headers: HeaderMap,
    query: Result<Query<SeatsQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    check_pass(&house, id, &headers).await?;
    let board = house.office.boards.board(id).await?;
    if let Some((epoch, version)) = query.since.as_deref().and_then(version_of)
        && let Some(changed) = board.since(epoch, version)
    {
        return Ok(reply::bytes(StatusCode::OK, Bytes::from(render(id, &changed, false))));
    }
    let now = house.office.clock.now();
    let rendered = board.rendered(now, move |snapshot| render(id, snapshot, true)).await?;
    Ok(reply::with_etag(&headers, &rendered.etag, rendered.body.clone()))
}

/// Refuses who has no pass where one is needed.
pub(crate) async fn check_pass(
    house: &House,
    id: ShowId,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let Some(room) = house.room_of(id).await? else { return Ok(()) };
    let buyer = house.buyer(headers)?;
    let token = headers.get(QUEUE_TOKEN).and_then(|value| value.to_str().ok());
    match house.rooms.admission(room, token, buyer).await? {
        Admission::Bypass { .. } | Admission::Staff => Ok(()),
        Admission::None | Admission::Waiting { .. } => Err(Refusal::AdmissionRequired.into()),
        Admission::Pass { good_until, .. } if house.office.clock.now() < good_until => Ok(()),
        Admission::Pass { .. } => Err(Refusal::AdmissionExpired.into()),
    }
}

/// A snapshot as bytes.
pub(crate) fn render(show: ShowId, snapshot: &Snapshot, complete: bool) -> Vec<u8> {
    let plan = snapshot.plan.index();
    let view = |seat: &BoardSeat| SeatView {
        attribute: snapshot.plan.attribute(seat.id).map(Attribute::name),
        ..seat_view(&plan, seat)
    };
    let seats = snapshot.seats.iter().map(view).collect();
    let version = format!("{:x}-{}", snapshot.epoch, snapshot.version);
    let kept_until = snapshot.plan.kept_until.map(instant);
    let view = SeatsView { show: show.to_string(), version, complete, kept_until, seats };
    serde_json::to_vec(&view).unwrap_or_default()
}

fn seat_view(plan: &PlanIndex<'_>, seat: &BoardSeat) -> SeatView {
    let named = plan.find(seat.id);
    SeatView {
        id: seat.id.to_string(),
        section: named.map(|(block, _)| block.section.clone()).unwrap_or_default(),
        row: named.map(|(block, _)| block.row.clone()).unwrap_or_default(),
        number: named.map_or(0, |(_, number)| number),
        price: seat.price,
        state: match seat.mark {
            SeatMark::Free => "available",
            SeatMark::Held => "held",
            SeatMark::Sold => "sold",
            SeatMark::Blocked => "blocked",
        },
        attribute: None,
    }
}

fn version_of(text: &str) -> Option<(u64, u64)> {
    let (epoch, version) = text.split_once('-')?;
    Some((u64::from_str_radix(epoch, 16).ok()?, version.parse().ok()?))
}
