//! A store of which somebody else wrote the payments before it was noted whom they ask: looked for by
//! who can ask wallets alone, those of a gateway are found too.

use admitone_app::Trouble;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::reads::{Asking, ConcertFilter, Page, Reads, Turn};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, ReservationId, ShowId};
use admitone_domain::party::Operator;
use admitone_domain::payment::Payment;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Entry;
use admitone_domain::{CommandId, Key, Loaded, StoredAnswer};
use async_trait::async_trait;
use std::sync::Arc;

/// What it reads from.
pub(super) struct OldRows(pub(super) MemoryStore);

#[async_trait]
impl Reads for OldRows {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        self.0.rows(keys).await
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        self.0.answer(id).await
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        self.0.concerts(filter).await
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        self.0.shows(concert).await
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        self.0.ticket_types(show).await
    }

    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble> {
        self.0.reservations(of, page).await
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        self.0.payments(of, page).await
    }

    async fn open_payments(
        &self,
        _asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        self.0.open_payments(Asking::Anybody, after, limit).await
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        self.0.entries(of, page).await
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        self.0.operators().await
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        self.0.rooms().await
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        self.0.due(limit).await
    }
}
