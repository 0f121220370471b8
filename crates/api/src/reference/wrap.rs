//! The envelope of the booking routes: `success` and `data`, or `success` and `message`.

use crate::problem::Problem;
use crate::reply;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::json;

/// Why a request was not done, in the envelope.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    message: String,
}

/// Done.
pub(crate) fn success(data: &impl serde::Serialize) -> Response<Body> {
    reply::json(StatusCode::OK, &json!({ "success": true, "data": data }))
}

/// Not done.
pub(crate) fn failure(status: StatusCode, message: &str) -> Failure {
    Failure { status, message: message.to_owned() }
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
        Self { status, message: problem.detail }
    }
}

impl From<admitone_app::Trouble> for Failure {
    fn from(trouble: admitone_app::Trouble) -> Self {
        Problem::from(trouble).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        reply::json(self.status, &json!({ "success": false, "message": self.message }))
    }
}
