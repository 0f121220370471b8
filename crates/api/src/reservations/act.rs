//! Extend, release and cancel a reservation.

use super::hold::reserved;
use crate::ask::{self, BuyerAsk, PathText};
use crate::house::House;
use crate::payments::pay::RefundView;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::ReservationView;
use admitone_domain::Action;
use admitone_domain::command::{Cancel, Extend, Release};
use admitone_domain::id::ReservationId;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which items to cancel.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelRequest {
    /// Their places in the reservation, from 0; left out means all that are sold.
    pub(crate) items: Option<Vec<u32>>,
}

/// Extend a hold
///
/// Its time starts again, as often as the show allows.
#[utoipa::path(
    post, path = "/api/v1/reservations/{id}/actions/extend", operation_id = "extend_reservation",
    tag = "reservations", security(("buyer" = [])),
    params(("id" = String, Path, example = "res_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = ReservationView), Problems)
)]
pub(crate) async fn extend_reservation(
    State(house): State<House>,
    PathText(id): PathText<String>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let extend = Action::Extend(Extend { reservation: named(&id)? });
    let extended = ask.submit(&house, extend).await?;
    reply::reply(extended, StatusCode::OK, reserved)
}

/// Release a hold
///
/// What it held is free for others at once.
#[utoipa::path(
    post, path = "/api/v1/reservations/{id}/actions/release", operation_id = "release_reservation",
    tag = "reservations", security(("buyer" = [])),
    params(("id" = String, Path, example = "res_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = ReservationView), Problems)
)]
pub(crate) async fn release_reservation(
    State(house): State<House>,
    PathText(id): PathText<String>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let release = Action::Release(Release { reservation: named(&id)? });
    let released = ask.submit(&house, release).await?;
    reply::reply(released, StatusCode::OK, reserved)
}

/// Cancel tickets
///
/// Whole or by item, until the show begins; the price goes back to the wallet.
#[utoipa::path(
    post, path = "/api/v1/reservations/{id}/actions/cancel", operation_id = "cancel_reservation",
    tag = "reservations", security(("buyer" = [])), request_body = Option<CancelRequest>,
    params(("id" = String, Path, example = "res_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = RefundView), Problems)
)]
pub(crate) async fn cancel_reservation(
    State(house): State<House>,
    PathText(id): PathText<String>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let CancelRequest { items } = ask.body_or_default()?;
    let cancel = Action::Cancel(Cancel { reservation: named(&id)?, items });
    let cancelled = ask.submit(&house, cancel).await?;
    reply::reply(cancelled, StatusCode::OK, RefundView::of)
}

fn named(id: &str) -> Result<ReservationId, Problem> {
    ask::id("id", id).map_err(|_| Problem::not_found("reservation"))
}
