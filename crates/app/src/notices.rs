//! Notices to buyers leave on the road of events: confirmed, expired, refunded.
//!
//! A consumer like any other: it may be told of an event twice, and the notice is sent once, because
//! its id is that of the event and whoever sends it knows what was sent.

mod texts;

use crate::Trouble;
use crate::events::Envelope;
use crate::ports::clock::Clock;
use crate::ports::event_bus::Consumer;
use crate::ports::notices::{Fate, Notice, Notices, Subject};
use crate::ports::reads::Reads;
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, PaymentId, ReservationId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::{ItemState, Reservation};
use admitone_domain::show::Show;
use admitone_domain::{Event, Happening, Key, Loaded, Row};
use async_trait::async_trait;
use std::sync::Arc;

/// Makes notices of events.
pub struct NoticeWriter {
    /// What the events are about.
    pub reads: Arc<dyn Reads>,
    /// Who sends.
    pub notices: Arc<dyn Notices>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What happened so long ago is news to nobody: whoever sends was away, or is new.
const STALE_MS: u64 = 3 * 24 * 3_600_000;

/// What a notice is written from.
struct Story {
    buyer: BuyerId,
    reservation: Option<Reservation>,
    show: Option<Show>,
    concert: Option<Concert>,
    payment: Option<Payment>,
}

#[async_trait]
impl Consumer for NoticeWriter {
    fn name(&self) -> &'static str {
        "notices"
    }

    async fn take(&self, events: &[Envelope]) -> Result<(), Trouble> {
        let mut written = Vec::new();
        for event in events {
            written.extend(self.write(event).await?);
        }
        if written.is_empty() { Ok(()) } else { self.notices.send(&written).await.map(|_| ()) }
    }
}

impl NoticeWriter {
    /// Tells a buyer once more that the tickets of a reservation are his, as an operator wishes;
    /// what became of it, if there is anything to tell. The same wish, asked for twice, is one notice.
    ///
    /// # Errors
    /// The store cannot be read, or whoever sends did not take it now.
    pub async fn again(&self, id: ReservationId, wish: &str) -> Result<Option<Fate>, Trouble> {
        let payment = match self.row(Some(Key::Reservation(id))).await? {
            Some(Row::Reservation(known)) if is_sold(&known) => known.payment,
            _ => return Ok(None),
        };
        let Some(story) = self.story(Some(id), payment).await? else { return Ok(None) };
        let what = Subject::Confirmed;
        let (english, korean) = texts::write(what, &story);
        let notice = Notice {
            id: format!("again_{id}_{wish}"),
            what,
            buyer: story.buyer,
            reservation: Some(id),
            at: self.clock.now(),
            english,
            korean,
        };
        Ok(self.notices.send(&[notice]).await?.pop())
    }

    async fn write(&self, envelope: &Envelope) -> Result<Option<Notice>, Trouble> {
        let Some((what, reservation, payment)) = subject(&envelope.event) else { return Ok(None) };
        if self.clock.now().ms_since(envelope.event.at) >= STALE_MS {
            return Ok(None);
        }
        let Some(story) = self.story(reservation, payment).await? else { return Ok(None) };
        let (english, korean) = texts::write(what, &story);
        Ok(Some(Notice {
            id: envelope.id(),
            what,
            buyer: story.buyer,
            reservation: story.reservation.map(|reservation| reservation.id),
            at: envelope.event.at,
            english,
            korean,
        }))
    }

    /// The rows as they are now; none when nobody can be told.
    async fn story(
        &self,
        reservation: Option<ReservationId>,
        payment: Option<PaymentId>,
    ) -> Result<Option<Story>, Trouble> {
        let payment = match self.row(payment.map(Key::Payment)).await? {
            Some(Row::Payment(payment)) => Some(payment),
            _ => None,
        };
        let id = reservation.or(payment.as_ref().and_then(|payment| payment.reservation));
        let reservation = match self.row(id.map(Key::Reservation)).await? {
            Some(Row::Reservation(reservation)) => Some(reservation),
            _ => None,
        };
        let buyer = reservation.as_ref().map(|reservation| reservation.buyer);
        let Some(buyer) = buyer.or(payment.as_ref().map(|payment| payment.buyer)) else {
            return Ok(None);
        };
        let show = reservation.as_ref().map(|reservation| Key::Show(reservation.show));
        let show = match self.row(show).await? {
            Some(Row::Show(show)) => Some(show),
            _ => None,
        };
        let concert = show.as_ref().map(|show| Key::Concert(show.concert));
        let concert = match self.row(concert).await? {
            Some(Row::Concert(concert)) => Some(concert),
            _ => None,
        };
        Ok(Some(Story { buyer, reservation, show, concert, payment }))
    }

    async fn row(&self, key: Option<Key>) -> Result<Option<Row>, Trouble> {
        let Some(key) = key else { return Ok(None) };
        let found = self.reads.rows(&[key]).await?.pop().flatten();
        Ok(found.map(Loaded::into_row))
    }
}

fn is_sold(reservation: &Reservation) -> bool {
    reservation.items.iter().any(|item| item.state == ItemState::Sold)
}

/// What an event has to be told of to its buyer, and what it is about.
fn subject(event: &Event) -> Option<(Subject, Option<ReservationId>, Option<PaymentId>)> {
    match (event.aggregate, &event.what) {
        (Key::Reservation(id), Happening::Sold { payment }) => {
            Some((Subject::Confirmed, Some(id), Some(*payment)))
        }
        (Key::Reservation(id), Happening::Expired) => Some((Subject::Expired, Some(id), None)),
        (Key::Payment(id), Happening::Refunded { .. }) => Some((Subject::Refunded, None, Some(id))),
        _ => None,
    }
}
