//! A buyer's wallet as operators see it: what moved it, money that came in another way, and money that is taken
//! out.

use super::reasons::reasons;
use super::reservations::{Whose, ZONE, whose};
use crate::buyer::reservation::balance;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::logbook::{Line, Target};
use admitone_app::ports::reads::Page as Part;
use admitone_domain::command::{Charge, ChargeFor, Withdraw};
use admitone_domain::id::BuyerId;
use admitone_domain::wallet::Entry;
use admitone_domain::{Action, Currency, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;

/// So many entries on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "operator/wallet.html")]
struct Page {
    frame: Frame,
    buyer: Whose,
    balance: Money,
    currency: Currency,
    entries: Vec<Entry>,
    next: Option<u64>,
    /// Why operators charged it or took money out, the newest first.
    reasons: Vec<Line>,
    zone: &'static str,
}

/// `GET /operator/wallets/{buyer}`.
pub(crate) async fn wallet(
    State(site): State<Site>,
    Path(id): Path<String>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let id: BuyerId = id.parse().map_err(|_| Oops::not_found())?;
    let (balance, currency) = balance(&site, id).await?;
    let part = Part { before: query.text("before").parse().ok(), limit: PAGE + 1 };
    let mut entries = site.office.reads.entries(id, part).await?;
    let next = entries.get(PAGE - 1).filter(|_| entries.len() > PAGE).map(|last| last.id.0);
    entries.truncate(PAGE);
    let about = (Target::Wallet, &*id.to_string());
    let reasons = reasons(&site, staff.visitor.language, about).await?;
    let (frame, buyer) = (Frame::new(&site, &staff.visitor), whose(&site, id).await?);
    page(&Page { frame, buyer, balance, currency, entries, next, reasons, zone: ZONE })
}

/// `POST /operator/wallets/{buyer}/charge`.
pub(crate) async fn charge(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    move_money(&site, &id, &asked, |buyer, amount, currency| {
        Action::ChargeFor(ChargeFor { buyer, charge: Charge { amount, currency } })
    })
    .await
}

/// `POST /operator/wallets/{buyer}/withdraw`.
pub(crate) async fn withdraw(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    move_money(&site, &id, &asked, |buyer, amount, currency| {
        Action::Withdraw(Withdraw { buyer, amount, currency })
    })
    .await
}

/// Nobody moves money of another without saying why.
async fn move_money(
    site: &Site,
    id: &str,
    asked: &StaffForm,
    movement: impl FnOnce(BuyerId, Money, Currency) -> Action,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator/wallets/{id}");
    let onward = |oops: Oops| oops.onward(back.clone());
    let buyer: BuyerId = id.parse().map_err(|_| Oops::not_found())?;
    let language = asked.form.visitor.language;
    if asked.why().is_empty() {
        return Err(onward(Oops::unfit(language.say("purse.no_reason").to_owned())));
    }
    let currency = site.currency;
    let amount = asked.form.amount("amount", currency).unwrap_or(Money::ZERO);
    let about = (Target::Wallet, buyer.to_string());
    let action = movement(buyer, amount, currency);
    site.submit_saying_why(asked, about, asked.why(), action).await.map_err(onward)?;
    Ok(go_to(&back))
}
