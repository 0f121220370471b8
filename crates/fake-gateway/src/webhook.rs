//! Tells whoever listens that the status of a payment changed. As with the real one nothing is
//! signed, and what is told may come twice or never: it is a hint.

use crate::FakeGateway;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

/// So often it is tried, with a second in between.
const TRIES: u32 = 5;
const PAUSE_MS: u64 = 1_000;

/// Tells, without waiting for it.
pub(crate) fn tell(gateway: &FakeGateway, key: &str, order: &str, status: &str, times: u32) {
    let Some(address) = gateway.0.options.webhook.clone() else { return };
    let body = json!({
        "eventType": "PAYMENT_STATUS_CHANGED",
        "createdAt": gateway.0.clock.now().to_string(),
        "data": { "paymentKey": key, "orderId": order, "status": status },
    })
    .to_string();
    for _ in 0..times {
        let (gateway, address, body) = (gateway.clone(), address.clone(), body.clone());
        gateway.0.tasks.clone().spawn(async move {
            for _ in 0..TRIES {
                match post(&address, &body).await {
                    Ok(200..=299) => return,
                    Ok(status) => tracing::debug!(address, status, "the listener did not take it"),
                    Err(error) => tracing::debug!(address, %error, "the listener is away"),
                }
                gateway.0.clock.sleep_ms(PAUSE_MS).await;
            }
        });
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn post(address: &str, body: &str) -> Result<u16, Failed> {
    let rest =
        address.strip_prefix("http://").ok_or("a webhook's address is http://HOST:PORT/…")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(format!("/{path}"))
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))?;
    let answered = async move {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        response.into_body().collect().await?;
        Ok::<_, Failed>(status)
    };
    let (status, _) = tokio::join!(answered, connection);
    status
}
