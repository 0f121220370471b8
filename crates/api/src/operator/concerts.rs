//! Create and change concerts.

use super::{SavedView, operate};
use crate::ask::{PathId, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::operating::{self, ConcertFields};
use admitone_domain::id::ConcertId;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// A new concert.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcertRequest {
    /// Its title.
    #[schema(min_length = 1)]
    pub(crate) title: String,
    /// Its category.
    pub(crate) category: String,
    /// Where it is.
    #[serde(default)]
    pub(crate) venue: String,
    /// ISO 4217; the house's own when left out.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub(crate) currency: Option<String>,
}

/// What changes of a concert; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConcertChange {
    /// Its title.
    #[schema(min_length = 1)]
    pub(crate) title: Option<String>,
    /// Its category.
    pub(crate) category: Option<String>,
    /// Where it is.
    pub(crate) venue: Option<String>,
}

/// Create a concert
#[utoipa::path(
    post, path = "/api/v1/operator/concerts", operation_id = "create_concert", tag = "operator",
    security(("operator" = [])), request_body = ConcertRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = SavedView), Problems)
)]
pub(crate) async fn create_concert(
    State(house): State<House>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let ConcertRequest { title, category, venue, currency } = ask.body()?;
    let fields = ConcertFields { title: Some(title), category: Some(category), venue: Some(venue) };
    let create =
        operating::create_concert(&house.office, fields, currency.as_deref(), house.currency);
    operate(&house, &ask.named, create.await?, StatusCode::CREATED).await
}

/// Change a concert
#[utoipa::path(
    patch, path = "/api/v1/operator/concerts/{id}", operation_id = "change_concert",
    tag = "operator", security(("operator" = [])), request_body = ConcertChange,
    params(
        ("id" = String, Path, example = "concert_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn change_concert(
    State(house): State<House>,
    PathId(id): PathId<ConcertId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let ConcertChange { title, category, venue } = ask.body()?;
    let fields = ConcertFields { title, category, venue };
    let expected = ask.expected_version()?;
    let change = operating::change_concert(&house.office, id, fields, expected).await?;
    operate(&house, &ask.named, change, StatusCode::OK).await
}
