//! One request and its answer on a connection of its own.

use crate::failed::Failed;
use crate::target::Target;
use admitone_app::ports::webhooks::Letter;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// The largest head of an answer that is read.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Of the body so much is read and thrown away, so that who answers little is not cut off.
const BODY_MAX_BYTES: usize = 16 * 1024;
/// And not longer than this.
const BODY_WAIT: Duration = Duration::from_millis(500);

/// Sends a letter and reads the status of the answer.
pub(crate) async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    target: &Target,
    letter: &Letter,
) -> Result<u16, Failed> {
    let request = request(target, letter)?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_MAX_BYTES);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    let answered = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        // What the body says, or that it does not end, changes nothing.
        let _ = tokio::time::timeout(BODY_WAIT, drain(answer)).await;
        Ok(status)
    };
    // The connection is driven here and ends with the answer: nothing of it is left behind.
    tokio::pin!(connection);
    tokio::pin!(answered);
    let mut is_open = true;
    loop {
        tokio::select! {
            answer = &mut answered => return answer,
            _ = &mut connection, if is_open => is_open = false,
        }
    }
}

fn request(target: &Target, letter: &Letter) -> Result<Request<Full<Bytes>>, Failed> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&target.path)
        .header(HOST, &target.authority)
        .header(USER_AGENT, concat!("admitone/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close");
    for (name, value) in &letter.headers {
        request = request.header(*name, value);
    }
    Ok(request.body(Full::new(Bytes::from(letter.body.clone())))?)
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
