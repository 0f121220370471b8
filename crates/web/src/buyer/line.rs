//! The waiting room: a place in the line, how it stands, and the way in when it is one's turn.
//!
//! The page asks again when the room promised that it would be in time, with or without a script;
//! near the front a stream tells. Answered from memory: the token is in a cookie, the names and
//! prices are a second old at most, and the page is kept with gaps for what is of one visitor.

mod follow;
mod outlook;
mod sheets;

pub(crate) use follow::follow;
pub(crate) use sheets::Sheets;

use crate::buyer::account;
use crate::form::Form;
use crate::frame::{go_to, html};
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::{Visitor, place_cookie};
use admitone_app::rooms::VisitTrouble;
use admitone_app::waiting_room::Mode;
use admitone_domain::id::{RoomId, ShowId};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Response, header};
use outlook::Outlook;
use sheets::Extent;

const PLACE_S: u64 = 24 * 3_600;

/// `POST /shows/{id}/enter`: into the line, or to the seats where there is none.
pub(crate) async fn enter(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let line = format!("/shows/{id}/line");
    let Some(room) = room_of(&site, show).await? else {
        return Ok(go_to(&format!("/shows/{id}/seats")));
    };
    let (buyer, session) = account::buyer_or_guest(&site, &form.visitor, &line).await?;
    let visit = site.rooms.join(room, buyer).await.map_err(|trouble| match trouble {
        VisitTrouble::Closed => Oops::from(VisitTrouble::Closed).onward(line.clone()),
        other => other.into(),
    })?;
    let mut response = go_to(&line);
    let cookie = form.visitor.set_cookie(&place_cookie(room), &visit.token, Some(PLACE_S));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    if let Some(session) = session {
        response.headers_mut().append(header::SET_COOKIE, session);
    }
    Ok(response)
}

/// `POST /shows/{id}/leave`: the place is over, and a slot inside is free for the next.
pub(crate) async fn leave(
    State(site): State<Site>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response<Body>, Oops> {
    let (show, buyer) = (show_id(&id)?, form.visitor.buyer()?);
    let mut response = go_to(&format!("/shows/{id}/line"));
    if let Some(room) = room_of(&site, show).await? {
        site.rooms.leave(room, buyer).await?;
        let gone = form.visitor.set_cookie(&place_cookie(room), "", Some(0));
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    Ok(response)
}

/// `GET /shows/{id}/line`.
pub(crate) async fn line(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let Some(room) = room_of(&site, show).await? else {
        return Ok(go_to(&format!("/shows/{id}/seats")));
    };
    let outlook = Outlook::of(&site, &visitor, (show, room)).await?;
    if matches!(outlook.mode, Mode::Bypass { .. }) {
        return Ok(go_to(&format!("/shows/{id}/seats")));
    }
    shown(&site, &visitor, (&outlook, Extent::Page))
}

/// `GET /shows/{id}/line/part`: what changes on the page, for its script.
pub(crate) async fn line_part(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Oops> {
    let show = show_id(&id)?;
    let room = room_of(&site, show).await?.ok_or_else(Oops::not_found)?;
    let outlook = Outlook::of(&site, &visitor, (show, room)).await?;
    shown(&site, &visitor, (&outlook, Extent::Part))
}

/// The page or the part, which says when to ask again, for programs.
fn shown(
    site: &Site,
    visitor: &Visitor,
    (outlook, extent): (&Outlook, Extent),
) -> Result<Response<Body>, Oops> {
    let mut response = html(site.sheets().text(site, visitor, (outlook, extent))?);
    if let Some(next_ms) = outlook.next_ms() {
        let seconds = HeaderValue::from(next_ms.div_ceil(1_000));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    Ok(response)
}

/// The room of a show that exists, if it stands behind one.
pub(crate) async fn room_of(site: &Site, show: ShowId) -> Result<Option<RoomId>, Oops> {
    site.gates.room(show).await?.ok_or_else(Oops::not_found)
}

pub(crate) fn show_id(text: &str) -> Result<ShowId, Oops> {
    text.parse().map_err(|_| Oops::not_found())
}
