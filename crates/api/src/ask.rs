//! What a handler is given: who asks, under which key, with which body.
//!
//! One extractor for each kind of request, so that no handler checks a token or a key by itself.

mod reading;

pub(crate) use reading::object;

use crate::house::House;
use crate::problem::Problem;
use admitone_app::box_office::Request as Named;
use admitone_app::logbook::{By, WHY_MAX, is_kept_whole};
use admitone_app::ports::delivery::Reply;
use admitone_domain::id::{BuyerId, OperatorId, ShowId};
use admitone_domain::party::Right;
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, CommandId, Fingerprint};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::error::Error as _;
use std::str::FromStr;
use std::time::Duration;
use utoipa::IntoParams;

/// The largest body that is read.
pub(crate) const BODY_MAX_BYTES: usize = 256 * 1024;
/// How long a client may take for a body.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// The header that names a wish.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The header with a place or pass of the waiting room.
pub(crate) const QUEUE_TOKEN: &str = "queue-token";

/// The preference of who does not wait.
pub(crate) const RESPOND_ASYNC: &str = "respond-async";

/// A buyer who reads.
pub(crate) struct Reader {
    pub(crate) buyer: BuyerId,
}

impl FromRequestParts<House> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        Ok(Self { buyer: house.buyer(&parts.headers)? })
    }
}

/// Somebody who reads what is their own, a buyer or an operator. An operator needs no right for it: a
/// key for the door learns what became of what it did there.
pub(crate) struct Anybody(pub(crate) Actor);

impl FromRequestParts<House> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        match house.any_operator(&parts.headers) {
            Some(operator) => Ok(Self(Actor::Operator(operator))),
            None => Ok(Self(Actor::Buyer(house.buyer(&parts.headers)?))),
        }
    }
}

/// An operator who reads, or whose change is no command.
pub(crate) struct Staff {
    pub(crate) operator: OperatorId,
}

impl Staff {
    /// Whoever does something that is done as often as it is asked for, and why.
    pub(crate) fn by(&self, why: Why) -> By {
        By { who: self.operator.to_string(), wish: None, why: why.why }
    }
}

impl FromRequestParts<House> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let right = if parts.method.is_safe() { Right::Look } else { Right::Change };
        Ok(Self { operator: house.operator(&parts.headers, right)? })
    }
}

/// An owner who reads who else may do what.
pub(crate) struct Owner;

impl FromRequestParts<House> for Owner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        house.operator(&parts.headers, Right::Appoint).map(|_| Self)
    }
}

/// A buyer who wants something changed.
pub(crate) struct BuyerAsk {
    pub(crate) buyer: BuyerId,
    pub(crate) headers: HeaderMap,
    pub(crate) named: Named,
    body: Bytes,
}

impl FromRequest<House> for BuyerAsk {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &House) -> Result<Self, Problem> {
        let buyer = house.buyer(request.headers())?;
        let credential = buyer.0.to_be_bytes();
        let (named, headers, body) = read(request, &credential, Actor::Buyer(buyer)).await?;
        Ok(Self { buyer, headers, named, body })
    }
}

impl BuyerAsk {
    /// The body as JSON.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse(&self.headers, &self.body)
    }

    /// The body as JSON, or the default when there is none.
    pub(crate) fn body_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.is_empty() { Ok(T::default()) } else { self.body() }
    }

    /// Has it settled. What was read is let go before the wait, so that the connection can use
    /// its room again.
    pub(crate) async fn submit(self, house: &House, action: Action) -> Result<Reply, Problem> {
        let named = self.named;
        drop(self);
        house.submit(&named, action).await
    }

    /// The same request with the right by which it comes through the room of a show.
    pub(crate) async fn admitted(self, house: &House, show: ShowId) -> Result<Named, Problem> {
        let room = house.room_of(show).await?;
        let token = self.headers.get(QUEUE_TOKEN).and_then(|value| value.to_str().ok());
        let admission = match room {
            None => Admission::None,
            Some(room) => house.rooms.admission(room, token, self.buyer).await?,
        };
        Ok(Named { admission, ..self.named })
    }
}

/// An operator who wants something changed.
pub(crate) struct StaffAsk {
    pub(crate) headers: HeaderMap,
    pub(crate) named: Named,
    body: Bytes,
}

impl FromRequest<House> for StaffAsk {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &House) -> Result<Self, Problem> {
        Self::with(request, house, Right::Change).await
    }
}

/// Somebody at the door who lets somebody in.
pub(crate) struct DoorAsk(pub(crate) StaffAsk);

impl FromRequest<House> for DoorAsk {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &House) -> Result<Self, Problem> {
        Ok(Self(StaffAsk::with(request, house, Right::Admit).await?))
    }
}

/// An owner who makes a key, or refuses one.
pub(crate) struct OwnerAsk(pub(crate) StaffAsk);

impl FromRequest<House> for OwnerAsk {
    type Rejection = Problem;

    async fn from_request(request: Request, house: &House) -> Result<Self, Problem> {
        Ok(Self(StaffAsk::with(request, house, Right::Appoint).await?))
    }
}

impl StaffAsk {
    async fn with(request: Request, house: &House, right: Right) -> Result<Self, Problem> {
        let operator = house.operator(request.headers(), right)?;
        let credential = operator.0.to_be_bytes();
        let (named, headers, body) = read(request, &credential, Actor::Operator(operator)).await?;
        Ok(Self { headers, named, body })
    }

    /// The body as JSON.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        parse(&self.headers, &self.body)
    }

    /// The body as JSON, or the default when there is none.
    pub(crate) fn body_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.is_empty() { Ok(T::default()) } else { self.body() }
    }

    /// The version that `If-Match` demands, if it does.
    pub(crate) fn expected_version(&self) -> Result<Option<u64>, Problem> {
        let Some(value) = self.headers.get(header::IF_MATCH) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim_matches('"');
        let version = text.parse().map_err(|_| Problem::invalid("If-Match must be a version"))?;
        Ok(Some(version))
    }
}

/// Why an operator does something, in his words.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Why {
    /// Why it is done, in a few words. It stands in the operators' log.
    #[param(max_length = 500)]
    #[serde(default)]
    pub(crate) why: String,
}

impl FromRequestParts<House> for Why {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let asked = Query::<Self>::from_request_parts(parts, house).await;
        let Query(asked) = asked.map_err(|error| Problem::invalid(error.body_text()))?;
        Self::said(asked.why)
    }
}

impl Why {
    /// What was said, unless that is longer than what is kept: nobody's words are cut off unseen.
    pub(crate) fn said(why: String) -> Result<Self, Problem> {
        if !is_kept_whole(&why) {
            return Err(Problem::invalid(format!("`why` may have {WHY_MAX} characters")));
        }
        Ok(Self { why })
    }
}

/// An id in the path. One that is malformed names nothing: not found.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: FromStr + Send> FromRequestParts<House> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, house)
            .await
            .map_err(|_| Problem::not_found("thing"))?;
        text.parse().map(Self).map_err(|_| Problem::not_found("thing"))
    }
}

/// Texts in the path. What is no text names nothing: not found.
pub(crate) struct PathText<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<House> for PathText<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Problem> {
        let found = Path::<T>::from_request_parts(parts, house).await;
        found.map(|Path(text)| Self(text)).map_err(|_| Problem::not_found("thing"))
    }
}

/// An id in a body or a query.
pub(crate) fn id<T: FromStr>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("`{field}`: `{text}` is no such id")))
}

/// Reads the body of a request that needs no key.
pub(crate) async fn body(request: Request) -> Result<(HeaderMap, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let body = collect(body).await?;
    Ok((parts.headers, body))
}

/// A body that needs no key and has no type.
pub(crate) struct Plain(pub(crate) Bytes);

impl FromRequest<House> for Plain {
    type Rejection = Problem;

    async fn from_request(request: Request, _house: &House) -> Result<Self, Problem> {
        body(request).await.map(|(_, body)| Self(body))
    }
}

/// The bytes of a body: not too many, and not too slowly.
async fn collect(body: Body) -> Result<Bytes, Problem> {
    let read = axum::body::to_bytes(body, BODY_MAX_BYTES);
    let read = tokio::time::timeout(BODY_WAIT, read).await.map_err(|_| Problem::timeout())?;
    read.map_err(|error| {
        let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
        if causes.any(|cause| cause.downcast_ref::<hyper::Error>().is_some()) {
            Problem::invalid("the body is not as the head of the request says")
        } else {
            Problem::too_large(BODY_MAX_BYTES)
        }
    })
}

/// A body as JSON; what is wrong with it is said with its place.
pub(crate) fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    let of_type = |value: &header::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    };
    if !headers.get(header::CONTENT_TYPE).is_some_and(of_type) {
        return Err(Problem::media_type());
    }
    object(body)
}

async fn read(
    request: Request,
    credential: &[u8],
    actor: Actor,
) -> Result<(Named, HeaderMap, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let id = command_id(&parts, credential)?;
    let body = collect(body).await?;
    let fingerprint = fingerprint(&parts.headers, &body);
    let admission =
        if matches!(actor, Actor::Buyer(_)) { Admission::None } else { Admission::Staff };
    let waits = !prefers_async(&parts.headers);
    let named = Named { id, fingerprint, actor, admission, deadline: None, waits };
    Ok((named, parts.headers, body))
}

/// Whether whoever asks would rather not wait (RFC 7240).
fn prefers_async(headers: &HeaderMap) -> bool {
    let said = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(RESPOND_ASYNC))
}

/// The name of a command: the same for the same key of the same person on the same route.
fn command_id(parts: &Parts, credential: &[u8]) -> Result<CommandId, Problem> {
    let key = idempotency_key(&parts.headers)?;
    let mut operation = blake3::Hasher::new();
    for part in [credential, parts.method.as_str().as_bytes(), parts.uri.path().as_bytes()] {
        operation.update(&part.len().to_le_bytes()).update(part);
    }
    let name = operation.update(key.as_bytes()).finalize();
    Ok(CommandId(name.as_bytes().first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))))
}

/// What was asked. The same change of another version is another wish.
fn fingerprint(headers: &HeaderMap, body: &[u8]) -> Fingerprint {
    let version = headers.get(header::IF_MATCH).map_or(&[][..], |version| version.as_bytes());
    let print = blake3::Hasher::new().update(body).update(version).finalize();
    Fingerprint(print.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
}

/// What was asked, however it is written: two objects with their fields in another order ask the same.
pub(crate) fn fingerprint_of(body: &Value) -> Fingerprint {
    // A map of JSON here is ordered by name.
    let print = blake3::hash(body.to_string().as_bytes());
    Fingerprint(print.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
}

pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let key = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok());
    key.filter(|key| (1..=255).contains(&key.len())).ok_or_else(Problem::key_required)
}
