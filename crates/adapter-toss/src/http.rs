//! One request and its answer, each on a connection of its own, within a time.
//!
//! Nothing is tried again here: what may have been done is asked about, by whoever knows what.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use tokio::net::TcpStream;

/// The largest answer that is read.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// Where a gateway is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host and port.
    authority: String,
    /// What stands before every path, without a slash at its end.
    base: String,
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MalformedAddress(&'static str);

impl fmt::Display for MalformedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for MalformedAddress {}

impl FromStr for Address {
    type Err = MalformedAddress;

    fn from_str(text: &str) -> Result<Self, MalformedAddress> {
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(MalformedAddress(
                "it must be `http://HOST:PORT`; TLS is added by a proxy on this machine, see \
                 docs/payments.md",
            ));
        };
        let (authority, base) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() || authority.contains(['@', '?', '#', ' ']) {
            return Err(MalformedAddress("it must be `http://HOST:PORT`, without credentials"));
        }
        let port = authority.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
        let authority =
            if port.is_some() { authority.to_owned() } else { format!("{authority}:80") };
        let base = base.trim_end_matches('/');
        let base = if base.is_empty() { String::new() } else { format!("/{base}") };
        Ok(Self { authority, base })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.base)
    }
}

/// What is asked.
pub(crate) struct Question<'a> {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The whole value of the header `Authorization`.
    pub(crate) credentials: &'a str,
    /// Asked again under the same one, it is done once.
    pub(crate) key: Option<String>,
    pub(crate) body: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// Asks once. None when no answer came, or not in time: then anything may have happened.
pub(crate) async fn ask(
    address: &Address,
    question: Question<'_>,
    wait: Duration,
) -> Option<Answer> {
    match tokio::time::timeout(wait, exchange(address, question)).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::warn!(%address, %error, "the payment gateway did not answer");
            None
        }
        Err(_) => {
            tracing::warn!(%address, "the payment gateway did not answer in time");
            None
        }
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(address: &Address, question: Question<'_>) -> Result<Answer, Failed> {
    let stream = TcpStream::connect(&address.authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(question.method)
        .uri(format!("{}{}", address.base, question.path))
        .header(HOST, &address.authority)
        .header(AUTHORIZATION, question.credentials);
    if let Some(key) = question.key {
        request = request.header("Idempotency-Key", key);
    }
    if question.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::new(Bytes::from(question.body.unwrap_or_default())))?;
    let answered = async move {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await?;
        Ok::<_, Failed>(Answer { status, body: body.to_bytes() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_perhaps_a_path() {
        let shown = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(shown("http://127.0.0.1:9090"), Ok("http://127.0.0.1:9090".into()));
        assert_eq!(shown("http://gateway/a/"), Ok("http://gateway:80/a".into()));
        for wrong in ["https://api.example", "gateway:80", "http://", "http://a@b:80", "http://a b"]
        {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }
}
