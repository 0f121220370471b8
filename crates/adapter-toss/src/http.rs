//! One request and its answer, within a time.
//!
//! Nothing is tried again here: what may have been done is asked about, by whoever knows what. So each
//! has a connection of its own: one that was kept may be closed over there while a question is on its
//! way, and then nobody would know.

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

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

impl Error for MalformedAddress {}

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

/// Who asks a gateway.
pub(crate) struct Line {
    address: Address,
    wait: Duration,
    client: Client<HttpConnector, Full<Bytes>>,
}

type Failed = Box<dyn Error + Send + Sync>;

impl Line {
    /// To this address; an answer may take so long.
    pub(crate) fn new(address: Address, wait: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { address, wait, client }
    }

    /// Asks once. None when no answer came, or not in time: then anything may have happened.
    pub(crate) async fn ask(&self, question: Question<'_>) -> Option<Answer> {
        let address = &self.address;
        match tokio::time::timeout(self.wait, self.exchange(question)).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                let error = cause(&*error);
                tracing::warn!(%address, %error, "the payment gateway did not answer");
                None
            }
            Err(_) => {
                tracing::warn!(%address, "the payment gateway did not answer in time");
                None
            }
        }
    }

    async fn exchange(&self, question: Question<'_>) -> Result<Answer, Failed> {
        let mut request = Request::builder()
            .method(question.method)
            .uri(format!("{}{}", self.address, question.path))
            .header(AUTHORIZATION, question.credentials);
        if let Some(key) = question.key {
            request = request.header("Idempotency-Key", key);
        }
        if question.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(Bytes::from(question.body.unwrap_or_default())))?;
        let response = self.client.request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await?;
        Ok(Answer { status, body: body.to_bytes() })
    }
}

/// What was wrong at the bottom: a client says little more than that something was.
fn cause<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(below) = error.source() {
        error = below;
    }
    error
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
