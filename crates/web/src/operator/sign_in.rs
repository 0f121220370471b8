//! An operator signs in with a key, for twelve hours, and signs out.

use crate::form::Form;
use crate::frame::{Frame, go_to, own_path, page_with};
use crate::oops::Oops;
use crate::query::Query;
use crate::session::{OPERATOR_MS, Who};
use crate::site::Site;
use crate::staff::home;
use crate::visitor::{STAFF, Visitor};
use admitone_domain::party::Role;
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, header};

/// Where an operator begins.
const HOME: &str = "/operator";

#[derive(Template)]
#[template(path = "operator/sign_in.html")]
struct Page {
    frame: Frame,
    to: String,
    is_wrong: bool,
}

/// `GET /operator/sign-in`.
pub(crate) async fn sign_in_page(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let to = onward(query.text("to")).to_owned();
    if let Some(role) = visitor.role {
        return Ok(go_to(first_page(&to, role)));
    }
    page_with(StatusCode::OK, &Page { frame: Frame::new(&site, &visitor), to, is_wrong: false })
}

/// `POST /operator/sign-in`.
pub(crate) async fn sign_in(State(site): State<Site>, form: Form) -> Result<Response<Body>, Oops> {
    site.limits.key(form.visitor.caller).await.map_err(Oops::rate_limited)?;
    let to = onward(form.text("to"));
    let Some(operator) = site.parties.operator(form.text("key")) else {
        let page =
            Page { frame: Frame::new(&site, &form.visitor), to: to.to_owned(), is_wrong: true };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let session = site.keys.session(Who::Operator(operator), form.visitor.now);
    let cookie = form.visitor.set_cookie(STAFF, &session, Some(OPERATOR_MS / 1_000));
    tracing::info!(%operator, "an operator signs in at the pages");
    let role = site.parties.role(operator).ok_or_else(Oops::inside)?;
    let mut response = go_to(first_page(to, role));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /operator/sign-out`.
pub(crate) async fn sign_out(form: Form) -> Result<Response<Body>, Oops> {
    let mut response = go_to("/operator/sign-in");
    let gone = form.visitor.set_cookie(STAFF, "", Some(0));
    response.headers_mut().append(header::SET_COOKIE, gone);
    Ok(response)
}

/// Where somebody goes on; whoever stands at the door has one page alone.
fn first_page(to: &str, role: Role) -> &str {
    if to == HOME { home(role) } else { to }
}

/// Back to where somebody was refused, as long as that is a page of operators.
fn onward(to: &str) -> &str {
    let path = own_path(to);
    if path.starts_with(HOME) { path } else { HOME }
}
