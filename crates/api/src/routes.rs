//! Every route on one page.

use crate::house::House;
use crate::problem::Problem;
use crate::reference::{booking, confirm};
use crate::{
    codes, commands, concerts, health, limits, operator, payments, reservations, rooms, shows,
    tickets, users, wallet,
};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

/// The document without its paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "admitone",
        description = "Sells seats to a crowd: waiting room, holds, wallet, payments, tickets. \
                       Money is whole minor units, instants are RFC 3339, problems are RFC 9457 \
                       with a stable code. Commands carry an Idempotency-Key and are answered \
                       again, not done again, when they are repeated.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem)),
    modifiers(&Schemes)
)]
struct Document;

struct Schemes;

impl utoipa::Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |about: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about));
            SecurityScheme::Http(scheme.build())
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("buyer", bearer("A buyer's token, from POST /api/v1/users"));
        components.add_security_scheme("operator", bearer("An operator's key"));
    }
}

fn described() -> OpenApiRouter<House> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(for_everybody())
        .merge(for_buyers())
        .merge(for_operators())
}

fn for_everybody() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(concerts::list_concerts))
        .routes(routes!(concerts::read_concert))
        .routes(routes!(concerts::list_shows))
        .routes(routes!(shows::read::read_show))
        .routes(routes!(shows::read::list_ticket_types))
        .routes(routes!(shows::seats::list_seats))
        .routes(routes!(shows::follow::follow_seats))
        .routes(routes!(rooms::read_room))
        .routes(routes!(rooms::follow::follow_room))
        .routes(routes!(rooms::join_room))
        .routes(routes!(rooms::poll_place, rooms::leave_room))
        .routes(routes!(users::open_account))
        .routes(routes!(payments::webhook::hear_of_payment))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::read_figures))
}

fn for_buyers() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(users::read_own_account, users::close_own_account))
        .routes(routes!(
            reservations::hold::hold_reservation,
            reservations::read::list_reservations
        ))
        .routes(routes!(reservations::read::read_reservation))
        .routes(routes!(reservations::act::extend_reservation))
        .routes(routes!(reservations::act::release_reservation))
        .routes(routes!(reservations::act::cancel_reservation))
        .routes(routes!(wallet::read::read_wallet))
        .routes(routes!(wallet::read::list_wallet_entries))
        .routes(routes!(wallet::movement::charge_wallet))
        .routes(routes!(wallet::movement::use_wallet))
        .routes(routes!(payments::pay::pay_reservation, payments::read::list_payments))
        .routes(routes!(payments::read::read_payment))
        .routes(routes!(payments::pay::refund_payment))
        .routes(routes!(tickets::list_tickets))
        .routes(routes!(tickets::read_ticket))
        .routes(routes!(commands::read_command))
        .routes(routes!(commands::follow_command))
}

fn for_operators() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(operator::concerts::create_concert))
        .routes(routes!(operator::concerts::change_concert))
        .routes(routes!(operator::shows::create_show))
        .routes(routes!(operator::shows::change_show))
        .routes(routes!(operator::stock::add_seats, operator::stock::change_seats))
        .routes(routes!(operator::stock::create_ticket_type))
        .routes(routes!(operator::stock::change_ticket_type))
        .routes(routes!(operator::rooms::create_room))
        .routes(routes!(operator::rooms::read_room_dial, operator::rooms::change_room))
        .routes(routes!(operator::rooms::act_on_room))
        .routes(routes!(operator::reservations::list_all_reservations))
        .routes(routes!(operator::reservations::read_any_reservation))
        .routes(routes!(operator::reservations::release_any_reservation))
        .routes(routes!(operator::reservations::cancel_any_reservation))
        .routes(routes!(operator::reservations::reseat_any_reservation))
        .routes(routes!(operator::door::admit_ticket))
        .routes(routes!(operator::import::import_programme))
        .routes(routes!(operator::log::list_operator_log))
        .routes(routes!(operator::wallets::charge_any_wallet))
        .routes(routes!(operator::wallets::withdraw_from_any_wallet))
        .routes(routes!(operator::queues::list_queues))
        .routes(routes!(operator::queues::list_jobs))
        .routes(routes!(operator::queues::act_on_queue))
        .routes(routes!(operator::queues::act_on_job))
        .merge(for_endpoints())
        .routes(routes!(operator::keys::create_key, operator::keys::list_keys))
        .routes(routes!(operator::keys::refuse_key))
        .routes(routes!(operator::drills::begin_drill, operator::drills::list_drills))
        .routes(routes!(operator::drills::read_drill))
        .routes(routes!(operator::drills::stop_drill))
        .routes(routes!(operator::drills::read_drill_report))
        .routes(routes!(operator::notices::list_notices))
        .routes(routes!(operator::notices::send_notice_again))
        .routes(routes!(operator::inbox::list_payments_inbox))
        .routes(routes!(operator::inbox::requery_payment))
        .routes(routes!(operator::inbox::reacquire_payment))
        .routes(routes!(operator::inbox::refund_any_payment))
}

fn for_endpoints() -> OpenApiRouter<House> {
    OpenApiRouter::new()
        .routes(routes!(operator::endpoints::create_endpoint, operator::endpoints::list_endpoints))
        .routes(routes!(
            operator::endpoints::read_endpoint,
            operator::endpoints::change_endpoint,
            operator::endpoints::delete_endpoint
        ))
        .routes(routes!(operator::endpoints::rotate_endpoint_secret))
        .routes(routes!(operator::endpoints::messages::list_attempts))
        .routes(routes!(operator::endpoints::messages::test_endpoint))
        .routes(routes!(operator::endpoints::messages::replay_endpoint))
        .routes(routes!(operator::endpoints::messages::replay_message))
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().split_for_parts().1
}

/// What is answered where nothing is.
pub fn missing() -> Problem {
    Problem::not_found("path: see /api-docs")
}

/// Everything that the API serves.
pub fn router(house: House) -> Router {
    let (described, document) = described().split_for_parts();
    let mut router = described
        .route(codes::PATH, get(codes::page))
        .merge(SwaggerUi::new("/api-docs").url("/api/v1/openapi.json", document));
    if house.reference.is_some() {
        router = router.merge(reference());
    }
    if house.bench_routes {
        router = router
            .route("/bench/noop", get(health::noop_get).post(health::noop_post))
            .route("/bench/noop/{bytes}", get(health::noop_sized));
    }
    if house.movable_clock.is_some() {
        router = router.route("/bench/clock", post(health::move_clock));
    }
    if house.observed.is_some() {
        router = router.route("/bench/observed", get(health::observed));
    }
    if house.limits.is_some() {
        router = router.layer(from_fn_with_state(house.clone(), limits::check));
    }
    router
        .fallback(|| async { missing() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(house)
}

/// The routes of the reference systems, at the root, as their clients know them.
fn reference() -> Router<House> {
    Router::new()
        .route("/queue/issue", post(booking::queue::issue))
        .route("/queue", get(booking::queue::state))
        .route("/concert/available-dates", get(booking::concert::available_dates))
        .route("/concert/available-seats", get(booking::concert::available_seats))
        .route("/reservation", post(booking::sale::reserve))
        .route("/user/charge", post(booking::cash::charge))
        .route("/user/check", get(booking::cash::check))
        .route("/payment", post(booking::pay::pay))
        .route("/v1/api/payments/confirm", post(confirm::confirm))
}
