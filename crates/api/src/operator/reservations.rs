//! Look at any reservation, release it, cancel it.

use crate::ask::{PathId, Staff, StaffAsk};
use crate::house::House;
use crate::payments::pay::RefundView;
use crate::problem::{Problem, Problems};
use crate::reply::{self, PageQuery, PageView};
use crate::reservations::hold::reserved;
use crate::reservations::{act::CancelRequest, read};
use crate::view::ReservationView;
use admitone_domain::Action;
use admitone_domain::command::{Cancel, Release};
use admitone_domain::id::ReservationId;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, StatusCode};

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
    params(("id" = String, Path, example = "res_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = ReservationView), Problems)
)]
pub(crate) async fn release_any_reservation(
    State(house): State<House>,
    PathId(reservation): PathId<ReservationId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let release = Action::Release(Release { reservation });
    let released = house.submit(&ask.named, release).await?;
    reply::reply(released, StatusCode::OK, reserved)
}

/// Cancel tickets of any reservation
#[utoipa::path(
    post, path = "/api/v1/operator/reservations/{id}/actions/cancel",
    operation_id = "cancel_any_reservation", tag = "operator", security(("operator" = [])),
    request_body = Option<CancelRequest>,
    params(("id" = String, Path, example = "res_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = RefundView), Problems)
)]
pub(crate) async fn cancel_any_reservation(
    State(house): State<House>,
    PathId(reservation): PathId<ReservationId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let CancelRequest { items } = ask.body_or_default()?;
    let cancel = Action::Cancel(Cancel { reservation, items });
    let cancelled = house.submit(&ask.named, cancel).await?;
    reply::reply(cancelled, StatusCode::OK, RefundView::of)
}
