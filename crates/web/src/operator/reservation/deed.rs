//! What an operator does to somebody's reservation: release, cancel, refund. What it comes to is
//! shown before it is done.

use super::{Known, known};
use crate::buyer::reservation::Thing;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::logbook::Target;
use admitone_app::operating;
use admitone_domain::command::{Cancel, Release};
use admitone_domain::reservation::ItemState;
use admitone_domain::{Action, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Release,
    Cancel,
    Refund,
}

#[derive(Template)]
#[template(path = "operator/deed.html")]
struct Page {
    frame: Frame,
    known: Known,
    deed: Deed,
    /// The name of the deed in its address.
    name: String,
    /// The places of the items that it concerns.
    chosen: Vec<u32>,
    /// What goes back.
    amount: Money,
}

/// `GET /operator/reservations/{id}/{deed}`: what it comes to.
pub(crate) async fn ask(
    State(site): State<Site>,
    Path((id, name)): Path<(String, String)>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let deed = Deed::of(&name)?;
    let frame = Frame::new(&site, &staff.visitor);
    let known = known(&site, &frame, &id).await?;
    let is_chosen = |place: u32| {
        deed != Deed::Cancel || !query.has("choose") || query.parsed::<u32>("item").contains(&place)
    };
    let state = if deed == Deed::Release { ItemState::Held } else { ItemState::Sold };
    let chosen = known.items.iter().filter(|item| item.state == state && is_chosen(item.place));
    let chosen: Vec<u32> = chosen.map(|item| item.place).collect();
    let amount = amount(deed, &known, &chosen);
    page(&Page { frame, known, deed, name, chosen, amount })
}

/// What goes back, where money goes back at all.
fn amount(deed: Deed, known: &Known, chosen: &[u32]) -> Money {
    match deed {
        Deed::Release => Money::ZERO,
        Deed::Cancel if known.is_paid_elsewhere() => Money::ZERO,
        Deed::Cancel => {
            let items = known.items.iter().filter(|item| chosen.contains(&item.place));
            Money::sum(items.map(|item| item.price)).unwrap_or(Money::ZERO)
        }
        Deed::Refund => known.refundable().map_or(Money::ZERO, |(_, left)| left),
    }
}

/// `POST /operator/reservations/{id}/{deed}`.
pub(crate) async fn done(
    State(site): State<Site>,
    Path((id, name)): Path<(String, String)>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let deed = Deed::of(&name)?;
    let back = format!("/operator/reservations/{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let frame = Frame::new(&site, &asked.form.visitor);
    let known = known(&site, &frame, &id).await?;
    let reservation = known.reservation.id;
    let action = match deed {
        Deed::Release => Action::Release(Release { reservation }),
        Deed::Cancel => {
            let items: Result<Vec<u32>, _> = asked.form.all("item").map(str::parse).collect();
            let items = Some(items.map_err(|_| Oops::malformed())?);
            Action::Cancel(Cancel { reservation, items })
        }
        Deed::Refund => {
            let payment = known.payment.as_ref().ok_or_else(|| onward(Oops::not_found()))?;
            let refund = operating::refund(&site.office, payment.id).await;
            refund.map_err(|unfit| onward(unfit.into()))?
        }
    };
    let about = (Target::Reservation, id.clone());
    site.submit_saying_why(&asked, about, asked.why(), action).await.map_err(onward)?;
    Ok(go_to(&back))
}

impl Deed {
    fn of(name: &str) -> Result<Self, Oops> {
        match name {
            "release" => Ok(Self::Release),
            "cancel" => Ok(Self::Cancel),
            "refund" => Ok(Self::Refund),
            _ => Err(Oops::not_found()),
        }
    }
}

impl Page {
    fn title(&self) -> &str {
        self.frame.language.say(match self.deed {
            Deed::Release => "deed.release",
            Deed::Cancel => "deed.cancel",
            Deed::Refund => "deed.refund",
        })
    }

    /// What it comes to, a sentence each.
    fn comes_to(&self) -> Vec<String> {
        let currency = &self.known.facts.show.currency;
        let count = self.chosen.len();
        let money = || {
            let where_to = self.frame.language.say(self.known.goes_to());
            self.frame.say2("deed.money_back", self.frame.money(&self.amount, currency), where_to)
        };
        match self.deed {
            Deed::Release => vec![
                self.frame.say1("deed.free_again", count),
                self.frame.say("deed.hold_ends").to_owned(),
            ],
            Deed::Cancel if self.known.is_paid_elsewhere() => vec![
                self.frame.say1("deed.tickets_end", count),
                self.frame.say("deed.elsewhere").to_owned(),
            ],
            Deed::Cancel | Deed::Refund if count == 0 => vec![money()],
            Deed::Cancel | Deed::Refund => {
                vec![self.frame.say1("deed.tickets_end", count), money()]
            }
        }
    }

    /// Whether there is anything to do.
    fn is_possible(&self) -> bool {
        match self.deed {
            Deed::Release => self.known.may_release(),
            Deed::Cancel => !self.chosen.is_empty(),
            Deed::Refund => self.amount.is_positive() && !self.known.is_paid_elsewhere(),
        }
    }

    /// Items among which one may choose.
    fn choices(&self) -> Vec<&Thing> {
        let may_choose = self.deed == Deed::Cancel;
        let sold = self.known.items.iter().filter(|item| item.state == ItemState::Sold);
        if may_choose { sold.collect() } else { Vec::new() }
    }

    fn is_chosen(&self, place: &u32) -> bool {
        self.chosen.contains(place)
    }
}
