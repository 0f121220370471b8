//! Reading without deciding: single rows as they are now, and lists.

use crate::Trouble;
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, PaymentId, ReservationId, ShowId};
use admitone_domain::party::Operator;
use admitone_domain::payment::{Method, Payment};
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Entry;
use admitone_domain::{CommandId, Key, Loaded, Moment, StoredAnswer};
use async_trait::async_trait;
use std::sync::Arc;

/// Reads what is committed. A caller that was answered sees what it was answered.
///
/// # Behavior
/// - `a_committed_row_is_read_at_once`: single rows are never behind an answer.
/// - `what_is_said_of_seats_is_read_as_it_was_saved`: with the plan, in which nothing is lost of it.
/// - `lists_show_what_was_answered`: nor are lists.
/// - `concerts_are_listed_soonest_first`: by first date, then id; the cursor continues exactly.
/// - `concerts_are_found_by_words_category_and_date`: every word begins a word of the title.
/// - `a_concert_is_found_on_each_day_that_has_a_show`: not by its first show alone.
/// - `lists_of_a_buyer_are_newest_first_and_his_own`: reservations, payments, entries.
/// - `a_payment_is_open_until_its_gateway_has_said_all`: listed from the first question to the last
///   refund, by the time of the next question.
/// - `who_asks_wallets_alone_is_shown_no_payments_of_a_gateway`: however many are due before.
/// - `open_payments_are_listed_page_by_page`: a page continues exactly where the one before ended.
/// - `an_account_is_kept_while_money_is_on_its_way`: what a wallet is owed is found among the
///   payments of its buyer.
/// - `an_account_is_kept_if_money_is_owed_before_it_is_closed`: also where that was not so yet when its
///   payments were looked through.
#[async_trait]
pub trait Reads: Send + Sync {
    /// Rows as they are now, in the order asked for.
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble>;

    /// The answer that is kept of a command.
    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble>;

    /// Those answers that are kept of several commands, in any order.
    async fn answers(&self, ids: &[CommandId]) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(self.answer(*id).await?);
        }
        Ok(found)
    }

    /// Concerts, soonest first.
    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble>;

    /// The shows of a concert by date; of all concerts when none is named.
    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble>;

    /// The ticket types of a show, by id.
    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble>;

    /// Reservations, newest first: of one buyer, or of all for an operator.
    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble>;

    /// Payments of a buyer, newest first.
    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble>;

    /// Entries of a buyer's wallet, newest first.
    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble>;

    /// All operators, by id.
    async fn operators(&self) -> Result<Vec<Operator>, Trouble>;

    /// All waiting rooms, by id: the rows themselves.
    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble>;

    /// Payments of which somebody is to be asked something, or about which a person must decide: those
    /// whose time comes first, at most `limit`, only those after another one in that order if one is
    /// named. With [`Asking::Wallets`] there may be others among them that an older house wrote.
    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble>;

    /// Holds that are over, the longest first, at most `limit`.
    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble>;
}

/// Whom the payments ask that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// A gateway or a wallet.
    Anybody,
    /// A wallet: for who cannot ask a gateway.
    Wallets,
}

impl Asking {
    /// How stores write that a payment asks a gateway.
    pub const A_GATEWAY: i64 = 1;
    /// How stores write that it asks a wallet, or nobody.
    pub const A_WALLET: i64 = 2;

    /// Whom a payment asks, as stores write it.
    pub fn of(payment: &Payment) -> i64 {
        match payment.method {
            Method::Gateway(_) => Self::A_GATEWAY,
            Method::Apart(_) | Method::Wallet | Method::External { .. } => Self::A_WALLET,
        }
    }
}

/// Where an open payment stands among the others: when it is its time, and which it is.
pub type Turn = (Moment, PaymentId);

/// The turn of a payment, if it is open.
pub fn turn(payment: &Payment) -> Option<Turn> {
    Some((payment.ask_at()?, payment.id))
}

/// A page of a list that is ordered by falling id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only ids below this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Which concerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConcertFilter {
    /// Words of the title; each must begin one of its words, capital or not.
    pub words: Vec<String>,
    /// The category.
    pub category: Option<String>,
    /// Only concerts whose first show begins at or after this moment.
    pub from: Option<Moment>,
    /// Only concerts whose first show begins before this moment.
    pub to: Option<Moment>,
    /// Only concerts of which some show begins at or after the first moment and before the second.
    pub day: Option<(Moment, Moment)>,
    /// Only concerts after this one in the order.
    pub after: Option<(Moment, ConcertId)>,
    /// At most so many.
    pub limit: usize,
}
