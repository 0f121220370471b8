//! What was sent to an endpoint and what came of it; sending it again.

use super::view::{AttemptView, EndpointView};
use super::{EndpointId, answer, asked};
use crate::ask::{PathText, Staff, StaffAsk, Why};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{PageQuery, PageView, page};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

/// From when on an endpoint is told again.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// The moment, RFC 3339.
    #[schema(value_type = String, format = DateTime, example = "2026-05-01T10:00:00Z")]
    pub(crate) since: Timestamp,
}

/// Read the log of an endpoint of webhooks
///
/// Every attempt of the last thirty days, newest first.
#[utoipa::path(
    get, path = "/api/v1/operator/endpoints/{id}/attempts", operation_id = "list_attempts",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "endpoint_1"), PageQuery),
    responses((status = 200, body = PageView<AttemptView>), Problems)
)]
pub(crate) async fn list_attempts(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    _staff: Staff,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<PageView<AttemptView>>, Problem> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    let asked = query.page()?;
    let found = house.webhooks.log(id, asked.before, asked.limit).await?;
    let cursor = |(number, _): &(u64, _)| number.to_string();
    Ok(Json(page(found, query.limit()?, cursor, |(_, made)| AttemptView::of(made))))
}

/// Send a test message to an endpoint of webhooks
///
/// Now and once, also to one that is disabled; its type is `endpoint.tested`.
#[utoipa::path(
    post, path = "/api/v1/operator/endpoints/{id}/actions/test", operation_id = "test_endpoint",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "endpoint_1"), Why),
    responses((status = 200, body = AttemptView), Problems)
)]
pub(crate) async fn test_endpoint(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    staff: Staff,
    why: Why,
) -> Result<Json<AttemptView>, Problem> {
    Ok(Json(AttemptView::of(house.webhooks.test(id, staff.by(why)).await?)))
}

/// Send a message of the log again
///
/// Now and once, under the same id. What came of it is in the answer, and in the log.
#[utoipa::path(
    post, path = "/api/v1/operator/endpoints/{id}/messages/{message}/actions/replay",
    operation_id = "replay_message", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "endpoint_1"),
        ("message" = String, Path, example = "evt_12"),
        Why,
    ),
    responses((status = 200, body = AttemptView), Problems)
)]
pub(crate) async fn replay_message(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    PathText((_, message)): PathText<(String, String)>,
    staff: Staff,
    why: Why,
) -> Result<Json<AttemptView>, Problem> {
    let event = message.strip_prefix("evt_").and_then(|number| number.parse().ok());
    let event = event.ok_or_else(|| Problem::not_found("message in the log"))?;
    Ok(Json(AttemptView::of(house.webhooks.replay(id, event, staff.by(why)).await?)))
}

/// Tell an endpoint again what happened since a moment
///
/// Everything that it wants to be told of, in order and with the same patience, beside what happens
/// now; also what it was never told of. The ids of the messages are the same as before.
#[utoipa::path(
    post, path = "/api/v1/operator/endpoints/{id}/actions/replay",
    operation_id = "replay_endpoint", tag = "operator", security(("operator" = [])),
    request_body = ReplayRequest,
    params(
        ("id" = String, Path, example = "endpoint_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = EndpointView), Problems)
)]
pub(crate) async fn replay_endpoint(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let ReplayRequest { since } = ask.body()?;
    let done = house.webhooks.replay_since(id, since.into(), asked(&ask, &why)?).await;
    Ok(answer(StatusCode::OK, done?, EndpointView::of))
}
