//! How endpoints and attempts look.

use crate::view::instant;
use admitone_app::ports::webhooks::{Attempt, Endpoint, Replay};
use admitone_app::webhooks::{TRIAL, endpoint_id};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// All endpoints.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EndpointsView {
    /// Each of them.
    pub(crate) data: Vec<EndpointView>,
}

/// An endpoint of webhooks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EndpointView {
    /// Its id.
    #[schema(example = "endpoint_1")]
    pub(crate) id: String,
    /// Its version; send it as `If-Match` with the next change.
    pub(crate) version: u64,
    /// Where it is.
    #[schema(example = "https://shop.example/hooks")]
    pub(crate) url: String,
    /// Of which types of events it is told; of all when it is empty.
    pub(crate) types: Vec<String>,
    /// Whether it is told anything.
    pub(crate) enabled: bool,
    /// Why it is not.
    pub(crate) disabled_because: Option<String>,
    /// What is told again at the moment.
    pub(crate) replays: Vec<ReplayView>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// Who changed it last.
    #[schema(example = "op_1")]
    pub(crate) changed_by: String,
    /// The key of its signatures; only where it was made or changed just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")]
    pub(crate) secret: Option<String>,
}

/// A part of the past that is told again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReplayView {
    /// From which moment on.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// What has not arrived by then is given up.
    #[schema(format = DateTime)]
    pub(crate) until: String,
}

/// An attempt to tell an endpoint of something.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// The id of the message; none of a test.
    #[schema(example = "evt_12")]
    pub(crate) message: Option<String>,
    /// The type of the event.
    #[serde(rename = "type")]
    #[schema(example = "reservation.sold")]
    pub(crate) kind: String,
    /// What was sent.
    #[schema(value_type = Object)]
    pub(crate) body: Value,
    /// The how manyth attempt it was; 0 of what an operator sent.
    pub(crate) attempt: u32,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: u64,
    /// `arrived`, `gone` (the endpoint wants nothing more) or `failed`.
    #[schema(example = "arrived")]
    pub(crate) outcome: &'static str,
    /// The status that was answered, if any was.
    #[schema(example = 204)]
    pub(crate) status: Option<u16>,
    /// What went wrong, where none was.
    pub(crate) error: Option<String>,
    /// When it is tried again, if it is.
    #[schema(format = DateTime)]
    pub(crate) next_at: Option<String>,
}

impl EndpointView {
    pub(crate) fn of(known: &Endpoint) -> Self {
        Self {
            id: endpoint_id(known.id),
            version: known.version,
            url: known.url.clone(),
            types: known.types.clone(),
            enabled: known.disabled.is_none(),
            disabled_because: known.disabled.clone(),
            replays: known.replays.iter().map(ReplayView::of).collect(),
            created_at: instant(known.created_at),
            changed_by: known.changed_by.clone(),
            secret: None,
        }
    }

    pub(crate) fn with_secret(known: &Endpoint) -> Self {
        Self { secret: Some(known.secret.clone()), ..Self::of(known) }
    }
}

impl ReplayView {
    fn of(known: &Replay) -> Self {
        Self { since: instant(known.since), until: instant(known.until) }
    }
}

impl AttemptView {
    pub(crate) fn of(made: Attempt) -> Self {
        let message = (made.kind != TRIAL).then(|| format!("evt_{}", made.event));
        Self {
            message,
            outcome: made.outcome(),
            body: serde_json::from_str(&made.body).unwrap_or_default(),
            kind: made.kind,
            attempt: made.attempt,
            at: instant(made.at),
            took_ms: made.took_ms,
            status: made.status,
            error: made.error,
            next_at: made.next.map(instant),
        }
    }
}
