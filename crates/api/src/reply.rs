//! What a handler answers with: JSON, pages, validators, and the replies of the box office.

use crate::problem::Problem;
use admitone_app::ports::delivery::Reply;
use admitone_domain::{Moment, Outcome, Refusal, StoredAnswer};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Says that the answer was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// JSON with a status.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    bytes(status, Bytes::from(serde_json::to_vec(value).unwrap_or_default()))
}

/// JSON that is ready.
pub(crate) fn bytes(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// What the box office replied: the outcome as `render` shows it, or the refusal.
pub(crate) fn reply<T: Serialize>(
    reply: Reply,
    status: StatusCode,
    render: impl FnOnce(&Outcome, Moment) -> Option<T>,
) -> Result<Response<Body>, Problem> {
    let (stored, replayed) = settled(reply)?;
    let outcome = outcome_of(&stored, replayed)?;
    let view = render(outcome, stored.at).ok_or_else(Problem::key_reused)?;
    let mut response = json(status, &view);
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// The answer, and whether it was given before.
pub(crate) fn settled(reply: Reply) -> Result<(Arc<StoredAnswer>, bool), Problem> {
    match reply {
        Reply::Answered { answer, replayed } => Ok((answer, replayed)),
        Reply::KeyReused => Err(Problem::key_reused()),
        Reply::Accepted(_) => Err(Problem::not_answered()),
    }
}

/// The outcome of a reply.
pub(crate) fn outcome(reply: Reply) -> Result<Outcome, Problem> {
    settled(reply).and_then(|(stored, replayed)| outcome_of(&stored, replayed).cloned())
}

/// The outcome of an answer, or its refusal, which says too that it was given before.
fn outcome_of(stored: &StoredAnswer, replayed: bool) -> Result<&Outcome, Problem> {
    let refused = |refusal: &Refusal| Problem { replayed, ..Problem::from(refusal.clone()) };
    stored.answer.as_ref().map_err(refused)
}

/// JSON with a validator, or 304 when the client has it.
pub(crate) fn with_etag(headers: &HeaderMap, etag: &str, body: Bytes) -> Response<Body> {
    let mut response = if has(headers, etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        bytes(StatusCode::OK, body)
    };
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Whether the client says that it has this. The comparison is the weak one, as RFC 9110 has it for
/// `If-None-Match`: what came through something that compresses is marked weak and the same. No
/// validator of this house has a comma.
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let said = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = said.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || opaque(tag) == opaque(etag))
}

/// A validator without what says that it is weak.
fn opaque(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// JSON that is ready, with a strong validator from its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// The validator, quotes included.
    pub(crate) etag: String,
    /// The bytes.
    pub(crate) body: Bytes,
}

impl Ready {
    pub(crate) fn of(value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_default();
        let etag = format!("\"{}\"", &blake3::hash(&body).to_hex()[..16]);
        Self { etag, body: Bytes::from(body) }
    }

    pub(crate) fn answer(self, headers: &HeaderMap) -> Response<Body> {
        with_etag(headers, &self.etag, self.body)
    }
}

/// JSON of one resource, with a validator from its bytes.
pub(crate) fn resource(headers: &HeaderMap, value: &impl Serialize) -> Response<Body> {
    Ready::of(value).answer(headers)
}

/// JSON of a row that also says how late it is: its validator is the row's version and state, so
/// that what has not changed is the same tomorrow. It is a weak one: the bytes are others by then.
pub(crate) fn versioned(
    headers: &HeaderMap,
    (version, state): (u64, &str),
    value: &impl Serialize,
) -> Response<Body> {
    let body = serde_json::to_vec(value).unwrap_or_default();
    with_etag(headers, &format!("W/\"{version}-{state}\""), Bytes::from(body))
}

/// JSON of what also says how late it is, as a list of reservations does: its validator is that of
/// the same without the time, and a weak one.
pub(crate) fn timed(
    headers: &HeaderMap,
    value: &impl Serialize,
    timeless: &impl Serialize,
) -> Response<Body> {
    let body = serde_json::to_vec(value).unwrap_or_default();
    with_etag(headers, &format!("W/{}", Ready::of(timeless).etag), Bytes::from(body))
}

/// Which page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub(crate) after: Option<String>,
}

impl PageQuery {
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }

    /// For lists ordered by falling id.
    pub(crate) fn page(&self) -> Result<admitone_app::ports::reads::Page, Problem> {
        let before = self.after.as_deref().map(str::parse).transpose();
        let before =
            before.map_err(|_| Problem::invalid("`after` is not a cursor of this list"))?;
        // One more than asked for tells whether there is more.
        Ok(admitone_app::ports::reads::Page { before, limit: self.limit()? + 1 })
    }
}

pub(crate) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    match asked.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit as usize),
        _ => Err(Problem::invalid("`limit` must be between 1 and 200")),
    }
}

/// A page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PageView<T> {
    /// The items.
    pub(crate) data: Vec<T>,
    /// What to send as `after` for the next page.
    pub(crate) next_cursor: Option<String>,
    /// Whether there is a next page.
    pub(crate) has_more: bool,
}

/// A page of what was found; `found` has one more than `limit` when there is more.
pub(crate) fn page<F, T>(
    mut found: Vec<F>,
    limit: usize,
    cursor: impl Fn(&F) -> String,
    view: impl Fn(F) -> T,
) -> PageView<T> {
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| has_more).map(cursor);
    PageView { data: found.into_iter().map(view).collect(), next_cursor, has_more }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is answered to somebody who says this: the same to whom a strong validator is given and to whom a weak one.
    fn status(lines: &[&'static str]) -> StatusCode {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(line));
        }
        let [strong, weak] = ["\"7-held\"", "W/\"7-held\""].map(|etag| {
            let answer = with_etag(&headers, etag, Bytes::from_static(b"{}"));
            assert_eq!(answer.headers()[header::ETAG], etag);
            answer.status()
        });
        assert_eq!(strong, weak, "{lines:?}");
        weak
    }

    /// The validator of an answer, and its body.
    async fn told(answer: Response<Body>) -> (String, Bytes) {
        let etag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
        (etag, axum::body::to_bytes(answer.into_body(), 1_000).await.unwrap())
    }

    #[tokio::test]
    async fn where_bytes_differ_under_one_validator_it_is_weak_and_a_strong_one_is_of_its_bytes() {
        let none = HeaderMap::new();
        let timed = [1, 2].map(|late| timed(&none, &("held", late), &("held", 0)));
        let row = [1, 2].map(|late| versioned(&none, (7, "held"), &late));
        for [first, second] in [timed, row] {
            let ((first, one), (second, other)) = (told(first).await, told(second).await);
            assert!(first == second && one != other, "one state, {one:?} and {other:?}");
            assert!(first.starts_with("W/\""), "{first}");
        }
        let [(first, _), (second, _)] =
            [told(resource(&none, &1)).await, told(resource(&none, &2)).await];
        assert!(first != second && first.starts_with('"'), "{first} {second}");
    }

    #[test]
    fn what_the_client_has_is_not_sent_again_however_it_says_so() {
        let known: [&[&str]; 6] = [
            &["\"7-held\""],
            &["W/\"7-held\""],
            &["\"6-held\", W/\"7-held\""],
            &["\"6-held\"", "\"7-held\""],
            &["*"],
            &["\"6-held\" ,  * "],
        ];
        for lines in known {
            assert_eq!(status(lines), StatusCode::NOT_MODIFIED, "{lines:?}");
        }
    }

    #[test]
    fn what_the_client_does_not_have_is_sent() {
        let other: [&[&str]; 6] =
            [&[], &["\"6-held\""], &["W/\"6-held\""], &["7-held"], &["w/\"7-held\""], &[""]];
        for lines in other {
            assert_eq!(status(lines), StatusCode::OK, "{lines:?}");
        }
    }
}
