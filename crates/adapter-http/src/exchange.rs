//! One request and its answer.

use crate::failed::Failed;
use crate::target::Target;
use admitone_app::ports::webhooks::Letter;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
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

/// The status of an answer. What its body says, or that it does not end, changes nothing; a connection
/// on which it did end is kept.
pub(crate) async fn status(answer: Response<Incoming>) -> u16 {
    let status = answer.status().as_u16();
    let _ = tokio::time::timeout(BODY_WAIT, drain(answer)).await;
    status
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
