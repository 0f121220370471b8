//! Sends the buyer of a reservation once more what he was told when he paid.

use crate::frame::go_to;
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::StaffForm;
use admitone_domain::Refusal;
use admitone_domain::id::ReservationId;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// `POST /operator/reservations/{id}/resend`.
pub(crate) async fn resend(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator/reservations/{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let reservation: ReservationId = id.parse().map_err(|_| Oops::not_found())?;
    let writer = site.notices.as_ref().ok_or_else(|| onward(Oops::forbidden()))?;
    let wish = format!("{:x}", asked.named().id.0);
    let sent = writer.again(reservation, &wish).await;
    if !sent.map_err(|trouble| onward(trouble.into()))? {
        return Err(onward(Refusal::InvalidState.into()));
    }
    tracing::info!(by = %asked.operator, %reservation, "an operator sends a notice again");
    Ok(go_to(&format!("{back}?sent=1")))
}
