//! Create and change seats and ticket types.

use super::{SavedView, not_blank, operate};
use crate::ask::{self, PathId, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::ports::store::Sequence;
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveSeats, SaveTicketType, SeatChange,
};
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::show::SeatBlock;
use admitone_domain::{Key, Money, Row};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

const SEATS_MAX: u32 = 100_000;

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
    let total = wanted.blocks.iter().fold(0_u32, |sum, block| sum.saturating_add(block.count));
    if !(1..=SEATS_MAX).contains(&total) {
        return Err(Problem::invalid("`blocks` must have 1 to 100,000 seats together"));
    }
    let mut next = house.office.draw(Sequence::Seat, u64::from(total)).await?;
    let mut blocks = Vec::new();
    for block in wanted.blocks {
        let first_seat = SeatId(next);
        next += u64::from(block.count);
        let BlockRequest { section, row, first_number, count, price } = block;
        let block = SeatBlock { section, row, first_number, count, first_seat };
        blocks.push(BlockOfSeats { block, price: Money(price) });
    }
    let add = Operate::AddSeats(AddSeats { show, blocks });
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
    let change = match (wanted.price, wanted.blocked) {
        (Some(price), None) => SeatChange::Price(Money(price)),
        (None, Some(true)) => SeatChange::Block,
        (None, Some(false)) => SeatChange::Unblock,
        _ => return Err(Problem::invalid("give either `price` or `blocked`")),
    };
    let save = Operate::SaveSeats(SaveSeats { show, seats, change });
    operate(&house, &ask.named, save, StatusCode::OK).await
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
    let TicketTypeRequest { name, price, capacity } = ask.body()?;
    not_blank("name", name.as_ref())?;
    let (Some(name), Some(price), Some(capacity)) = (name, price, capacity) else {
        return Err(Problem::invalid("`name`, `price` and `capacity` are required"));
    };
    let id = TicketTypeId(house.office.draw(Sequence::TicketType, 1).await?);
    let save = SaveTicketType { id, show, name, price: Money(price), capacity, expected: Some(0) };
    operate(&house, &ask.named, Operate::SaveTicketType(save), StatusCode::CREATED).await
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
    let change: TicketTypeRequest = ask.body()?;
    not_blank("name", change.name.as_ref())?;
    let loaded = house.office.row(Key::TicketType(id)).await?;
    let Some(Row::TicketType(known)) = loaded.as_ref().map(|loaded| &*loaded.row) else {
        return Err(Problem::not_found("ticket type"));
    };
    // Sales change the version all the time: without If-Match the newest is as good as any.
    let save = SaveTicketType {
        id,
        show: known.show,
        name: change.name.unwrap_or_else(|| known.name.clone()),
        price: change.price.map_or(known.price, Money),
        capacity: change.capacity.unwrap_or(known.capacity),
        expected: ask.expected_version()?,
    };
    operate(&house, &ask.named, Operate::SaveTicketType(save), StatusCode::OK).await
}
