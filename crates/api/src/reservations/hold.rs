//! Hold seats or tickets.

use crate::ask::{self, BuyerAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use crate::reply;
use crate::view::ReservationView;
use admitone_app::box_office::BestAvailable;
use admitone_domain::command::{Choice, Hold};
use admitone_domain::id::ShowId;
use admitone_domain::{Action, Moment, Outcome};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// What to hold: seats, tickets of types, both, or the best seats that are free together.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldRequest {
    /// The show.
    #[schema(example = "show_1")]
    pub(crate) show: String,
    /// Seats.
    #[serde(default)]
    #[schema(example = json!(["seat_1", "seat_2"]))]
    pub(crate) seats: Vec<String>,
    /// Ticket types and how many of each.
    #[serde(default)]
    pub(crate) tickets: Vec<TicketsWanted>,
    /// So many seats together, chosen by the house; instead of `seats` and `tickets`.
    pub(crate) best_available: Option<BestWanted>,
}

/// So many tickets of a type.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketsWanted {
    /// The type.
    #[schema(example = "type_1")]
    pub(crate) ticket_type: String,
    /// How many.
    #[schema(minimum = 1)]
    pub(crate) quantity: u32,
}

/// So many seats together.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BestWanted {
    /// How many.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) quantity: u32,
    /// So many of them wheelchair spaces, the others beside them. Who asks for none is given neither these
    /// nor companion seats, as long as they are kept.
    #[serde(default)]
    #[schema(maximum = 100)]
    pub(crate) wheelchairs: u32,
    /// Only in this section.
    pub(crate) section: Option<String>,
}

/// Hold seats or tickets
///
/// All of them or none. The hold begins now and lasts as long as the show says.
#[utoipa::path(
    post, path = "/api/v1/reservations", operation_id = "hold_reservation", tag = "reservations",
    request_body = HoldRequest, security(("buyer" = [])),
    params(
        ("Idempotency-Key" = String, Header, description = "Another for each wish, the same for its repetitions", min_length = 1, max_length = 255),
        ("queue-token" = Option<String>, Header, description = "The pass, if the show stands behind a waiting room"),
    ),
    responses((status = 201, body = ReservationView), Problems)
)]
pub(crate) async fn hold_reservation(
    State(house): State<House>,
    ask: BuyerAsk,
) -> Result<Response<Body>, Problem> {
    let wish = ask.body().and_then(Wish::of)?;
    let named = ask.admitted(&house, wish.show()).await?;
    let held = match wish {
        // Seldom, and larger than all the rest.
        Wish::Best(best) => Box::pin(house.hold_best(&named, &best)).await?,
        Wish::Items(hold) => house.submit(&named, Action::Hold(hold)).await?,
    };
    reply::reply(held, StatusCode::CREATED, reserved)
}

/// What a request comes to.
enum Wish {
    Items(Hold),
    Best(BestAvailable),
}

impl Wish {
    #[expect(clippy::needless_pass_by_value, reason = "what was read is let go before the wait")]
    fn of(wanted: HoldRequest) -> Result<Self, Problem> {
        let show: ShowId = ask::id("show", &wanted.show)?;
        match &wanted.best_available {
            Some(best) => best_wish(show, &wanted, best).map(Self::Best),
            None => Ok(Self::Items(Hold { show, choice: items(&wanted)? })),
        }
    }

    fn show(&self) -> ShowId {
        match self {
            Self::Items(hold) => hold.show,
            Self::Best(best) => best.show,
        }
    }
}

/// The reservation of an outcome.
pub(crate) fn reserved(outcome: &Outcome, at: Moment) -> Option<ReservationView> {
    match outcome {
        Outcome::Reserved(reservation) => Some(ReservationView::at(reservation, at)),
        _ => None,
    }
}

fn items(wanted: &HoldRequest) -> Result<Choice, Problem> {
    let seats = wanted.seats.iter().map(|seat| ask::id("seats", seat));
    let tickets = wanted.tickets.iter().map(|tickets| {
        if tickets.quantity == 0 {
            return Err(Problem::invalid("`quantity` must be at least 1"));
        }
        Ok((ask::id("ticket_type", &tickets.ticket_type)?, tickets.quantity))
    });
    Ok(Choice::Items {
        seats: seats.collect::<Result<_, _>>()?,
        tickets: tickets.collect::<Result<_, _>>()?,
    })
}

fn best_wish(
    show: ShowId,
    wanted: &HoldRequest,
    best: &BestWanted,
) -> Result<BestAvailable, Problem> {
    if !wanted.seats.is_empty() || !wanted.tickets.is_empty() {
        return Err(Problem::invalid("`best_available` stands alone"));
    }
    if !(1..=100).contains(&best.quantity) {
        return Err(Problem::invalid("`quantity` must be between 1 and 100"));
    }
    if best.wheelchairs > best.quantity {
        return Err(Problem::invalid("`wheelchairs` must not be more than `quantity`"));
    }
    let BestWanted { quantity: count, wheelchairs, section } = best.clone();
    Ok(BestAvailable { show, count, wheelchairs, section })
}
