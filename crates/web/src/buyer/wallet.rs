//! The wallet with its entries, charging it, and the payments of a buyer.

use super::reservation::balance;
use crate::form::Form;
use crate::frame::{Frame, go_to, own_path, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::ports::reads::Page as Part;
use admitone_domain::command::Charge;
use admitone_domain::payment::{Method, Payment};
use admitone_domain::wallet::Entry;
use admitone_domain::{Action, Currency, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

/// So many on a page.
const PAGE: usize = 30;

#[derive(Template)]
#[template(path = "wallet.html")]
struct Wallet {
    frame: Frame,
    balance: Money,
    currency: Currency,
    may_charge: bool,
    entries: Vec<Entry>,
    next: Option<u64>,
    zone: &'static str,
}

#[derive(Template)]
#[template(path = "payments.html")]
struct Paid {
    frame: Frame,
    payments: Vec<Payment>,
    next: Option<u64>,
    zone: &'static str,
}

/// What the field for a charge has at first.
const USUAL: Money = Money(100_000);

/// Where no show says in which zone: the server writes this one, a script the visitor's own.
const ZONE: &str = "UTC";

/// `GET /wallet`.
pub(crate) async fn wallet(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let (balance, currency) = balance(&site, buyer).await?;
    let part = Part { before: query.text("before").parse().ok(), limit: PAGE + 1 };
    let mut entries = site.office.reads.entries(buyer, part).await?;
    let next = entries.get(PAGE - 1).filter(|_| entries.len() > PAGE).map(|last| last.id.0);
    entries.truncate(PAGE);
    let frame = Frame::new(&site, &visitor);
    let may_charge = site.freedoms.self_charge;
    page(&Wallet { frame, balance, currency, may_charge, entries, next, zone: ZONE })
}

/// `POST /wallet/charge`.
pub(crate) async fn charge(State(site): State<Site>, form: Form) -> Result<Response<Body>, Oops> {
    let buyer = form.visitor.buyer()?;
    if !site.freedoms.self_charge {
        return Err(Oops::forbidden());
    }
    let back = match form.text("to") {
        "" => "/wallet",
        to => own_path(to),
    };
    let currency = site.currency;
    let amount = form.amount("amount", currency).unwrap_or(Money::ZERO);
    let charge = Action::Charge(Charge { amount, currency });
    let charged = site.submit(&form, buyer, charge).await;
    charged.map_err(|oops| oops.onward(back.to_owned()))?;
    Ok(go_to(back))
}

/// `GET /payments`.
pub(crate) async fn payments(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let part = Part { before: query.text("before").parse().ok(), limit: PAGE + 1 };
    let mut payments = site.office.reads.payments(buyer, part).await?;
    let next = payments.get(PAGE - 1).filter(|_| payments.len() > PAGE).map(|last| last.id.0);
    payments.truncate(PAGE);
    page(&Paid { frame: Frame::new(&site, &visitor), payments, next, zone: ZONE })
}

impl Wallet {
    fn usual(&self) -> String {
        self.frame.plain(USUAL, &self.currency)
    }
}

impl Paid {
    fn method(&self, method: &Method) -> &str {
        self.frame.language.say(match method {
            Method::Wallet | Method::Apart(_) => "payments.wallet",
            Method::External { .. } => "payments.external",
            Method::Gateway(_) => "payments.gateway",
        })
    }
}
