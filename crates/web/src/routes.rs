//! Every page on one page.

use crate::buyer::{
    account, concert, concerts, line, reservation, reservations, seats, ticket, wallet,
};
use crate::frame::{go_to, own_path};
use crate::language::Language;
use crate::oops::Oops;
use crate::operator::{self, live, show, sign_in};
use crate::query::Query;
use crate::site::Site;
use crate::visitor::{LANGUAGE, Visitor};
use crate::{assets, door};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, header};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};

const LANGUAGE_S: u64 = 365 * 24 * 3_600;

/// All pages and what they need.
pub fn router(site: Site) -> Router {
    let pages = Router::new()
        .merge(for_everybody())
        .merge(the_sale())
        .merge(for_buyers())
        .merge(for_operators())
        .merge(the_programme())
        .merge(for_integrators())
        .layer(from_fn_with_state(site.clone(), door::enter));
    pages
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::icon))
        .with_state(site)
}

fn for_everybody() -> Router<Site> {
    Router::new()
        .route("/", get(concerts::concerts))
        .route("/concerts/{id}", get(concert::concert))
        .route("/shows/{id}", get(concert::show))
        .route("/language/{code}", get(speak))
        .route("/sign-in", get(account::sign_in_page).post(account::sign_in))
        .route("/sign-up", get(account::sign_up_page).post(account::sign_up))
        .route("/sign-out", post(account::sign_out))
}

/// From the line to the hold.
fn the_sale() -> Router<Site> {
    Router::new()
        .route("/shows/{id}/enter", post(line::enter))
        .route("/shows/{id}/leave", post(line::leave))
        .route("/shows/{id}/line", get(line::line))
        .route("/shows/{id}/line/part", get(line::line_part))
        .route("/shows/{id}/line/events", get(line::follow))
        .route("/shows/{id}/seats", get(seats::seats))
        .route("/shows/{id}/choose", post(seats::choose))
        .route("/shows/{id}/map", get(seats::map))
        .route("/shows/{id}/map/events/{version}", get(seats::follow))
        .route("/shows/{id}/hold", post(seats::hold))
}

fn for_buyers() -> Router<Site> {
    Router::new()
        .route("/reservations", get(reservations::reservations))
        .route("/reservations/{id}", get(reservation::reservation))
        .route("/reservations/{id}/extend", post(reservation::extend))
        .route("/reservations/{id}/release", post(reservation::release))
        .route("/reservations/{id}/pay", post(reservation::pay))
        .route("/reservations/{id}/agreed", get(reservation::agreed))
        .route("/reservations/{id}/cancel", get(reservation::cancel_page).post(reservation::cancel))
        .route("/reservations/{id}/tickets", get(ticket::tickets))
        .route("/wallet", get(wallet::wallet))
        .route("/wallet/charge", post(wallet::charge))
        .route("/payments", get(wallet::payments))
}

fn for_operators() -> Router<Site> {
    Router::new()
        .route("/operator", get(live::live))
        .route("/operator/live/part", get(live::live_part))
        .route("/operator/rooms", post(live::create))
        .route("/operator/rooms/{id}/dial", post(live::turn))
        .route("/operator/rooms/{id}/{action}", post(live::act))
        .route("/operator/reservations", get(operator::reservations::reservations))
        .route("/operator/reservations.csv", get(operator::export::reservations))
        .route("/operator/reservations/{id}", get(operator::reservation::reservation))
        .route("/operator/reservations/{id}/resend", post(operator::reservation::resend))
        .route(
            "/operator/reservations/{id}/reseat",
            get(operator::reservation::ask_reseat).post(operator::reservation::reseat),
        )
        .route(
            "/operator/reservations/{id}/{deed}",
            get(operator::reservation::ask).post(operator::reservation::done),
        )
        .route("/operator/wallets/{buyer}", get(operator::wallet::wallet))
        .route("/operator/wallets/{buyer}/charge", post(operator::wallet::charge))
        .route("/operator/wallets/{buyer}/withdraw", post(operator::wallet::withdraw))
        .route("/operator/payments", get(operator::payments::payments))
        .route("/operator/payments/{id}/{action}", post(operator::payments::act))
        .route("/operator/queues", get(operator::queues::queues).post(operator::queues::act))
        .route("/queues", get(operator::queues::moved))
        .route("/operator/door", get(operator::door::door).post(operator::door::check))
        .route("/operator/door/scan", post(operator::door::scan))
        .route("/operator/drill", get(operator::drill::drill).post(operator::drill::begin))
        .route("/operator/drill/{id}", get(operator::drill::report))
        .route("/operator/drill/{id}/style.css", get(operator::drill::style))
        .route("/operator/drill/{id}/stop", post(operator::drill::stop))
        .route("/operator/log", get(operator::log::log))
        .route("/operator/staff", get(operator::staff::staff).post(operator::staff::create))
        .route("/operator/staff/{id}/refuse", post(operator::staff::refuse))
        .route("/operator/sign-in", get(sign_in::sign_in_page).post(sign_in::sign_in))
        .route("/operator/sign-out", post(sign_in::sign_out))
}

/// What leaves the house.
fn for_integrators() -> Router<Site> {
    use operator::webhooks;
    Router::new()
        .route("/operator/webhooks", get(webhooks::webhooks).post(webhooks::create))
        .route("/operator/webhooks/{id}", get(webhooks::webhook).post(webhooks::change))
        .route("/operator/webhooks/{id}/{action}", post(webhooks::act))
        .route("/operator/webhooks/{id}/messages/{event}", post(webhooks::replay_message))
}

/// What operators sell.
fn the_programme() -> Router<Site> {
    Router::new()
        .route(
            "/operator/concerts",
            get(operator::concerts::concerts).post(operator::concerts::create),
        )
        .route(
            "/operator/concerts/{id}",
            get(operator::concert::concert).post(operator::concert::change),
        )
        .route("/operator/concerts/{id}/shows", post(operator::concert::create_show))
        .route(
            "/operator/import",
            get(operator::concerts::import_page).post(operator::concerts::import),
        )
        .route("/operator/shows/{id}", get(show::show).post(show::change))
        .route("/operator/shows/{id}/seats", post(show::add_seats))
        .route("/operator/shows/{id}/seats/change", post(show::change_seats))
        .route("/operator/shows/{id}/types", post(show::create_type))
        .route("/operator/types/{id}", post(show::change_type))
}

/// Whether whoever asks reads pages.
fn reads_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// The page where nothing is, for whoever reads pages.
pub fn missing(site: &Site, request: &Request) -> Option<Response<Body>> {
    let is_page = reads_pages(request.headers()) && !request.uri().path().starts_with("/api/");
    is_page.then(|| {
        let visitor = Visitor::of(site, request);
        let mut response = Oops::not_found().page(site, &visitor);
        door::dress(&mut response, &visitor);
        response
    })
}

/// `GET /language/{code}`: another language from now on.
async fn speak(
    State(site): State<Site>,
    Path(code): Path<String>,
    visitor: Visitor,
    query: Query,
) -> Response<Body> {
    let Some(language) = Language::of_code(&code) else {
        return Oops::not_found().page(&site, &visitor).into_response();
    };
    let mut response = go_to(own_path(query.text("to")));
    let cookie = visitor.set_cookie(LANGUAGE, language.code(), Some(LANGUAGE_S));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
