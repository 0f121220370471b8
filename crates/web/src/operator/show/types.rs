//! The ticket types of a show: a new one, another name, price or number.

use super::{price, show_id};
use crate::frame::go_to;
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::StaffForm;
use admitone_app::operating::{self, TicketTypeFields};
use admitone_domain::id::TicketTypeId;
use admitone_domain::{Currency, Key, Row};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// `POST /operator/shows/{id}/types`.
pub(crate) async fn create(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator/shows/{id}#types");
    let onward = |oops: Oops| oops.onward(back.clone());
    let show = site.show(show_id(&id)?).await?;
    let fields = fields(&asked, show.currency).map_err(onward)?;
    let create = operating::create_ticket_type(&site.office, show.id, fields).await;
    let create = create.map_err(|unfit| onward(unfit.into()))?;
    site.operate(&asked, create).await.map_err(onward)?;
    site.live().forget().await;
    Ok(go_to(&back))
}

/// `POST /operator/types/{id}`. Sales change a type all the time, so what the form was made from is
/// not asked; below what is sold and held the number never goes.
pub(crate) async fn change(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let id: TicketTypeId = id.parse().map_err(|_| Oops::not_found())?;
    let Some(Row::TicketType(known)) = site.row(Key::TicketType(id)).await? else {
        return Err(Oops::not_found());
    };
    let back = format!("/operator/shows/{}#types", known.show);
    let onward = |oops: Oops| oops.onward(back.clone());
    let currency = site.show(known.show).await?.currency;
    let fields = fields(&asked, currency).map_err(onward)?;
    let change = operating::change_ticket_type(&site.office, id, fields, None).await;
    let change = change.map_err(|unfit| onward(unfit.into()))?;
    site.operate(&asked, change).await.map_err(onward)?;
    site.live().forget().await;
    Ok(go_to(&back))
}

fn fields(asked: &StaffForm, currency: Currency) -> Result<TicketTypeFields, Oops> {
    let form = &asked.form;
    Ok(TicketTypeFields {
        name: Some(form.text("name").to_owned()),
        price: match form.text("price") {
            "" => None,
            _ => Some(price(form, currency)?),
        },
        capacity: form.optional("capacity")?,
    })
}
