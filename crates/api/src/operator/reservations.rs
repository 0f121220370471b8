//! Look at any reservation, release it, cancel it, give an item of it another seat.

use super::explained;
use crate::ask::{self, PathId, Staff, StaffAsk, Why};
use crate::house::House;
use crate::payments::pay::RefundView;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageQuery, PageView};
use crate::reservations::hold::reserved;
use crate::reservations::{act::CancelRequest, read};
use crate::view::ReservationView;
use admitone_app::logbook::Target;
use admitone_domain::Action;
use admitone_domain::command::operate::{Operate, Reseat};
use admitone_domain::command::{Cancel, Release};
use admitone_domain::id::ReservationId;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which item gets which seat.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReseatRequest {
    /// Its place in the reservation, from 0.
    pub(crate) item: u32,
    /// A free seat of the same show.
    #[schema(example = "seat_7")]
    pub(crate) seat: String,
}

/// List all reservations
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/v1/operator/reservations", operation_id = "list_all_reservations",
    tag = "operator", security(("operator" = [])), params(PageQuery),
    responses((status = 200, body = PageView<ReservationView>), (status = 304), Problems)
)]
pub(crate) async fn list_all_reservations(
    State(house): State<House>,
    _staff: Staff,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Response<Body>, Problem> {
    read::list(&house, None, query, &headers).await
}

/// Read any reservation
#[utoipa::path(
    get, path = "/api/v1/operator/reservations/{id}", operation_id = "read_any_reservation",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "res_1")),
    responses((status = 200, body = ReservationView), (status = 304), Problems)
)]
pub(crate) async fn read_any_reservation(
    State(house): State<House>,
    PathId(id): PathId<ReservationId>,
    _staff: Staff,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    read::one(&house, id, None, &headers).await
}

/// Release any hold
#[utoipa::path(
    post, path = "/api/v1/operator/reservations/{id}/actions/release",
    operation_id = "release_any_reservation", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "res_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = ReservationView), Problems)
)]
pub(crate) async fn release_any_reservation(
    State(house): State<House>,
    PathId(reservation): PathId<ReservationId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let release = Action::Release(Release { reservation });
    let work =
        async { reply::reply(house.submit(&ask.named, release).await?, StatusCode::OK, reserved) };
    explained(&house, (&ask, &why), about(reservation), work).await
}

/// Cancel tickets of any reservation
#[utoipa::path(
    post, path = "/api/v1/operator/reservations/{id}/actions/cancel",
    operation_id = "cancel_any_reservation", tag = "operator", security(("operator" = [])),
    request_body = Option<CancelRequest>,
    params(
        ("id" = String, Path, example = "res_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = RefundView), Problems)
)]
pub(crate) async fn cancel_any_reservation(
    State(house): State<House>,
    PathId(reservation): PathId<ReservationId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let CancelRequest { items } = ask.body_or_default()?;
    let cancel = Action::Cancel(Cancel { reservation, items });
    let work = async {
        reply::reply(house.submit(&ask.named, cancel).await?, StatusCode::OK, RefundView::of)
    };
    explained(&house, (&ask, &why), about(reservation), work).await
}

/// Give an item of any reservation another seat
///
/// The old seat is free when the new one is taken, and not before. The seat is of the same show, free, and of the
/// price of the item, or of that which the old seat has now; what was paid stays as it is. An item that is being
/// paid, or that was let in at the door, stays where it is. A ticket keeps its code.
#[utoipa::path(
    post, path = "/api/v1/operator/reservations/{id}/actions/reseat",
    operation_id = "reseat_any_reservation", tag = "operator", security(("operator" = [])),
    request_body = ReseatRequest,
    params(
        ("id" = String, Path, example = "res_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = ReservationView), Problems)
)]
pub(crate) async fn reseat_any_reservation(
    State(house): State<House>,
    PathId(reservation): PathId<ReservationId>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let ReseatRequest { item, seat } = ask.body()?;
    let seat = ask::id("seat", &seat)?;
    let reseat = Action::Operate(Operate::Reseat(Reseat { reservation, item, seat }));
    let work =
        async { reply::reply(house.submit(&ask.named, reseat).await?, StatusCode::OK, reserved) };
    explained(&house, (&ask, &why), about(reservation), work).await
}

fn about(reservation: ReservationId) -> (Target, String) {
    (Target::Reservation, reservation.to_string())
}
