//! The problems as the OpenAPI document has them: one response for each status.

use super::Problem;
use crate::commands::CommandView;
use utoipa::IntoResponses;

/// The problems that an operation may answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the variants only describe the responses")]
pub(crate) enum Problems {
    /// Accepted, and not answered yet: `Location` tells the outcome.
    #[response(status = 202)]
    Accepted(CommandView),
    /// The request is malformed.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// The credentials are missing or wrong.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The payment was declined; nothing was charged.
    #[response(status = 402, content_type = "application/problem+json")]
    PaymentRequired(Problem),
    /// Not allowed: a pass or a role is missing, or the sale is not open.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// There is no such thing, or it is somebody else's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The body did not arrive in time.
    #[response(status = 408, content_type = "application/problem+json")]
    Timeout(Problem),
    /// It cannot be done as things stand: taken, sold out, paid already.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// The hold is over.
    #[response(status = 410, content_type = "application/problem+json")]
    Gone(Problem),
    /// It was changed since it was read.
    #[response(status = 412, content_type = "application/problem+json")]
    PreconditionFailed(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is not JSON by its type.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(Problem),
    /// It can never be done like this: a limit, an amount, a key used twice.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(Problem),
    /// Asked too often; nothing was done.
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyRequests(Problem),
    /// Something is wrong inside; the log says what.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// Too busy, or the store is away; nothing was done.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}
