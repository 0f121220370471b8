//! The dial of a room: how fast and how many, whether it lets anybody in, what it says to the line;
//! and a new room.

use crate::frame::go_to;
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::StaffForm;
use admitone_app::operating::{self, RoomChange};
use admitone_domain::id::RoomId;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use serde_json::{Map, Value};

/// `POST /operator/rooms/{id}/{action}`: pause, resume, drain, close.
pub(crate) async fn act(
    State(site): State<Site>,
    Path((id, action)): Path<(String, String)>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let change = operating::turned(&action, site.office.clock.now());
    change_room(&site, &id, &asked, change.ok_or_else(Oops::not_found)?).await
}

/// `POST /operator/rooms/{id}/dial`: rate, limit and message.
pub(crate) async fn turn(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let form = &asked.form;
    let active_max: Option<u32> = form.optional("active_max")?;
    let users: Option<u32> = form.optional("users")?;
    let known = operating::dial(&site.office, room_id(&id)?).await?;
    let known = known.ok_or_else(Oops::not_found)?;
    let rate = operating::paced(&known, users, form.parsed("interval_ms")?);
    let settings = Map::from_iter([
        ("active_max".to_owned(), Value::from(active_max)),
        ("rate".to_owned(), rate),
        ("message".to_owned(), Value::from(form.text("message"))),
    ]);
    change_room(&site, &id, &asked, RoomChange { name: None, settings }).await
}

/// `POST /operator/rooms`: a new one, with the usual settings.
pub(crate) async fn create(
    State(site): State<Site>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let name = asked.form.text("name").to_owned();
    let create = operating::create_room(&site.office, name, Map::new()).await;
    let create = create.map_err(|unfit| Oops::from(unfit).onward("/operator".to_owned()))?;
    site.operate(&asked, create).await?;
    site.live().forget().await;
    Ok(go_to("/operator"))
}

async fn change_room(
    site: &Site,
    id: &str,
    asked: &StaffForm,
    change: RoomChange,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator#{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let version = asked.form.parsed("version")?;
    let turned = operating::change_room(&site.office, room_id(id)?, change, Some(version)).await;
    let turned = turned.map_err(|unfit| onward(unfit.into()))?;
    site.operate(asked, turned).await.map_err(onward)?;
    site.live().forget().await;
    Ok(go_to(&back))
}

fn room_id(text: &str) -> Result<RoomId, Oops> {
    text.parse().map_err(|_| Oops::not_found())
}
