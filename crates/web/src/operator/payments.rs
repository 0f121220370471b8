//! The inbox of payments: those of which nobody knows what became of them, and money that should go
//! back and does not; asked about again, given their seats, or given back.

use super::reservations::ZONE;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::logbook::{By, Deed, Intent, Target};
use admitone_app::operating::{self, InboxKind};
use admitone_app::payments::Payments;
use admitone_app::ports::reads::Asking;
use admitone_domain::id::PaymentId;
use admitone_domain::payment::{Attempt, Method, Payment};
use admitone_domain::{Key, Moment, Refusal, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::sync::Arc;

/// So many are shown: those whose gateway is asked next stand first.
const SHOWN: usize = 100;
const HERE: &str = "/operator/payments";

#[derive(Template)]
#[template(path = "operator/payments.html")]
struct Page {
    frame: Frame,
    lines: Vec<Line>,
    has_gateway: bool,
    zone: &'static str,
}

/// A payment in the inbox.
struct Line {
    payment: Payment,
    attempt: Attempt,
    kind: InboxKind,
    /// Whether there is somebody to ask about it.
    can_ask: bool,
}

/// `GET /operator/payments`.
pub(crate) async fn payments(
    State(site): State<Site>,
    staff: Staff,
) -> Result<Response<Body>, Oops> {
    let open = site.office.reads.open_payments(Asking::Anybody, None, SHOWN).await?;
    let lines = open.into_iter().filter_map(|payment| {
        let attempt = payment.attempt()?.clone();
        let can_ask = whom_to_ask(&site, &payment).is_some();
        Some(Line { kind: InboxKind::of(&attempt)?, attempt, payment, can_ask })
    });
    let (lines, has_gateway) = (lines.collect(), site.gateway().is_some());
    page(&Page { frame: Frame::new(&site, &staff.visitor), lines, has_gateway, zone: ZONE })
}

/// `POST /operator/payments/{id}/{action}`: requery, reacquire, refund.
pub(crate) async fn act(
    State(site): State<Site>,
    Path((id, action)): Path<(String, String)>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let onward = |oops: Oops| oops.onward(HERE.to_owned());
    let id: PaymentId = id.parse().map_err(|_| onward(Oops::not_found()))?;
    let action = match action.as_str() {
        "requery" => {
            requery(&site, id, asked.by()).await.map_err(onward)?;
            return Ok(go_to(HERE));
        }
        "reacquire" => operating::reacquire(&site.office, site.payments.as_deref(), id).await,
        "refund" => operating::refund(&site.office, id).await,
        _ => return Err(onward(Oops::not_found())),
    };
    let action = action.map_err(|unfit| onward(unfit.into()))?;
    site.submit_for(&asked, action).await.map_err(onward)?;
    Ok(go_to(HERE))
}

/// Asks about a payment at once, whatever is known of it.
async fn requery(site: &Site, id: PaymentId, by: By) -> Result<(), Oops> {
    let Some(Row::Payment(payment)) = site.row(Key::Payment(id)).await? else {
        return Err(Refusal::UnknownPayment.into());
    };
    let payments = whom_to_ask(site, &payment).ok_or_else(Oops::forbidden)?;
    let (deed, target) = (Deed::AskedAgain, Target::Payment);
    let intent = Intent { by, deed, target, id: id.to_string() };
    let found = site.log.book.tell(intent, payments.ask_again(id)).await?;
    found.map(drop).ok_or_else(|| Refusal::UnknownPayment.into())
}

/// Who asks about a payment, if anybody can. A wallet that was asked in a step of its own needs no
/// gateway.
fn whom_to_ask(site: &Site, payment: &Payment) -> Option<Arc<Payments>> {
    match payment.method {
        Method::Apart(_) => site.payments.clone(),
        Method::Gateway(_) | Method::Wallet | Method::External { .. } => site.gateway(),
    }
}

impl Page {
    fn kind(&self, line: &Line) -> &str {
        self.frame.language.say(match line.kind {
            InboxKind::Requested => "inbox.requested",
            InboxKind::Unknown => "inbox.unknown",
            InboxKind::Mismatched => "inbox.mismatched",
            InboxKind::Late => "inbox.late",
            InboxKind::RefundOwed => "inbox.refund_owed",
            InboxKind::RefundRefused => "inbox.refund_refused",
        })
    }

    /// When the gateway is asked again by itself; none when a person must decide.
    fn asked_again_at(&self, line: &Line) -> Option<Moment> {
        line.payment.ask_at().filter(|at| *at < Moment::MAX)
    }

    /// What may be done about it, with the keys of the words.
    fn actions(&self, line: &Line) -> Vec<(&'static str, &'static str)> {
        let mut actions = Vec::new();
        if line.can_ask {
            actions.push(("requery", "inbox.requery"));
        }
        if line.kind == InboxKind::RefundRefused {
            actions.push(("reacquire", "inbox.reacquire"));
        }
        if !matches!(line.kind, InboxKind::Late | InboxKind::RefundOwed) {
            actions.push(("refund", "inbox.refund"));
        }
        actions
    }
}
