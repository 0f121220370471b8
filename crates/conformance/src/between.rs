//! Somebody between a store and those who read it: for tests in which what is read is late, old or not
//! there.

use admitone_app::Trouble;
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
use std::ops::Deref;
use std::sync::Arc;

/// What somebody between does with what is asked. Everything that is not named here is read as it is; a test
/// that needs to bend more of it adds that.
#[async_trait]
pub trait Between: Send + Sync {
    /// What is read behind it.
    fn behind(&self) -> &dyn Reads;

    /// As of [`Reads::rows`].
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        self.behind().rows(keys).await
    }

    /// As of [`Reads::answer`].
    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        self.behind().answer(id).await
    }

    /// As of [`Reads::open_payments`].
    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        self.behind().open_payments(asking, after, limit).await
    }
}

/// A store as it is read through somebody.
pub struct Through<B>(pub B);

impl<B> Deref for Through<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.0
    }
}

#[async_trait]
impl<B: Between> Reads for Through<B> {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        self.0.rows(keys).await
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        self.0.answer(id).await
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        self.0.behind().concerts(filter).await
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        self.0.behind().shows(concert).await
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        self.0.behind().ticket_types(show).await
    }

    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble> {
        self.0.behind().reservations(of, page).await
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        self.0.behind().payments(of, page).await
    }

    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        self.0.open_payments(asking, after, limit).await
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        self.0.behind().entries(of, page).await
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        self.0.behind().operators().await
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        self.0.behind().rooms().await
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        self.0.behind().due(limit).await
    }
}
