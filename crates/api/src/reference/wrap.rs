//! The envelope of the booking routes: `success` and `data`, or `success` and `message`.

use crate::problem::Problem;
use crate::reply;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

/// Why a request was not done, in the envelope.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
    /// After how many seconds to try again.
    retry_after_s: Option<u32>,
}

/// Done.
pub(crate) fn success(data: &impl serde::Serialize) -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "success": true, "data": data }))
}

/// Not done.
pub(crate) fn failure(status: StatusCode, message: &str) -> Failure {
    Failure { status, message: message.to_owned(), retry_after_s: None }
}

impl Failure {
    /// No valid token.
    pub(crate) fn unauthorized() -> Self {
        failure(StatusCode::UNAUTHORIZED, "Unauthorized")
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        // These clients know one word for every pass that is missing, over or used up.
        if matches!(problem.code, "ADMISSION_REQUIRED" | "ADMISSION_EXPIRED") {
            return Self::unauthorized();
        }
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
        Self { status, message: problem.detail, retry_after_s: problem.retry_after_s }
    }
}

impl From<admitone_app::Trouble> for Failure {
    fn from(trouble: admitone_app::Trouble) -> Self {
        Problem::from(trouble).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let said = json!({ "success": false, "message": self.message });
        let mut response = reply::json(self.status, &said);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::{Trouble, TroubleKind};

    #[test]
    fn trouble_is_503_and_says_when_to_try_again() {
        let trouble = Trouble::new(TroubleKind::Unavailable, "poll", "the disk is full");
        let answer = Failure::from(trouble).into_response();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
        let unauthorized = Failure::unauthorized().into_response();
        assert!(!unauthorized.headers().contains_key(header::RETRY_AFTER));
    }
}
