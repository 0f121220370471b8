//! Whether the house lives and is ready, its figures, and the no-op routes of the benchmark.

use crate::ask;
use crate::figures;
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::server::Doors;
use admitone_app::BoxOffice;
use admitone_domain::Key;
use admitone_domain::id::ShowId;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the house is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct HealthView {
    /// `live` or `ready`.
    pub(crate) status: &'static str,
}

/// Whether the process lives
#[utoipa::path(get, path = "/health/live", operation_id = "read_liveness", tag = "health",
    responses((status = 200, body = HealthView)))]
pub(crate) async fn live() -> Response<Body> {
    reply::json(StatusCode::OK, &HealthView { status: "live" })
}

/// Whether the house sells: the store answers, takes batches, somebody settles them, and it is not
/// about to close
#[utoipa::path(get, path = "/health/ready", operation_id = "read_readiness", tag = "health",
    responses((status = 200, body = HealthView), Problems))]
pub(crate) async fn ready(State(house): State<House>) -> Result<Response<Body>, Problem> {
    check(&house.office, &house.doors).await?;
    Ok(reply::json(StatusCode::OK, &HealthView { status: "ready" }))
}

/// Whether commands would be settled, and whoever looks may still come.
pub(crate) async fn check(office: &BoxOffice, doors: &Doors) -> Result<(), Problem> {
    if doors.leaving.is_cancelled() {
        return Err(Problem::closing());
    }
    office.delivery.check().await.map_err(|trouble| Problem::not_ready(&trouble))?;
    office.row(Key::Show(ShowId(0))).await.map_err(|trouble| Problem::not_ready(&trouble))?;
    Ok(())
}

/// The figures, for Prometheus
#[utoipa::path(get, path = "/metrics", operation_id = "read_metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub(crate) async fn read_figures(State(house): State<House>) -> String {
    figures::publish(&house);
    house.metrics.render()
}

/// The body of the no-op POST: that of a hold.
#[derive(Debug, Deserialize)]
struct NoopRequest {
    show: String,
    seats: Vec<String>,
}

/// `GET /bench/noop`: 60 bytes of JSON, for ratios.
pub(crate) async fn noop_get() -> Response<Body> {
    const BODY: &[u8] = br#"{"ok":true,"what":"a small answer of some sixty bytes here"}"#;
    reply::bytes(StatusCode::OK, Bytes::from_static(BODY))
}

/// `GET /bench/noop/{bytes}`: so many bytes, for ratios.
pub(crate) async fn noop_sized(Path(size): Path<usize>) -> Response<Body> {
    static ZEROS: [u8; 1 << 20] = [b'0'; 1 << 20];
    reply::bytes(StatusCode::OK, Bytes::from_static(&ZEROS[..size.min(ZEROS.len())]))
}

/// `POST /bench/noop`: parses a hold and does nothing, for ratios.
pub(crate) async fn noop_post(request: Request) -> Result<Response<Body>, Problem> {
    let (headers, body) = ask::body(request).await?;
    let NoopRequest { show, seats } = ask::parse(&headers, &body)?;
    let said = serde_json::json!({ "ok": true, "show": show, "seats": seats });
    Ok(reply::json(StatusCode::CREATED, &said))
}

/// How far.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct MoveQuery {
    by_ms: i64,
}

/// `POST /bench/clock`: moves the wall clock that this process sees, for the laboratory.
pub(crate) async fn move_clock(
    State(house): State<House>,
    Query(query): Query<MoveQuery>,
) -> Response<Body> {
    if let Some(clock) = &house.movable_clock {
        clock.move_wall_ms(query.by_ms);
    }
    reply::json(StatusCode::OK, &serde_json::json!({ "moved_ms": query.by_ms }))
}

/// From which transaction on.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ObservedQuery {
    after: u64,
}

/// `GET /bench/observed`: what transactions read and wrote, for the laboratory.
pub(crate) async fn observed(
    State(house): State<House>,
    Query(query): Query<ObservedQuery>,
) -> Response<Body> {
    const PAGE: usize = 2_000;
    let found = house.observed.as_ref().map(|observed| observed.after(query.after, PAGE));
    let (transactions, dropped) = found.unwrap_or_default();
    let said = serde_json::json!({ "transactions": transactions, "dropped": dropped });
    reply::json(StatusCode::OK, &said)
}
