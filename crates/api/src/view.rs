//! How things look as JSON: ids as texts, money as whole minor units, instants as RFC 3339.

use admitone_domain::concert::Concert;
use admitone_domain::payment::{Attempt, Method, Payment, PaymentState, Standing};
use admitone_domain::reservation::{Item, ItemState, Reservation, ReservationState, Ware};
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{Moment, Money};
use serde::Serialize;
use utoipa::ToSchema;

/// An instant as RFC 3339.
pub(crate) fn instant(moment: Moment) -> String {
    moment.to_string()
}

/// An instant in three forms, so that people see the venue's time and programs a plain one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InstantView {
    /// RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub(crate) utc: String,
    /// RFC 3339 with the venue's offset.
    #[schema(format = DateTime)]
    pub(crate) local: String,
    /// IANA name of the venue's zone.
    #[schema(example = "Asia/Seoul")]
    pub(crate) time_zone: String,
}

impl InstantView {
    fn new(moment: Moment, zone: &str) -> Self {
        let found = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = moment.timestamp().to_zoned(found).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        Self { utc: instant(moment), local, time_zone: zone.to_owned() }
    }
}

/// A concert.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ConcertView {
    /// Its id.
    #[schema(example = "concert_1")]
    pub(crate) id: String,
    /// Its title.
    pub(crate) title: String,
    /// Its category.
    pub(crate) category: String,
    /// Where it is.
    pub(crate) venue: String,
    /// ISO 4217.
    #[schema(example = "KRW")]
    pub(crate) currency: String,
    /// When its first show begins; null while it has none.
    #[schema(format = DateTime)]
    pub(crate) first_at: Option<String>,
    /// When its last show begins; null while it has none.
    #[schema(format = DateTime)]
    pub(crate) last_at: Option<String>,
}

impl From<Concert> for ConcertView {
    fn from(concert: Concert) -> Self {
        let has_shows = concert.first_at <= concert.last_at;
        Self {
            id: concert.id.to_string(),
            title: concert.title,
            category: concert.category,
            venue: concert.venue,
            currency: concert.currency.to_string(),
            first_at: has_shows.then(|| instant(concert.first_at)),
            last_at: has_shows.then(|| instant(concert.last_at)),
        }
    }
}

/// A show.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ShowView {
    /// Its id.
    #[schema(example = "show_1")]
    pub(crate) id: String,
    /// Its concert.
    #[schema(example = "concert_1")]
    pub(crate) concert: String,
    /// The waiting room in front of it, if there is one.
    #[schema(example = "room_1")]
    pub(crate) room: Option<String>,
    /// When it begins.
    pub(crate) opens_at: InstantView,
    /// When it ends.
    pub(crate) closes_at: InstantView,
    /// From when seats can be held.
    #[schema(format = DateTime)]
    pub(crate) booking_opens_at: String,
    /// Until when seats can be held.
    #[schema(format = DateTime)]
    pub(crate) booking_closes_at: String,
    /// ISO 4217.
    pub(crate) currency: String,
    /// Most items of one reservation.
    pub(crate) per_reservation_max: u32,
    /// Most items of one buyer; null means no limit.
    pub(crate) per_buyer_max: Option<u32>,
    /// How long a hold lasts, in seconds.
    pub(crate) hold_seconds: u64,
    /// How often a hold may be extended.
    pub(crate) extensions_max: u32,
}

impl From<Show> for ShowView {
    fn from(show: Show) -> Self {
        Self {
            id: show.id.to_string(),
            concert: show.concert.to_string(),
            room: show.room.map(|room| room.to_string()),
            opens_at: InstantView::new(show.opens_at, &show.time_zone),
            closes_at: InstantView::new(show.closes_at, &show.time_zone),
            booking_opens_at: instant(show.booking_opens_at),
            booking_closes_at: instant(show.booking_closes_at),
            currency: show.currency.to_string(),
            per_reservation_max: show.limits.per_reservation_max,
            per_buyer_max: show.limits.per_buyer_max,
            hold_seconds: show.limits.hold_ms / 1_000,
            extensions_max: show.limits.extensions_max,
        }
    }
}

/// A ticket type.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TicketTypeView {
    /// Its id.
    #[schema(example = "type_1")]
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What one costs.
    #[schema(value_type = i64)]
    pub(crate) price: Money,
    /// How many there are.
    pub(crate) capacity: u32,
    /// How many are held.
    pub(crate) held: u32,
    /// How many are sold.
    pub(crate) sold: u32,
    /// How many can be held now.
    pub(crate) left: u32,
    /// `available`, `all_held` (some may come back) or `sold_out`.
    #[schema(example = "available")]
    pub(crate) state: &'static str,
}

impl From<TicketType> for TicketTypeView {
    fn from(known: TicketType) -> Self {
        let state = match (known.left(), known.unsold()) {
            (0, 0) => "sold_out",
            (0, _) => "all_held",
            _ => "available",
        };
        Self {
            id: known.id.to_string(),
            price: known.price,
            capacity: known.capacity,
            held: known.held,
            sold: known.sold,
            left: known.left(),
            state,
            name: known.name,
        }
    }
}

/// A reservation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReservationView {
    /// Its id.
    #[schema(example = "res_1")]
    pub(crate) id: String,
    /// The show.
    pub(crate) show: String,
    /// The buyer.
    pub(crate) buyer: String,
    /// `held`, `confirming`, `sold`, `cancelled`, `released` or `expired`.
    #[schema(example = "held")]
    pub(crate) state: &'static str,
    /// Its items.
    pub(crate) items: Vec<ItemView>,
    /// What the held or sold items cost.
    #[schema(value_type = i64)]
    pub(crate) total: Money,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When the hold ends; far in the future while a gateway is asked for the money.
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
    /// Seconds left of the hold, by the server's clock.
    pub(crate) expires_in_seconds: u64,
    /// How often it was extended.
    pub(crate) extensions: u32,
    /// The payment, once it is paid.
    pub(crate) payment: Option<String>,
    /// The server's time when this was true.
    #[schema(format = DateTime)]
    pub(crate) server_time: String,
}

/// An item of a reservation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ItemView {
    /// The seat, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seat: Option<String>,
    /// The ticket type, if it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket_type: Option<String>,
    /// What it costs.
    #[schema(value_type = i64)]
    pub(crate) price: Money,
    /// `held`, `confirming`, `sold`, `cancelled`, `released` or `expired`.
    pub(crate) state: &'static str,
}

impl ReservationView {
    /// As it stands at a moment.
    pub(crate) fn at(reservation: &Reservation, now: Moment) -> Self {
        let live = |item: &&Item| {
            matches!(item.state, ItemState::Held | ItemState::Confirming | ItemState::Sold)
        };
        let total = Money::sum(reservation.items.iter().filter(live).map(|item| item.price));
        Self {
            id: reservation.id.to_string(),
            show: reservation.show.to_string(),
            buyer: reservation.buyer.to_string(),
            state: state_name(reservation.state_at(now)),
            items: reservation.items.iter().map(ItemView::from).collect(),
            total: total.unwrap_or(Money(i64::MAX)),
            created_at: instant(reservation.created_at),
            expires_at: instant(reservation.held_until),
            expires_in_seconds: reservation.held_until.ms_since(now) / 1_000,
            extensions: reservation.extensions,
            payment: reservation.payment.map(|payment| payment.to_string()),
            server_time: instant(now),
        }
    }
}

impl From<&Item> for ItemView {
    fn from(item: &Item) -> Self {
        let (seat, ticket_type) = match item.what {
            Ware::Seat(id) => (Some(id.to_string()), None),
            Ware::Ticket(id) => (None, Some(id.to_string())),
        };
        Self { seat, ticket_type, price: item.price, state: item_state_name(item.state) }
    }
}

pub(crate) fn state_name(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Held => "held",
        ReservationState::Confirming => "confirming",
        ReservationState::Sold => "sold",
        ReservationState::Cancelled => "cancelled",
        ReservationState::Released => "released",
        ReservationState::Expired => "expired",
    }
}

fn item_state_name(state: ItemState) -> &'static str {
    match state {
        ItemState::Held => "held",
        ItemState::Confirming => "confirming",
        ItemState::Sold => "sold",
        ItemState::Cancelled => "cancelled",
        ItemState::Released => "released",
        ItemState::Expired => "expired",
    }
}

/// A payment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    /// Its id.
    #[schema(example = "pay_1")]
    pub(crate) id: String,
    /// Who paid.
    pub(crate) buyer: String,
    /// What for; null for a plain use of the wallet.
    pub(crate) reservation: Option<String>,
    /// How much.
    #[schema(value_type = i64)]
    pub(crate) amount: Money,
    /// ISO 4217.
    pub(crate) currency: String,
    /// How much of it went back.
    #[schema(value_type = i64)]
    pub(crate) refunded: Money,
    /// `wallet`, `gateway` or `external`.
    pub(crate) method: &'static str,
    /// `requested`, `unknown` (the gateway is asked again: do not pay again), `approved`,
    /// `declined`, `refund_owed` or `refunded`.
    #[schema(example = "approved")]
    pub(crate) state: &'static str,
    /// The order, if it goes through a gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_id: Option<String>,
    /// Why the gateway took nothing, in its words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider_code: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id.to_string(),
            buyer: payment.buyer.to_string(),
            reservation: payment.reservation.map(|reservation| reservation.to_string()),
            amount: payment.amount,
            currency: payment.currency.to_string(),
            refunded: payment.given_back(),
            method: match payment.method {
                Method::Wallet | Method::Apart(_) => "wallet",
                Method::External { .. } => "external",
                Method::Gateway(_) => "gateway",
            },
            state: payment_state_name(payment.state()),
            order_id: order_of(payment),
            provider_code: payment.attempt().and_then(provider_code),
            created_at: instant(payment.created_at),
        }
    }
}

fn payment_state_name(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Requested => "requested",
        PaymentState::Unknown => "unknown",
        PaymentState::Approved => "approved",
        PaymentState::Declined => "declined",
        PaymentState::RefundOwed => "refund_owed",
        PaymentState::Refunded => "refunded",
    }
}

/// The order that a gateway knows.
fn order_of(payment: &Payment) -> Option<String> {
    match &payment.method {
        Method::Gateway(attempt) => Some(attempt.order.clone()),
        Method::Wallet | Method::Apart(_) | Method::External { .. } => None,
    }
}

fn provider_code(attempt: &Attempt) -> Option<String> {
    match &attempt.standing {
        Standing::Declined { code } => Some(code.clone()),
        Standing::Requested | Standing::Unknown | Standing::Approved | Standing::Late => None,
    }
}

/// An entry of a wallet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// Its id.
    #[schema(example = "entry_1")]
    pub(crate) id: String,
    /// `charge`, `use`, `refund`, or `withdrawal` for what an operator took out.
    pub(crate) kind: &'static str,
    /// How much; always positive.
    #[schema(value_type = i64)]
    pub(crate) amount: Money,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The payment it belongs to, for a use and its refunds.
    pub(crate) payment: Option<String>,
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            kind: match entry.kind {
                EntryKind::Charge => "charge",
                EntryKind::Use => "use",
                EntryKind::Refund => "refund",
                EntryKind::Withdrawal => "withdrawal",
            },
            amount: entry.amount,
            at: instant(entry.at),
            payment: entry.payment.map(|payment| payment.to_string()),
        }
    }
}
