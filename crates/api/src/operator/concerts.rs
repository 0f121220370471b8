//! Create and change concerts.

use super::{SavedView, base, not_blank, operate};
use crate::ask::{PathId, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::ports::store::Sequence;
use admitone_domain::command::operate::{Operate, SaveConcert};
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::{Key, Moment, Row};
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
    let wanted: ConcertRequest = ask.body()?;
    not_blank("title", Some(&wanted.title))?;
    let currency = match &wanted.currency {
        None => house.currency,
        Some(code) => {
            code.parse().map_err(|error| Problem::invalid(format!("`currency`: {error}")))?
        }
    };
    let concert = Concert {
        id: ConcertId(house.office.draw(Sequence::Concert, 1).await?),
        title: wanted.title,
        category: wanted.category,
        venue: wanted.venue,
        currency,
        first_at: Moment::MAX,
        last_at: Moment::MIN,
    };
    let save = Operate::SaveConcert(SaveConcert { concert, expected: Some(0) });
    operate(&house, &ask.named, save, StatusCode::CREATED).await
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
    let change: ConcertChange = ask.body()?;
    not_blank("title", change.title.as_ref())?;
    let loaded = house.office.row(Key::Concert(id)).await?;
    let loaded = loaded.ok_or_else(|| Problem::not_found("concert"))?;
    let version = loaded.version;
    let Row::Concert(mut concert) = loaded.into_row() else {
        return Err(Problem::not_found("concert"));
    };
    concert.title = change.title.unwrap_or(concert.title);
    concert.category = change.category.unwrap_or(concert.category);
    concert.venue = change.venue.unwrap_or(concert.venue);
    let expected = Some(base(&ask, version)?);
    let save = Operate::SaveConcert(SaveConcert { concert, expected });
    operate(&house, &ask.named, save, StatusCode::OK).await
}
