//! The courier: asks once, on a connection that is kept for what comes next to the same endpoint.

use crate::connector::{Connector, Connects};
use crate::exchange::{answered, request};
use crate::failed::Failed;
use crate::line::Used;
use crate::target::Target;
use crate::tls::{Tls, Trust};
use admitone_app::ports::webhooks::{Answered, Courier, Letter};
use async_trait::async_trait;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::Extensions;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;

/// How requests are sent.
#[derive(Debug, Clone)]
pub struct CourierOptions {
    /// Whether endpoints may be on private addresses, and without TLS.
    pub private_addresses: bool,
    /// How long all of a request may take, in milliseconds.
    pub answer_ms: u64,
    /// Whose certificates are taken.
    pub trust: Trust,
}

/// The largest head of an answer that is read.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// So many connections are kept to a host, and each for so long.
const IDLE_MAX: usize = 8;
const IDLE_WAIT: Duration = Duration::from_secs(20);

/// Sends requests over HTTP.
pub struct HttpCourier {
    connects: Arc<Connects>,
    client: Client<Connector, Full<Bytes>>,
}

impl HttpCourier {
    /// Nothing is resolved or read before it must be.
    pub fn new(options: CourierOptions) -> Self {
        let CourierOptions { private_addresses, answer_ms, trust } = options;
        let wait = Duration::from_millis(answer_ms);
        let tls = Tls::new(trust);
        let connects = Arc::new(Connects { allows_private: private_addresses, wait, tls });
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_WAIT)
            .pool_max_idle_per_host(IDLE_MAX)
            .http1_max_buf_size(HEAD_MAX_BYTES)
            .build(Connector(Arc::clone(&connects)));
        Self { connects, client }
    }

    /// A kept connection that was closed over there while this was on its way says nothing about the
    /// message: it is sent on the next one, at last on a fresh one. Who got it all the same knows it by
    /// its id.
    async fn ask(&self, letter: &Letter) -> Result<Answered, Failed> {
        let target = Target::of(&letter.url, self.connects.allows_private)?;
        loop {
            let (was_kept, answer) = self.exchange(request(&target, letter)?).await;
            match answer {
                Err(Failed::Closed) if was_kept => {}
                Err(failed) => return Err(failed),
                Ok(answer) => return Ok(answered(answer).await),
            }
        }
    }

    /// What was answered, and whether on a connection that was kept.
    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> (bool, Result<Response<Incoming>, Failed>) {
        let line = capture_connection(&mut request);
        let answered = self.client.request(request).await;
        let mut known = Extensions::new();
        if let Some(connected) = line.connection_metadata().as_ref() {
            connected.get_extras(&mut known);
        }
        let used = known.remove::<Used>().unwrap_or_default();
        let was_kept = used.is_noted();
        match answered {
            Ok(answer) => {
                used.note();
                (was_kept, Ok(answer))
            }
            Err(error) => (was_kept, Err(Failed::of(&error))),
        }
    }
}

#[async_trait]
impl Courier for HttpCourier {
    fn check(&self, url: &str) -> Result<(), String> {
        let target = Target::of(url, self.connects.allows_private);
        target.map(drop).map_err(|failed| failed.to_string())
    }

    async fn send(&self, letter: &Letter) -> Result<Answered, String> {
        let wait = self.connects.wait;
        let answered = tokio::time::timeout(wait, self.ask(letter)).await;
        let answered = answered.unwrap_or(Err(Failed::AnsweredTooLate(wait)));
        answered.map_err(|failed| failed.to_string())
    }
}
