//! Create and change seats and ticket types.

use super::{SavedView, operate};
use crate::ask::{self, PathId, StaffAsk};
use crate::house::House;
use crate::problem::{Problem, Problems};
use admitone_app::operating::{self, BlockFields, SeatsFields, TicketTypeFields};
use admitone_domain::Money;
use admitone_domain::command::operate::Operate;
use admitone_domain::id::{SeatId, ShowId, TicketTypeId};
use admitone_domain::show::Attribute;
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
    /// What each is: `wheelchair`, `companion` or `restricted_view`; nothing when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "wheelchair")]
    pub(crate) attribute: Option<Attribute>,
}

/// What changes of seats: one of `price`, `blocked`, `attribute` and, without `seats`, `kept_until`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatsChange {
    /// Which seats.
    #[serde(default)]
    pub(crate) seats: Vec<String>,
    /// A new price, for holds that come after it.
    #[schema(minimum = 0)]
    pub(crate) price: Option<i64>,
    /// True takes them out of the sale, false puts them back.
    pub(crate) blocked: Option<bool>,
    /// For whom or why they are taken out; operators see it on the page of the show.
    #[schema(max_length = 60, example = "sponsors")]
    pub(crate) label: Option<String>,
    /// `wheelchair`, `companion` or `restricted_view`; `none` takes back what was said.
    #[schema(example = "wheelchair")]
    pub(crate) attribute: Option<String>,
    /// Until when wheelchair spaces and companion seats are handed out to nobody who did not ask for
    /// them: a moment as of RFC 3339, or `always`.
    #[schema(example = "2027-01-23T00:00:00Z")]
    pub(crate) kept_until: Option<String>,
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
        let BlockRequest { section, row, first_number, count, price, attribute } = block;
        BlockFields { section, row, first_number, count, price: Money(price), attribute }
    });
    let add = operating::add_seats(&house.office, show, blocks.collect()).await?;
    operate(&house, &ask.named, add, StatusCode::CREATED).await
}

/// Change seats
///
/// Their price, whether they are for sale, what is said of them, or until when those that are for some are
/// kept for them.
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
    let change = ask.body::<SeatsChange>()?.read(show)?;
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

fn one_change() -> Problem {
    Problem::invalid("give one of `price`, `blocked`, `attribute` and `kept_until`")
}

impl SeatsChange {
    /// The command that it asks for.
    fn read(self, show: ShowId) -> Result<Operate, Problem> {
        let seats = self.seats.iter().map(|seat| ask::id("seats", seat));
        let seats: Vec<SeatId> = seats.collect::<Result<_, _>>()?;
        let Some(text) = &self.kept_until else {
            return Ok(operating::change_seats(show, seats, self.fields()?)?);
        };
        if (self.price, self.blocked) != (None, None) || self.attribute.is_some() {
            return Err(one_change());
        }
        if !seats.is_empty() {
            return Err(Problem::invalid("`kept_until` is of the show, not of `seats`"));
        }
        if text == "always" {
            return Ok(operating::keep_seats(show, None));
        }
        let moment = text.parse::<jiff::Timestamp>();
        let moment = moment.map_err(|error| Problem::invalid(format!("`kept_until`: {error}")))?;
        Ok(operating::keep_seats(show, Some(moment.into())))
    }

    fn fields(self) -> Result<SeatsFields, Problem> {
        let Self { price, blocked, label, attribute, .. } = self;
        if label.is_some() && blocked != Some(true) {
            return Err(Problem::invalid("`label` goes with `blocked`: true"));
        }
        Ok(match (price, blocked, attribute.as_deref()) {
            (Some(price), None, None) => SeatsFields::Price(Money(price)),
            (None, Some(true), None) => SeatsFields::Block(label),
            (None, Some(false), None) => SeatsFields::Unblock,
            (None, None, Some("none")) => SeatsFields::Attribute(None),
            (None, None, Some(name)) => {
                let said = Attribute::of_name(name);
                let said = said.ok_or_else(|| Problem::invalid("there is no such `attribute`"))?;
                SeatsFields::Attribute(Some(said))
            }
            _ => return Err(one_change()),
        })
    }
}

impl TicketTypeRequest {
    fn read(self) -> TicketTypeFields {
        let Self { name, price, capacity } = self;
        TicketTypeFields { name, price: price.map(Money), capacity }
    }
}
