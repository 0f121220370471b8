//! What an endpoint is sent.

use super::signature::sign;
use crate::events::Envelope;
use crate::ports::webhooks::{Endpoint, Letter};
use admitone_domain::Moment;
use serde_json::json;

/// The type of a message that tells of nothing.
pub const TRIAL: &str = "endpoint.tested";

/// The body of the message about an event: `{type, timestamp, data}`. `base` is the address under
/// which the house is reached, without a slash at its end; empty makes links without a host.
pub(super) fn body(event: &Envelope, base: &str) -> String {
    let (aggregate, id) = event.subject();
    let mut data = event.data();
    data["id"] = json!(id);
    data["aggregate"] = json!(aggregate);
    data["version"] = json!(event.event.version);
    data["link"] = json!(link(aggregate, &id).map(|path| format!("{base}{path}")));
    let message = json!({
        "type": event.kind(),
        "timestamp": event.event.at.to_string(),
        "data": data,
    });
    message.to_string()
}

/// Where an operator reads what it is about; what cannot be read by itself has none.
fn link(aggregate: &str, id: &str) -> Option<String> {
    match aggregate {
        "concert" => Some(format!("/api/v1/concerts/{id}")),
        "show" | "plan" => Some(format!("/api/v1/shows/{id}")),
        "reservation" => Some(format!("/api/v1/operator/reservations/{id}")),
        "room" => Some(format!("/api/v1/operator/rooms/{id}")),
        _ => None,
    }
}

/// The id of the message about an event: the same at every attempt.
pub(super) fn message_id(event: u64) -> String {
    format!("evt_{event}")
}

/// The body of a message that tells of nothing: whether it arrives is what is asked.
pub(super) fn trial(endpoint: &Endpoint, now: Moment) -> String {
    let data = json!({ "id": endpoint_id(endpoint.id) });
    json!({ "type": TRIAL, "timestamp": now.to_string(), "data": data }).to_string()
}

/// The id of an endpoint, as people see it.
pub fn endpoint_id(id: u64) -> String {
    format!("endpoint_{id}")
}

/// A message on its way, signed anew with the time of this attempt.
pub(super) fn letter(endpoint: &Endpoint, id: &str, body: &str, now: Moment) -> Letter {
    let timestamp = now.0.div_euclid(1_000_000);
    let signature = sign(&endpoint.secrets(now), id, timestamp, body.as_bytes());
    let headers = vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature),
    ];
    Letter { url: endpoint.url.clone(), headers, body: body.as_bytes().to_vec() }
}
