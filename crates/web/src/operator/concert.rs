//! One concert: what it is, its shows, and a new one.

use super::concerts::fields;
use super::show::{ShowForm, show_fields};
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::operating;
use admitone_domain::concert::Concert;
use admitone_domain::id::ConcertId;
use admitone_domain::show::Show;
use admitone_domain::{Key, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

#[derive(Template)]
#[template(path = "operator/concert.html")]
struct Page {
    frame: Frame,
    concert: Concert,
    version: u64,
    shows: Vec<Show>,
    /// Filled in as a new show may be.
    new: ShowForm,
}

/// `GET /operator/concerts/{id}`.
pub(crate) async fn concert(
    State(site): State<Site>,
    Path(id): Path<String>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    let loaded = site.office.row(Key::Concert(concert_id(&id)?)).await?;
    let loaded = loaded.ok_or_else(gone)?;
    let version = loaded.version;
    let Row::Concert(concert) = loaded.into_row() else { return Err(gone()) };
    let shows = site.office.reads.shows(Some(concert.id)).await?;
    let new = ShowForm::for_new(&site, shows.last()).await?;
    let frame = Frame::new(&site, &staff.visitor);
    page(&Page { frame, concert, version, shows, new })
}

/// `POST /operator/concerts/{id}`.
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator/concerts/{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let expected = Some(asked.form.parsed("version")?);
    let id = concert_id(&id)?;
    let change = operating::change_concert(&site.office, id, fields(&asked), expected).await;
    let change = change.map_err(|unfit| onward(unfit.into()))?;
    site.operate(&asked, change).await.map_err(onward)?;
    Ok(go_to(&back))
}

/// `POST /operator/concerts/{id}/shows`: a new one.
pub(crate) async fn create_show(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(format!("/operator/concerts/{id}"));
    let fields = show_fields(&asked.form).map_err(onward)?;
    let concert = concert_id(&id)?;
    let create = operating::create_show(&site.office, concert, &fields, site.currency).await;
    let create = create.map_err(|unfit| onward(unfit.into()))?;
    match site.operate(&asked, create).await.map_err(onward)? {
        Key::Show(show) => Ok(go_to(&format!("/operator/shows/{show}"))),
        _ => Err(Oops::inside()),
    }
}

fn concert_id(text: &str) -> Result<ConcertId, Oops> {
    text.parse().map_err(|_| gone())
}

fn gone() -> Oops {
    Oops::not_found().onward("/operator/concerts".to_owned())
}
