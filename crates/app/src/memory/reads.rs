//! Lists of the in-memory store: it looks at everything, which is slow and plainly right.

use super::store::MemoryStore;
use crate::Trouble;
use crate::ports::reads::{Asking, ConcertFilter, Page, Reads, Turn, turn};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, ReservationId, ShowId};
use admitone_domain::party::Operator;
use admitone_domain::payment::Payment;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Entry;
use admitone_domain::{CommandId, Key, Loaded, Moment, Row, StoredAnswer};
use async_trait::async_trait;
use std::sync::Arc;

impl MemoryStore {
    fn pick<T>(&self, pick: impl Fn(&Loaded) -> Option<T>) -> Vec<T> {
        self.lock().rows.values().filter_map(pick).collect()
    }
}

#[async_trait]
impl Reads for MemoryStore {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let state = self.lock();
        Ok(keys.iter().map(|key| state.rows.get(key).cloned()).collect())
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        Ok(self.lock().answers.get(&id).cloned())
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        let shows = if filter.day.is_some() { self.shows(None).await? } else { Vec::new() };
        let is_on = |concert: ConcertId, (from, to): (Moment, Moment)| {
            let begins = |show: &Show| from <= show.opens_at && show.opens_at < to;
            shows.iter().any(|show| show.concert == concert && begins(show))
        };
        let is_shown = |concert: &Concert| filter.day.is_none_or(|day| is_on(concert.id, day));
        let mut found = self.pick(|loaded| match &*loaded.row {
            Row::Concert(concert) if fits(filter, concert) && is_shown(concert) => {
                Some(concert.clone())
            }
            _ => None,
        });
        found.sort_by_key(|concert| (concert.first_at, concert.id));
        found.truncate(filter.limit);
        Ok(found)
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        let mut found = self.pick(|loaded| match &*loaded.row {
            Row::Show(show) if concert.is_none_or(|id| id == show.concert) => Some(show.clone()),
            _ => None,
        });
        found.sort_by_key(|show| (show.opens_at, show.id));
        Ok(found)
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        let mut found = self.pick(|loaded| match &*loaded.row {
            Row::TicketType(known) if known.show == show => Some(known.clone()),
            _ => None,
        });
        found.sort_by_key(|known| known.id);
        Ok(found)
    }

    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble> {
        let found = self.pick(|loaded| match &*loaded.row {
            Row::Reservation(held) if of.is_none_or(|id| id == held.buyer) => Some(held.clone()),
            _ => None,
        });
        Ok(cut(found, |reservation| reservation.id.0, page))
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        let found = self.pick(|loaded| match &*loaded.row {
            Row::Payment(payment) if payment.buyer == of => Some(payment.clone()),
            _ => None,
        });
        Ok(cut(found, |payment| payment.id.0, page))
    }

    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        let is_wanted = |payment: &Payment| match asking {
            Asking::Anybody => true,
            Asking::Wallets => Asking::of(payment) == Asking::A_WALLET,
        };
        let mut found = self.pick(|loaded| match &*loaded.row {
            Row::Payment(one) if one.ask_at().is_some() && is_wanted(one) => Some(one.clone()),
            _ => None,
        });
        found.retain(|payment| turn(payment) > after);
        found.sort_by_key(turn);
        found.truncate(limit);
        Ok(found)
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        let found = self.lock().entries.iter().filter(|entry| entry.buyer == of).copied().collect();
        Ok(cut(found, |entry: &Entry| entry.id.0, page))
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        let mut found = self.pick(|loaded| match &*loaded.row {
            Row::Operator(operator) => Some(operator.clone()),
            _ => None,
        });
        found.sort_by_key(|operator| operator.id);
        Ok(found)
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        let is_room = |loaded: &Loaded| matches!(*loaded.row, Row::Room { .. });
        let mut found = self.pick(|loaded| is_room(loaded).then(|| loaded.clone()));
        found.sort_by_key(|loaded| loaded.row.key());
        Ok(found)
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        let mut due = self.lock().due(self.clock.now(), |_| true);
        due.truncate(limit);
        Ok(due)
    }
}

/// The newest first, below the page's edge, not more than it takes.
fn cut<T>(mut found: Vec<T>, id: impl Fn(&T) -> u64, page: Page) -> Vec<T> {
    found.retain(|one| page.before.is_none_or(|before| id(one) < before));
    found.sort_by_key(|one| std::cmp::Reverse(id(one)));
    found.truncate(page.limit);
    found
}

fn fits(filter: &ConcertFilter, concert: &Concert) -> bool {
    let title = concert.title.to_lowercase();
    let begins =
        |word: &String| title.split_whitespace().any(|w| w.starts_with(&word.to_lowercase()));
    filter.words.iter().all(begins)
        && filter.category.as_ref().is_none_or(|category| *category == concert.category)
        && filter.from.is_none_or(|from| concert.first_at >= from)
        && filter.to.is_none_or(|to| concert.first_at < to)
        && filter.after.is_none_or(|after| (concert.first_at, concert.id) > after)
}
