//! Sends the buyer of a reservation once more what he was told when he paid.

use crate::frame::go_to;
use crate::language::Language;
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::StaffForm;
use admitone_app::logbook::{By, Deed, Intent, Target};
use admitone_app::notices::{Again, Standing};
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
    let by = By::of(&asked.named(), asked.why());
    let intent = Intent { by, deed: Deed::SentAgain, target: Target::Reservation, id: id.clone() };
    let hand = async {
        let again = writer.again(reservation, &wish).await?;
        again.ok_or_else(|| Oops::from(Refusal::InvalidState))
    };
    let Again { told, .. } = site.log.book.tell(intent, hand).await.map_err(onward)?;
    let sent = match told.standing {
        Standing::Taken => "taken".to_owned(),
        Standing::Refused { status } => format!("refused&answered={status}"),
        // Perhaps it has it, and only the answer was lost: then the next one is taken for the same.
        Standing::Trying { why } | Standing::GivenUp { why } => {
            tracing::warn!(why, %reservation, "a notice was not taken now");
            "waits".to_owned()
        }
    };
    Ok(go_to(&format!("{back}?sent={sent}")))
}

/// What is said of a notice that was just sent: whether that is good news, and the words.
pub(super) fn said(query: &Query, language: Language) -> Option<(bool, String)> {
    match query.text("sent") {
        "taken" => Some((true, language.say("deed.sent").to_owned())),
        "waits" => Some((false, language.say("deed.notice_waits").to_owned())),
        "refused" => {
            // It comes from an address, which anybody can write: a number, or nothing.
            let answered: u16 = query.text("answered").parse().unwrap_or(0);
            Some((false, language.fill("deed.notice_refused", &[&answered])))
        }
        _ => None,
    }
}
