//! The routes, as the documentation of Toss Payments has them, and three that the real one does
//! not have: what a buyer does in the browser, the page where it is done, and the ledger.

use crate::FakeGateway;
use crate::ledger::{Cancelled, Session, Taken};
use crate::manner::Manner;
use crate::page;
use crate::webhook;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// Forces an error before anything is looked at.
const TEST_CODE: &str = "tosspayments-test-code";

pub(crate) fn router(gateway: FakeGateway) -> Router {
    Router::new()
        .route("/v1/payments", post(agree))
        .route("/v1/payments/confirm", post(confirm))
        .route("/v1/payments/{key}/cancel", post(cancel))
        .route("/v1/payments/{key}", get(of_key))
        .route("/v1/payments/orders/{order}", get(of_order))
        .route("/ledger", get(ledger))
        .route("/pay", get(page::pay))
        .with_state(gateway)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancel {
    cancel_reason: String,
    cancel_amount: Option<i64>,
}

/// A buyer agrees to pay: what the real one's own page does.
async fn agree(State(gateway): State<FakeGateway>, body: Bytes) -> Response<Body> {
    let Ok(session) = serde_json::from_slice::<Session>(&body) else {
        return failed(StatusCode::BAD_REQUEST, "INVALID_REQUEST");
    };
    let mut ledger = gateway.ledger();
    let key = session.payment_key.clone();
    if ledger.agree(session).is_err() {
        return failed(StatusCode::INTERNAL_SERVER_ERROR, "FAILED_INTERNAL_SYSTEM_PROCESSING");
    }
    ledger.session(&key).map_or_else(unanswered, |session| known(session, "IN_PROGRESS"))
}

async fn confirm(
    State(gateway): State<FakeGateway>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    to_its_end(&gateway, confirmed(gateway.clone(), headers, body)).await
}

/// What was begun is done, though whoever asked may have gone: so it is with money.
async fn to_its_end(
    gateway: &FakeGateway,
    answer: impl Future<Output = Response<Body>> + Send + 'static,
) -> Response<Body> {
    gateway.0.tasks.spawn(answer).await.unwrap_or_else(|_| unanswered())
}

async fn confirmed(gateway: FakeGateway, headers: HeaderMap, body: Bytes) -> Response<Body> {
    if let Some(refused) = refused(&gateway, &headers) {
        return refused;
    }
    let Ok(asked) = serde_json::from_slice::<Session>(&body) else {
        return failed(StatusCode::BAD_REQUEST, "INVALID_REQUEST");
    };
    let manner = Manner::of(&asked.payment_key);
    // Whoever comes here without having agreed has agreed by that: tests need not say it twice.
    let agreed = gateway.ledger().agree(asked.clone());
    let count = gateway.ledger().count(&asked.payment_key, "confirm");
    gateway.0.clock.sleep_ms(manner.delay_ms).await;
    if count <= manner.lost {
        return unanswered();
    }
    if count <= manner.trouble || agreed.is_err() {
        return failed(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN_PAYMENT_ERROR");
    }
    if let Some(code) = &manner.decline {
        return failed(StatusCode::FORBIDDEN, code);
    }
    if let Some(late_ms) = manner.late_ms {
        take_late(&gateway, &asked, late_ms);
        return failed(StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT_SESSION");
    }
    take(&gateway, &asked, &manner)
}

/// Takes the money, unless it has it.
fn take(gateway: &FakeGateway, asked: &Session, manner: &Manner) -> Response<Body> {
    let key = asked.payment_key.as_str();
    let mut ledger = gateway.ledger();
    if let Some(taken) = ledger.find(key) {
        let is_this = taken.order_id == asked.order_id && taken.cancels.is_empty();
        return if is_this {
            done(taken)
        } else {
            failed(StatusCode::BAD_REQUEST, "ALREADY_PROCESSED_PAYMENT")
        };
    }
    if ledger.session(key).is_some_and(|agreed| agreed != asked) {
        return failed(StatusCode::BAD_REQUEST, "INVALID_REQUEST");
    }
    if ledger.of_order(&asked.order_id).is_some() {
        return failed(StatusCode::BAD_REQUEST, "DUPLICATED_ORDER_ID");
    }
    if ledger.take(key, &asked.order_id, asked.amount + manner.more).is_err() {
        return failed(StatusCode::INTERNAL_SERVER_ERROR, "FAILED_INTERNAL_SYSTEM_PROCESSING");
    }
    let times = if manner.is_told_twice { 2 } else { 1 };
    webhook::tell(gateway, key, &asked.order_id, "DONE", times);
    if manner.is_silent {
        return unanswered();
    }
    ledger.find(key).map_or_else(unanswered, done)
}

/// It is taken when nobody expects it any more.
fn take_late(gateway: &FakeGateway, asked: &Session, late_ms: u64) {
    let (later, gateway) = (gateway.clone(), gateway.clone());
    let (key, order, amount) = (asked.payment_key.clone(), asked.order_id.clone(), asked.amount);
    later.0.tasks.spawn(async move {
        gateway.0.clock.sleep_ms(late_ms).await;
        if gateway.ledger().take(&key, &order, amount).is_ok() {
            webhook::tell(&gateway, &key, &order, "DONE", 1);
        }
    });
}

async fn cancel(
    State(gateway): State<FakeGateway>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    to_its_end(&gateway, cancelled(gateway.clone(), key, headers, body)).await
}

async fn cancelled(
    gateway: FakeGateway,
    key: String,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if let Some(refused) = refused(&gateway, &headers) {
        return refused;
    }
    let Ok(asked) = serde_json::from_slice::<Cancel>(&body) else {
        return failed(StatusCode::BAD_REQUEST, "INVALID_REQUEST");
    };
    let manner = Manner::of(&key);
    let count = gateway.ledger().count(&key, "cancel");
    gateway.0.clock.sleep_ms(manner.delay_ms).await;
    if manner.is_kept {
        return failed(StatusCode::FORBIDDEN, "NOT_CANCELABLE_PAYMENT");
    }
    let again = idempotency_key(&headers);
    let answer = give_back(&gateway, &key, asked, again);
    if count <= manner.quiet { unanswered() } else { answer }
}

fn give_back(
    gateway: &FakeGateway,
    key: &str,
    asked: Cancel,
    again: Option<String>,
) -> Response<Body> {
    let mut ledger = gateway.ledger();
    let Some(taken) = ledger.find(key) else {
        return failed(StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT");
    };
    if again.is_some() && taken.cancels.iter().any(|one| one.key == again) {
        return done(taken);
    }
    let (balance, order) = (taken.balance(), taken.order_id.clone());
    if balance == 0 {
        return failed(StatusCode::BAD_REQUEST, "ALREADY_CANCELED_PAYMENT");
    }
    let cancel_amount = asked.cancel_amount.unwrap_or(balance);
    if cancel_amount <= 0 || cancel_amount > balance {
        return failed(StatusCode::FORBIDDEN, "NOT_CANCELABLE_AMOUNT");
    }
    let cancelled = Cancelled { cancel_amount, cancel_reason: asked.cancel_reason, key: again };
    if ledger.cancel(key, cancelled).is_err() {
        return failed(StatusCode::INTERNAL_SERVER_ERROR, "FAILED_REFUND_PROCESS");
    }
    let status = if cancel_amount == balance { "CANCELED" } else { "PARTIAL_CANCELED" };
    webhook::tell(gateway, key, &order, status, 1);
    ledger.find(key).map_or_else(unanswered, done)
}

async fn of_key(
    State(gateway): State<FakeGateway>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    if let Some(refused) = refused(&gateway, &headers) {
        return refused;
    }
    let manner = Manner::of(&key);
    gateway.ledger().count(&key, "find");
    gateway.0.clock.sleep_ms(manner.delay_ms).await;
    let ledger = gateway.ledger();
    let status = match &manner {
        Manner { decline: Some(_), .. } => "ABORTED",
        Manner { late_ms: Some(_), .. } => "EXPIRED",
        _ => "IN_PROGRESS",
    };
    match (ledger.find(&key), ledger.session(&key)) {
        (Some(taken), _) => done(taken),
        (None, Some(session)) => known(session, status),
        (None, None) => failed(StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT"),
    }
}

async fn of_order(
    State(gateway): State<FakeGateway>,
    Path(order): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    if let Some(refused) = refused(&gateway, &headers) {
        return refused;
    }
    match gateway.ledger().of_order(&order) {
        Some(taken) => done(taken),
        None => failed(StatusCode::NOT_FOUND, "NOT_FOUND_PAYMENT"),
    }
}

/// What was really taken and given back.
async fn ledger(State(gateway): State<FakeGateway>) -> Json<Value> {
    let ledger = gateway.ledger();
    let payments: Vec<&Taken> = ledger.payments().collect();
    let balance: i64 = payments.iter().map(|taken| taken.balance()).sum();
    Json(json!({ "payments": payments, "balance": balance }))
}

fn done(taken: &Taken) -> Response<Body> {
    let balance = taken.balance();
    let status = match balance {
        0 => "CANCELED",
        _ if taken.cancels.is_empty() => "DONE",
        _ => "PARTIAL_CANCELED",
    };
    Json(json!({
        "paymentKey": taken.payment_key,
        "orderId": taken.order_id,
        "status": status,
        "currency": "KRW",
        "totalAmount": taken.amount,
        "balanceAmount": balance,
        "cancels": taken.cancels,
    }))
    .into_response()
}

/// A payment of which nothing was taken.
fn known(session: &Session, status: &str) -> Response<Body> {
    Json(json!({
        "paymentKey": session.payment_key,
        "orderId": session.order_id,
        "status": status,
        "currency": "KRW",
        "totalAmount": session.amount,
        "balanceAmount": session.amount,
    }))
    .into_response()
}

fn failed(status: StatusCode, code: &str) -> Response<Body> {
    (status, Json(json!({ "code": code, "message": "as its key says" }))).into_response()
}

/// An answer that breaks off: whoever asked knows nothing.
fn unanswered() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Bytes, std::io::Error>(std::io::ErrorKind::ConnectionReset.into())
    });
    Response::new(Body::from_stream(broken))
}

/// The error that is forced, or that of credentials which are not ours.
fn refused(gateway: &FakeGateway, headers: &HeaderMap) -> Option<Response<Body>> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = text(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Basic "));
    let ours = STANDARD.encode(format!("{}:", gateway.0.options.secret_key));
    if given != Some(&ours) {
        return Some(failed(StatusCode::UNAUTHORIZED, "UNAUTHORIZED_KEY"));
    }
    if idempotency_key(headers).is_some_and(|key| key.len() > 300) {
        return Some(failed(StatusCode::BAD_REQUEST, "INVALID_IDEMPOTENCY_KEY"));
    }
    text(TEST_CODE).map(|code| failed(StatusCode::BAD_REQUEST, code))
}

fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}
