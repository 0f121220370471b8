//! Create and change seats and ticket types.

use super::{SavedView, operate};
use crate::ask::{self, PathId, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::operating::{self, BlockFields, SeatsFields, TicketTypeFields};
use admitone_domain::Money;
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

/// Blocks of new seats, the best first.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatsRequest {
    /// The blocks.
    pub(crate) blocks: Vec<BlockRequest>,
}

/// Neighbouring seats of one price.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockRequest {
    /// Section.
    pub(crate) section: String,
    /// Row.
    pub(crate) row: String,
    /// Number of the first seat.
    pub(crate) first_number: u32,
    /// How many.
    #[schema(minimum = 1, maximum = 100_000)]
    pub(crate) count: u32,
    /// What each costs.
    #[schema(minimum = 0)]
    pub(crate) price: i64,
}

/// What changes of seats: one of the three.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatsChange {
    /// Which seats.
    pub(crate) seats: Vec<String>,
    /// A new price, for holds that come after it.
    #[schema(minimum = 0)]
    pub(crate) price: Option<i64>,
    /// True takes them out of the sale, false puts them back.
    pub(crate) blocked: Option<bool>,
}

/// A ticket type; when one is changed, what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketTypeRequest {
    /// Its name.
    #[schema(min_length = 1)]
    pub(crate) name: Option<String>,
    /// What one costs.
    #[schema(minimum = 0)]
    pub(crate) price: Option<i64>,
    /// How many there are; never below what is sold and held.
    pub(crate) capacity: Option<u32>,
}

/// Add seats to a show
#[utoipa::path(
    post, path = "/api/v1/operator/shows/{id}/seats", operation_id = "add_seats",
    tag = "operator", security(("operator" = [])), request_body = SeatsRequest,
    params(("id" = String, Path, example = "show_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = SavedView), Problems)
)]
pub(crate) async fn add_seats(
    State(house): State<House>,
    PathId(show): PathId<ShowId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let wanted: SeatsRequest = ask.body()?;
    let blocks = wanted.blocks.into_iter().map(|block| {
        let BlockRequest { section, row, first_number, count, price } = block;
        BlockFields { section, row, first_number, count, price: Money(price) }
    });
    let add = operating::add_seats(&house.office, show, blocks.collect()).await?;
    operate(&house, &ask.named, add, StatusCode::CREATED).await
}

/// Change seats
///
/// Their price, or whether they are for sale.
#[utoipa::path(
    patch, path = "/api/v1/operator/shows/{id}/seats", operation_id = "change_seats",
    tag = "operator", security(("operator" = [])), request_body = SeatsChange,
    params(("id" = String, Path, example = "show_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn change_seats(
    State(house): State<House>,
    PathId(show): PathId<ShowId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let wanted: SeatsChange = ask.body()?;
    let seats = wanted.seats.iter().map(|seat| ask::id("seats", seat));
    let seats: Vec<SeatId> = seats.collect::<Result<_, _>>()?;
    let fields = SeatsFields { price: wanted.price.map(Money), blocked: wanted.blocked };
    let change = operating::change_seats(show, seats, fields)?;
    operate(&house, &ask.named, change, StatusCode::OK).await
}

/// Create a ticket type
#[utoipa::path(
    post, path = "/api/v1/operator/shows/{id}/ticket-types", operation_id = "create_ticket_type",
    tag = "operator", security(("operator" = [])), request_body = TicketTypeRequest,
    params(("id" = String, Path, example = "show_1"), ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255)),
    responses((status = 201, body = SavedView), Problems)
)]
pub(crate) async fn create_ticket_type(
    State(house): State<House>,
    PathId(show): PathId<ShowId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let fields = ask.body::<TicketTypeRequest>()?.read();
    let create = operating::create_ticket_type(&house.office, show, fields).await?;
    operate(&house, &ask.named, create, StatusCode::CREATED).await
}

/// Change a ticket type
#[utoipa::path(
    patch, path = "/api/v1/operator/ticket-types/{id}", operation_id = "change_ticket_type",
    tag = "operator", security(("operator" = [])), request_body = TicketTypeRequest,
    params(
        ("id" = String, Path, example = "type_1"),
        ("Idempotency-Key" = String, Header, min_length = 1, max_length = 255),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    responses((status = 200, body = SavedView), Problems)
)]
pub(crate) async fn change_ticket_type(
    State(house): State<House>,
    PathId(id): PathId<TicketTypeId>,
    ask: StaffAsk,
) -> Result<Response<Body>, Problem> {
    let fields = ask.body::<TicketTypeRequest>()?.read();
    let expected = ask.expected_version()?;
    let change = operating::change_ticket_type(&house.office, id, fields, expected).await?;
    operate(&house, &ask.named, change, StatusCode::OK).await
}

impl TicketTypeRequest {
    fn read(self) -> TicketTypeFields {
        let Self { name, price, capacity } = self;
        TicketTypeFields { name, price: price.map(Money), capacity }
    }
}
