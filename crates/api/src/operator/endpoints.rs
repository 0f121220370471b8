//! Endpoints of webhooks: make them, look at them, change them, remove them.

pub(crate) mod messages;
pub(crate) mod view;

use crate::ask::{Staff, StaffAsk, Why};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply::{self, REPLAYED};
use admitone_app::webhooks::{Asked, Change, DeskTrouble, Done, NewEndpoint};
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use view::{EndpointView, EndpointsView};

/// A new endpoint.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointRequest {
    /// Where it is. `https://`, and on the open net, unless the house allows more.
    #[schema(example = "https://shop.example/hooks", max_length = 2000)]
    pub(crate) url: String,
    /// Of which types of events it is told, such as `reservation.sold`, or `show.*` for all that
    /// begin so; of all when it is empty. docs/events.md lists them.
    #[serde(default)]
    #[schema(example = json!(["reservation.sold", "payment.*"]), max_items = 64)]
    pub(crate) types: Vec<String>,
}

/// What changes of an endpoint; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointChange {
    /// Where it is.
    #[schema(example = "https://shop.example/hooks", max_length = 2000)]
    pub(crate) url: Option<String>,
    /// Of which types of events it is told.
    #[schema(max_items = 64)]
    pub(crate) types: Option<Vec<String>>,
    /// Whether it is told anything. Enabled again, it is told of what happens from then on.
    pub(crate) enabled: Option<bool>,
}

/// The longest address.
const URL_MAX_BYTES: usize = 2_000;
/// Most types that are named.
const TYPES_MAX: usize = 64;

/// The id of an endpoint in the path.
pub(crate) struct EndpointId(pub(crate) u64);

impl FromRequestParts<House> for EndpointId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let missing = || Problem::not_found("endpoint");
        let path =
            Path::<std::collections::BTreeMap<String, String>>::from_request_parts(parts, house);
        let Path(named) = path.await.map_err(|_| missing())?;
        let id = named.get("id").and_then(|id| id.strip_prefix("endpoint_"));
        id.and_then(|id| id.parse().ok()).map(Self).ok_or_else(missing)
    }
}

/// Make an endpoint of webhooks
///
/// It is told of what happens from now on. Its secret is shown in this answer and in no other.
#[utoipa::path(
    post, path = "/api/v1/operator/endpoints", operation_id = "create_endpoint", tag = "operator",
    security(("operator" = [])), request_body = EndpointRequest,
    params(("Idempotency-Key" = String, Header, min_length = 1, max_length = 255), Why),
    responses((status = 201, body = EndpointView), Problems)
)]
pub(crate) async fn create_endpoint(
    State(house): State<House>,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let EndpointRequest { url, types } = ask.body()?;
    not_too_long(Some(&url), Some(&types))?;
    let done = house.webhooks.create(NewEndpoint { url, types }, asked(&ask, &why)?).await;
    Ok(answer(StatusCode::CREATED, done?, EndpointView::with_secret))
}

/// List the endpoints of webhooks
#[utoipa::path(
    get, path = "/api/v1/operator/endpoints", operation_id = "list_endpoints", tag = "operator",
    security(("operator" = [])), responses((status = 200, body = EndpointsView), Problems)
)]
pub(crate) async fn list_endpoints(
    State(house): State<House>,
    _staff: Staff,
) -> Result<Json<EndpointsView>, Problem> {
    let all = house.webhooks.list().await?;
    Ok(Json(EndpointsView { data: all.iter().map(EndpointView::of).collect() }))
}

/// Look at an endpoint of webhooks
#[utoipa::path(
    get, path = "/api/v1/operator/endpoints/{id}", operation_id = "read_endpoint",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "endpoint_1")),
    responses((status = 200, body = EndpointView), (status = 304), Problems)
)]
pub(crate) async fn read_endpoint(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    _staff: Staff,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    let known = house.webhooks.read(id).await?;
    Ok(reply::resource(&headers, &EndpointView::of(&known)))
}

/// Change, disable or enable an endpoint of webhooks
#[utoipa::path(
    patch, path = "/api/v1/operator/endpoints/{id}", operation_id = "change_endpoint",
    tag = "operator", security(("operator" = [])), request_body = EndpointChange,
    params(
        ("id" = String, Path, example = "endpoint_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
        Why,
    ),
    responses((status = 200, body = EndpointView), Problems)
)]
pub(crate) async fn change_endpoint(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let EndpointChange { url, types, enabled } = ask.body()?;
    not_too_long(url.as_deref(), types.as_deref())?;
    let change = Change { url, types, is_enabled: enabled };
    let done = house.webhooks.change(id, change, asked(&ask, &why)?).await;
    Ok(answer(StatusCode::OK, done?, EndpointView::of))
}

/// Remove an endpoint of webhooks
///
/// With its log. It is told nothing more, also not of what it was to be told again.
#[utoipa::path(
    delete, path = "/api/v1/operator/endpoints/{id}", operation_id = "delete_endpoint",
    tag = "operator", security(("operator" = [])),
    params(("id" = String, Path, example = "endpoint_1"), Why),
    responses((status = 204), Problems)
)]
pub(crate) async fn delete_endpoint(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    staff: Staff,
    why: Why,
) -> Result<Response<Body>, Problem> {
    house.webhooks.remove(id, staff.by(why)).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Give an endpoint of webhooks a new secret
///
/// It is shown in this answer and in no other. For a day messages are signed with the earlier one
/// too.
#[utoipa::path(
    post, path = "/api/v1/operator/endpoints/{id}/actions/rotate",
    operation_id = "rotate_endpoint_secret", tag = "operator", security(("operator" = [])),
    params(
        ("id" = String, Path, example = "endpoint_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        Why,
    ),
    responses((status = 200, body = EndpointView), Problems)
)]
pub(crate) async fn rotate_endpoint_secret(
    State(house): State<House>,
    EndpointId(id): EndpointId,
    why: Why,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let done = house.webhooks.rotate(id, asked(&ask, &why)?).await;
    Ok(answer(StatusCode::OK, done?, EndpointView::with_secret))
}

/// Who asks, and by which wish: a key names the same one each time.
fn asked(ask: &StaffAsk, why: &Why) -> Result<Asked, Problem> {
    Ok(Asked::by(&ask.named, ask.expected_version()?, &why.why))
}

/// How the endpoint is now, and whether the wish was done before.
fn answer(
    status: StatusCode,
    done: Done,
    view: impl Fn(&admitone_app::ports::webhooks::Endpoint) -> EndpointView,
) -> Response<Body> {
    let Done { endpoint, is_repeated } = done;
    let mut response = reply::json(status, &view(&endpoint));
    if is_repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn not_too_long(url: Option<&str>, types: Option<&[String]>) -> Result<(), Problem> {
    if url.is_some_and(|url| url.len() > URL_MAX_BYTES) {
        return Err(Problem::invalid(format!("`url` may have {URL_MAX_BYTES} bytes")));
    }
    if types.is_some_and(|types| types.len() > TYPES_MAX) {
        return Err(Problem::invalid(format!("`types` may name {TYPES_MAX}")));
    }
    Ok(())
}

impl From<DeskTrouble> for Problem {
    fn from(trouble: DeskTrouble) -> Self {
        match trouble {
            DeskTrouble::Missing(what) => Self::not_found(what),
            DeskTrouble::Invalid(why) => Self::invalid(why),
            DeskTrouble::Cannot(why) => Self::endpoint_cannot(why),
            DeskTrouble::Reused => Self::key_reused(),
            DeskTrouble::Changed { version } => {
                admitone_domain::Refusal::VersionConflict { version }.into()
            }
            DeskTrouble::Store(trouble) => trouble.into(),
        }
    }
}
