//! Problems as RFC 9457 has them. The one place where refusals and trouble meet a status.
//!
//! A program goes by `code`, which never changes; a person reads `detail`, which says what to do.

mod context;
mod responses;

use context::{context_of, detail_of};
pub(crate) use responses::Problems;

use crate::codes;
use crate::commands::CommandView;
use crate::reply::REPLAYED;
use crate::request_id;
use admitone_app::logbook::Unsure;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Refusal;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not done, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Where this code is explained.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "/docs/problems#SEAT_TAKEN")]
    pub type_: Box<str>,
    /// The status in words.
    #[schema(example = "Conflict")]
    pub title: &'static str,
    /// The status.
    #[schema(example = 409)]
    pub status: u16,
    /// The stable name to go by.
    #[schema(example = "SEAT_TAKEN")]
    pub code: &'static str,
    /// What happened and what to do.
    pub detail: String,
    /// Whether the same request may go well later.
    pub retryable: bool,
    /// What exactly failed: seats that are taken, a limit, a balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub context: Option<Box<serde_json::Value>>,
    /// After how many seconds to try again.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
    /// Whether it was answered before under this key.
    #[serde(skip)]
    pub replayed: bool,
    /// No problem at all: the command is accepted and has no answer yet. It stands here because it
    /// too ends a handler before its end. The second says whether that was preferred.
    #[serde(skip)]
    pub(crate) accepted: Option<Box<(CommandView, bool)>>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            type_: format!("{}#{code}", codes::PATH).into(),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            retryable: false,
            context: None,
            retry_after_s: None,
            replayed: false,
            accepted: None,
        }
    }

    /// The request is malformed; `detail` says where.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", detail)
    }

    /// The header `Idempotency-Key` is missing or malformed.
    pub fn key_required() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "IDEMPOTENCY_KEY_REQUIRED",
            "send a header Idempotency-Key of 1 to 255 visible ASCII characters, another for \
             each wish and the same for its repetitions",
        )
    }

    /// The same key came with another request before.
    pub fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED",
            "this Idempotency-Key was used for another request: use a new one",
        )
    }

    /// The credentials are missing or wrong.
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHENTICATED",
            "send a header Authorization: Bearer with a token of this house; \
             POST /api/v1/users gives one",
        )
    }

    /// The caller may not do this.
    pub fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail)
    }

    /// There is no such thing, or it is somebody else's.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("there is no such {what}"))
    }

    /// The path exists, the method does not.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            "this path does not know this method: see /api-docs",
        )
    }

    /// The body did not arrive in time.
    pub fn timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "the body came too slowly")
    }

    /// It took longer than an answer may take.
    pub fn not_answered() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NOT_ANSWERED",
            "this took too long: whether it was done is not known, so ask again with the same key",
        )
        .temporary(2)
    }

    /// The body is too large.
    pub fn too_large(max_bytes: usize) -> Self {
        let detail = format!("a body may have at most {max_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
    }

    /// The body is not JSON by its type.
    pub fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "send the body as application/json",
        )
    }

    /// Accounts are opened elsewhere.
    pub fn accounts_closed() -> Self {
        let detail = "this house opens no accounts: come with a token of its identity provider";
        Self::new(StatusCode::FORBIDDEN, "ACCOUNTS_CLOSED", detail)
    }

    /// Wallets are charged by operators.
    pub fn self_charge_off() -> Self {
        let detail = "buyers do not charge wallets in this house: an operator does";
        Self::new(StatusCode::FORBIDDEN, "SELF_CHARGE_OFF", detail)
    }

    /// The room does not let anybody in at the moment.
    pub fn room_closed() -> Self {
        let detail = "the waiting room takes nobody at the moment";
        Self::new(StatusCode::CONFLICT, "ROOM_CLOSED", detail)
    }

    /// The place in the line is over; joining again gives a new one.
    pub fn place_gone() -> Self {
        let detail = "this place is over: join the waiting room again";
        Self::new(StatusCode::GONE, "PLACE_GONE", detail)
    }

    /// Nothing can be sold at the moment, whatever the trouble is: send nobody here.
    pub fn not_ready(trouble: &Trouble) -> Self {
        tracing::warn!(%trouble, "the house is not ready");
        let detail = "nothing can be sold here at the moment; the log says why";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", detail).temporary(5)
    }

    /// A gateway took nothing.
    pub fn declined(code: &str, payment: &str) -> Self {
        let detail = "the payment was declined and nothing was charged: the seats are yours until \
                      the hold ends, so try another way with a new order";
        Self::new(StatusCode::PAYMENT_REQUIRED, "PAYMENT_DECLINED", detail)
            .with(serde_json::json!({ "provider_code": code, "payment": payment }))
    }

    /// The money came when the seats were somebody else's.
    pub fn payment_too_late(payment: &str) -> Self {
        let detail = "the payment came when the seats were gone: all of it goes back";
        Self::new(StatusCode::CONFLICT, "PAYMENT_TOO_LATE", detail)
            .with(serde_json::json!({ "payment": payment }))
    }

    /// The house has no gateway.
    pub fn no_gateway() -> Self {
        let detail = "this house takes no payments through a gateway: pay from the wallet";
        Self::new(StatusCode::CONFLICT, "GATEWAY_OFF", detail)
    }

    /// Asked too often.
    pub fn rate_limited(class: &'static str, wait_us: u64) -> Self {
        let detail = "this was asked too often and nothing was done: try again after Retry-After";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", detail);
        let seconds = u32::try_from(wait_us.div_ceil(1_000_000)).unwrap_or(u32::MAX);
        problem.temporary(seconds.max(1)).with(serde_json::json!({ "limit": class }))
    }

    /// A queue cannot do what an operator wants of it.
    pub(crate) fn queue_cannot(detail: String) -> Self {
        Self::new(StatusCode::CONFLICT, "QUEUE_CANNOT", detail)
    }

    /// An endpoint of webhooks cannot do what an operator wants of it.
    pub(crate) fn endpoint_cannot(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "ENDPOINT_CANNOT", detail)
    }

    /// A rehearsal cannot be what an operator wants of it.
    pub(crate) fn drill_cannot(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "DRILL_CANNOT", detail)
    }

    /// Nobody sends notices to buyers.
    pub(crate) fn notices_off() -> Self {
        let detail = "this house sends no notices to buyers: set `notices.url`";
        Self::new(StatusCode::CONFLICT, "NOTICES_OFF", detail)
    }

    /// This instance closes; another one answers.
    pub fn closing() -> Self {
        let detail =
            "this instance is being closed and nothing was done: try again with the same key";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "CLOSING", detail).temporary(1)
    }

    /// With what exactly failed.
    #[must_use]
    pub fn with(mut self, context: serde_json::Value) -> Self {
        self.context = Some(Box::new(context));
        self
    }

    fn temporary(mut self, retry_after_s: u32) -> Self {
        self.retryable = true;
        self.retry_after_s = Some(retry_after_s);
        self
    }
}

impl Unsure for Problem {
    /// What was only accepted has a status of this kind, too, as long as it is here.
    fn is_unsure(&self) -> bool {
        self.status >= 500
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::new(status_of(&refusal), refusal.code(), detail_of(&refusal));
        problem.retryable = refusal.may_pass();
        let problem = match refusal {
            Refusal::AllHeld { .. } | Refusal::GroupsTaken => problem.temporary(5),
            Refusal::DeadlinePassed => problem.temporary(1),
            Refusal::PaymentInProgress | Refusal::RefundOwed => problem.temporary(2),
            _ => problem,
        };
        match context_of(&refusal) {
            serde_json::Value::Null => problem,
            context => problem.with(context),
        }
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::AdmissionRequired
        | Refusal::AdmissionExpired
        | Refusal::SaleNotOpen
        | Refusal::SaleClosed
        | Refusal::OwnerNeeded => StatusCode::FORBIDDEN,
        Refusal::UnknownShow(_)
        | Refusal::UnknownSeat(_)
        | Refusal::UnknownTicketType(_)
        | Refusal::UnknownReservation
        | Refusal::UnknownItem
        | Refusal::UnknownPayment
        | Refusal::UnknownParent => StatusCode::NOT_FOUND,
        Refusal::SeatTaken(_)
        | Refusal::GroupsTaken
        | Refusal::SoldOut { .. }
        | Refusal::AllHeld { .. }
        | Refusal::InvalidState
        | Refusal::ExtensionLimit { .. }
        | Refusal::AlreadyPaid
        | Refusal::InsufficientFunds { .. }
        | Refusal::NotRefundable { .. }
        | Refusal::RefundedElsewhere
        | Refusal::CapacityInUse { .. }
        | Refusal::SeatExists
        | Refusal::WalletNotEmpty { .. }
        | Refusal::PaymentInProgress
        | Refusal::TicketUsed { .. }
        | Refusal::RefundOwed
        | Refusal::AlreadyRefunded
        | Refusal::WalletClosed
        | Refusal::SeatBlocked
        | Refusal::SeatPrice { .. }
        | Refusal::NoSeat
        | Refusal::AccountExists => StatusCode::CONFLICT,
        Refusal::HoldExpired => StatusCode::GONE,
        Refusal::VersionConflict { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::RepeatedSeat(_)
        | Refusal::Empty
        | Refusal::LimitPerReservation { .. }
        | Refusal::LimitPerBuyer { .. }
        | Refusal::InvalidAmount
        | Refusal::AmountOverflow
        | Refusal::AmountMismatch { .. }
        | Refusal::CurrencyMismatch
        | Refusal::InvalidWindow => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::DeadlinePassed => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        // What exactly is wrong inside is for the log, not for the buyer.
        let request_id = request_id::current();
        tracing::warn!(%trouble, request_id, "a request met trouble");
        match trouble.kind {
            TroubleKind::Conflict | TroubleKind::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "BUSY",
                "too much is asked at once: nothing was done, try again with the same key",
            )
            .temporary(1),
            TroubleKind::Unavailable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "UNAVAILABLE",
                "the store cannot be reached or written: try again with the same key",
            )
            .temporary(5),
            TroubleKind::Fenced | TroubleKind::Inconsistent | TroubleKind::Astray(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                "something is wrong inside; the log says what",
            ),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        if let Some(accepted) = self.accepted {
            let (view, preferred) = *accepted;
            return view.into_accepted(preferred);
        }
        metrics::counter!("admitone_refusals_total", "code" => self.code).increment(1);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code_and_names_what_failed() {
        let problem = Problem::from(Refusal::SeatTaken(vec![admitone_domain::id::SeatId(7)]));
        assert_eq!((problem.status, problem.code), (409, "SEAT_TAKEN"));
        assert_eq!(problem.context.as_deref(), Some(&serde_json::json!({ "seats": ["seat_7"] })));
    }

    /// Each refusal leads to the next one, so that a new one cannot be forgotten here.
    fn after(refusal: &Refusal) -> Option<Refusal> {
        use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
        use admitone_domain::{Moment, Money};
        Some(match refusal {
            Refusal::AdmissionRequired => Refusal::AdmissionExpired,
            Refusal::AdmissionExpired => Refusal::UnknownShow(ShowId(1)),
            Refusal::UnknownShow(_) => Refusal::UnknownSeat(vec![SeatId(1)]),
            Refusal::UnknownSeat(_) => Refusal::UnknownTicketType(TicketTypeId(1)),
            Refusal::UnknownTicketType(_) => Refusal::RepeatedSeat(vec![SeatId(1)]),
            Refusal::RepeatedSeat(_) => Refusal::Empty,
            Refusal::Empty => Refusal::SaleNotOpen,
            Refusal::SaleNotOpen => Refusal::SaleClosed,
            Refusal::SaleClosed => Refusal::LimitPerReservation { max: 1 },
            Refusal::LimitPerReservation { .. } => Refusal::LimitPerBuyer { max: 1, taken: 1 },
            Refusal::LimitPerBuyer { .. } => Refusal::SeatTaken(vec![SeatId(1)]),
            Refusal::SeatTaken(_) => Refusal::GroupsTaken,
            Refusal::GroupsTaken => Refusal::SoldOut { left: 0 },
            Refusal::SoldOut { .. } => Refusal::AllHeld { left: 0 },
            Refusal::AllHeld { .. } => Refusal::UnknownReservation,
            Refusal::UnknownReservation => Refusal::UnknownItem,
            Refusal::UnknownItem => Refusal::HoldExpired,
            Refusal::HoldExpired => Refusal::InvalidState,
            Refusal::InvalidState => Refusal::ExtensionLimit { max: 1 },
            Refusal::ExtensionLimit { .. } => Refusal::AlreadyPaid,
            Refusal::AlreadyPaid => Refusal::InvalidAmount,
            Refusal::InvalidAmount => Refusal::AmountOverflow,
            Refusal::AmountOverflow => Refusal::AmountMismatch { price: Money(1) },
            Refusal::AmountMismatch { .. } => Refusal::CurrencyMismatch,
            Refusal::CurrencyMismatch => {
                Refusal::InsufficientFunds { balance: Money(1), needed: Money(2) }
            }
            Refusal::InsufficientFunds { .. } => Refusal::UnknownPayment,
            Refusal::UnknownPayment => Refusal::NotRefundable { refundable: Money(1) },
            Refusal::NotRefundable { .. } => Refusal::RefundedElsewhere,
            Refusal::RefundedElsewhere => Refusal::VersionConflict { version: 1 },
            Refusal::VersionConflict { .. } => Refusal::UnknownParent,
            Refusal::UnknownParent => Refusal::InvalidWindow,
            Refusal::InvalidWindow => Refusal::CapacityInUse { used: 1 },
            Refusal::CapacityInUse { .. } => Refusal::SeatExists,
            Refusal::SeatExists => Refusal::AccountExists,
            Refusal::AccountExists => Refusal::WalletNotEmpty { balance: Money(1) },
            Refusal::WalletNotEmpty { .. } => Refusal::PaymentInProgress,
            Refusal::PaymentInProgress => Refusal::TicketUsed { at: Moment(1) },
            Refusal::TicketUsed { .. } => Refusal::RefundOwed,
            Refusal::RefundOwed => Refusal::AlreadyRefunded,
            Refusal::AlreadyRefunded => Refusal::OwnerNeeded,
            Refusal::OwnerNeeded => Refusal::WalletClosed,
            Refusal::WalletClosed => Refusal::SeatBlocked,
            Refusal::SeatBlocked => Refusal::SeatPrice { price: Money(2), paid: Money(1) },
            Refusal::SeatPrice { .. } => Refusal::NoSeat,
            Refusal::NoSeat => Refusal::DeadlinePassed,
            Refusal::DeadlinePassed => return None,
        })
    }

    #[test]
    fn a_refusal_is_kept_exactly_when_it_is_not_said_to_be_retryable() {
        let all = std::iter::successors(Some(Refusal::AdmissionRequired), after);
        let mut retryable = Vec::new();
        for refusal in all {
            let problem = Problem::from(refusal.clone());
            assert_eq!(problem.retryable, !refusal.is_kept(), "{}", problem.code);
            let says_when = problem.retry_after_s.is_some();
            assert!(problem.retryable || !says_when, "{}", problem.code);
            retryable.extend(problem.retryable.then_some(problem.code));
        }
        let expected = [
            "ADMISSION_REQUIRED",
            "ADMISSION_EXPIRED",
            "SALE_NOT_OPEN",
            "GROUPS_TAKEN",
            "ALL_HELD",
            "PAYMENT_IN_PROGRESS",
            "REFUND_OWED",
            "DEADLINE_PASSED",
        ];
        assert_eq!(retryable, expected);
    }

    /// All problems that are no refusals.
    fn made_here() -> Vec<Problem> {
        let trouble = |kind| Trouble::new(kind, "test", "");
        let kinds = [TroubleKind::Busy, TroubleKind::Unavailable, TroubleKind::Inconsistent];
        let mut all = Vec::from(kinds.map(|kind| Problem::from(trouble(kind))));
        all.extend([
            Problem::invalid(""),
            Problem::key_required(),
            Problem::key_reused(),
            Problem::unauthenticated(),
            Problem::forbidden(""),
            Problem::not_found(""),
            Problem::method_not_allowed(),
            Problem::timeout(),
            Problem::not_answered(),
            Problem::too_large(1),
            Problem::media_type(),
            Problem::accounts_closed(),
            Problem::self_charge_off(),
            Problem::room_closed(),
            Problem::place_gone(),
            Problem::closing(),
            Problem::rate_limited("sale", 1),
            Problem::not_ready(&trouble(TroubleKind::Inconsistent)),
        ]);
        all
    }

    #[test]
    fn the_type_of_every_problem_leads_to_an_anchor() {
        let refusals = std::iter::successors(Some(Refusal::AdmissionRequired), after);
        for problem in refusals.map(Problem::from).chain(made_here()) {
            assert!(codes::tests::leads_somewhere(&problem.type_), "{}", problem.type_);
        }
    }

    #[test]
    fn who_needs_a_pass_is_told_where_it_goes() {
        let told = Problem::from(Refusal::AdmissionRequired);
        assert!(told.detail.contains("header queue-token"), "{}", told.detail);
    }

    #[test]
    fn what_is_wrong_inside_is_not_told_outside() {
        let inside = Trouble::new(TroubleKind::Inconsistent, "load", "row 17 of /var/secret");
        let told = Problem::from(inside);
        assert_eq!(told.status, 500);
        assert!(!told.detail.contains("secret"));
    }

    #[test]
    fn what_may_go_well_later_says_when() {
        let response = Problem::from(Trouble::new(TroubleKind::Busy, "submit", "")).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
