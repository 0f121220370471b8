//! One request and its answer.

use crate::failed::Failed;
use crate::target::Target;
use admitone_app::ports::webhooks::{Answered, Letter};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, DATE, HOST, HeaderMap, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response};
use std::time::Duration;

/// Of the body so much is read and thrown away: whoever answers more is cut off.
const BODY_MAX_BYTES: usize = 16 * 1024;
/// And not longer than this.
const BODY_WAIT: Duration = Duration::from_millis(500);

/// What is asked of a target.
pub(crate) fn request(target: &Target, letter: &Letter) -> Result<Request<Full<Bytes>>, Failed> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(target.uri())
        .header(HOST, &target.authority)
        .header(USER_AGENT, concat!("admitone/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "*/*");
    for (name, value) in &letter.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(Bytes::from(letter.body.clone())));
    request.map_err(|error| Failed::Request(error.to_string()))
}

/// What the head of an answer says. What its body says, or that it does not end, changes nothing; a connection
/// on which it did end is kept.
pub(crate) async fn answered(answer: Response<Incoming>) -> Answered {
    let status = answer.status().as_u16();
    let not_within_ms = not_within_ms(answer.headers());
    let _ = tokio::time::timeout(BODY_WAIT, drain(answer)).await;
    Answered { status, not_within_ms }
}

/// How long nothing is to be asked, by `Retry-After`: seconds, or a date, which is as far away as the date of the answer
/// itself says: whose clock is right is not asked. A date that has passed asks for nothing.
fn not_within_ms(headers: &HeaderMap) -> Option<u64> {
    let said = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let retry = said(RETRY_AFTER)?;
    if let Ok(seconds) = retry.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let until = httpdate::parse_http_date(retry).ok()?;
    let now = httpdate::parse_http_date(said(DATE)?).ok()?;
    u64::try_from(until.duration_since(now).ok()?.as_millis()).ok()
}

async fn drain(answer: Response<Incoming>) {
    let mut body = answer.into_body();
    let mut read = 0;
    while read < BODY_MAX_BYTES {
        match body.frame().await {
            Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn an_answer_says_in_seconds_or_with_a_date_when_it_may_be_asked_again() {
        let now = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        for (said, not_within) in [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60_000)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let value = HeaderValue::from_static(said);
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value), (DATE, now.clone())]);
            assert_eq!(not_within_ms(&headers), not_within, "{said}");
        }
        assert_eq!(not_within_ms(&HeaderMap::new()), None);
        let value = HeaderValue::from_static("Sun, 06 Nov 1994 08:50:37 GMT");
        let undated = HeaderMap::from_iter([(RETRY_AFTER, value)]);
        assert_eq!(not_within_ms(&undated), None, "nobody knows how far away that is");
    }
}
