//! What a worker without HTTP of its own shows to whoever watches it: whether it lives, whether it can
//! work, and its figures. Nothing can be asked of the sale there.

use crate::health::{self, HealthView};
use crate::problem::Problem;
use crate::reply;
use crate::routes::missing;
use crate::server::Doors;
use admitone_app::BoxOffice;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::Arc;

/// A worker as it is watched.
pub struct Worker {
    /// What it settles in and sends through.
    pub office: BoxOffice,
    /// Renders the figures.
    pub metrics: PrometheusHandle,
    /// How it closes.
    pub doors: Doors,
}

/// `/health/live`, `/health/ready` and `/metrics`, as a house that sells has them.
pub fn router(worker: Worker) -> Router {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(figures))
        .fallback(|| async { missing() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(Arc::new(worker))
}

/// The store and the brokers answer, and it is not about to end.
async fn ready(State(worker): State<Arc<Worker>>) -> Result<Response<Body>, Problem> {
    health::check(&worker.office, &worker.doors).await?;
    Ok(reply::json(StatusCode::OK, &HealthView { status: "ready" }))
}

async fn figures(State(worker): State<Arc<Worker>>) -> String {
    worker.metrics.render()
}
