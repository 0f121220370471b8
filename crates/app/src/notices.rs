//! Notices to buyers leave on the road of events: confirmed, expired, refunded, another seat.
//!
//! A consumer like any other: it may be told of an event twice, and the notice is sent once, because
//! its id is that of the event, and whoever sends it knows what was sent. What became of each stands
//! in a book, written behind the sending: who is killed in between sends it again.

mod book;
mod texts;

pub use book::{NoticeBook, Standing, Told};

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
use admitone_domain::{Event, Happening, Key, Loaded, Moment, Row};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Makes notices of events.
pub struct NoticeWriter {
    reads: Arc<dyn Reads>,
    notices: Arc<dyn Notices>,
    book: NoticeBook,
    clock: Arc<dyn Clock>,
    /// When the old ones were forgotten last, in microseconds.
    forgot_us: AtomicI64,
}

/// A notice that an operator wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// What became of it.
    pub told: Told,
    /// Whether that was known before, and nothing was sent.
    pub is_repeated: bool,
}

/// A notice of an event.
struct News {
    notice: Notice,
    /// Whether it happened so long ago that nobody is told any more.
    is_stale: bool,
}

/// What happened so long ago is news to nobody: whoever sends was away, or is new.
const STALE_MS: u64 = 3 * 24 * 3_600_000;
/// What became of a notice is known for so long.
const KEPT_MS: u64 = 90 * 24 * 3_600_000;
/// Older ones are looked for so often.
const FORGET_MS: u64 = 3_600_000;

/// What a notice is written from.
struct Story {
    buyer: BuyerId,
    reservation: Option<Reservation>,
    show: Option<Show>,
    concert: Option<Concert>,
    payment: Option<Payment>,
    /// The seat that an item got: its section, row and number.
    seat: Option<(String, String, u32)>,
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
        if written.is_empty() { Ok(()) } else { self.tell(&written).await }
    }
}

impl NoticeWriter {
    /// Writes of what `reads` has, has it sent by `notices`, and keeps in `book` what became of it.
    pub fn new(
        reads: Arc<dyn Reads>,
        notices: Arc<dyn Notices>,
        book: NoticeBook,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { reads, notices, book, clock, forgot_us: AtomicI64::new(0) }
    }

    /// Tells a buyer once more that the tickets of a reservation are his, as an operator wishes;
    /// what became of it, if there is anything to tell. The same wish, asked for twice, is one notice.
    /// It is tried once: whoever wished it is told, and wishes again.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub async fn again(&self, id: ReservationId, wish: &str) -> Result<Option<Again>, Trouble> {
        let payment = match self.row(Some(Key::Reservation(id))).await? {
            Some(Row::Reservation(known)) if is_sold(&known) => known.payment,
            _ => return Ok(None),
        };
        let Some(story) = self.story(Some(id), payment).await? else { return Ok(None) };
        let named = format!("again_{id}_{wish}");
        let known = self.book.known(std::slice::from_ref(&named)).await?.remove(&named);
        let (version, before) = match known {
            Some((_, told)) if told.standing.is_settled() => {
                return Ok(Some(Again { told, is_repeated: true }));
            }
            Some((version, told)) => (version, Some(told)),
            None => (0, None),
        };
        let what = Subject::Confirmed;
        let (english, korean) = texts::write(what, &story);
        let notice = Notice {
            id: named,
            what,
            buyer: story.buyer,
            reservation: Some(id),
            at: before.as_ref().map_or_else(|| self.clock.now(), |told| told.at),
            english,
            korean,
        };
        let standing = match self.hand(&notice).await {
            Ok(standing) => standing,
            Err(trouble) => Standing::GivenUp { why: trouble.detail },
        };
        let attempts = before.map_or(0, |told| told.attempts) + 1;
        let told = Told { attempts, ..Told::of(&notice, self.clock.now(), standing) };
        self.book.write(&[(version, told.clone())]).await?;
        // The same wish may have been asked for twice at once, and the other one says more.
        let stands = self.book.known(std::slice::from_ref(&told.id)).await?.remove(&told.id);
        let told = stands.map_or(told, |(_, stands)| stands);
        Ok(Some(Again { told, is_repeated: false }))
    }

    /// Hands one over; how it stands then, unless that may change.
    async fn hand(&self, notice: &Notice) -> Result<Standing, Trouble> {
        let fate = self.notices.send(std::slice::from_ref(notice)).await?.pop();
        Ok(match fate {
            Some(Fate::Refused(status)) => Standing::Refused { status },
            Some(Fate::Taken) | None => Standing::Taken,
        })
    }

    /// Hands over what was not handed over before, and writes down what became of each. The first that
    /// is not taken now keeps those behind it: all of them come again.
    async fn tell(&self, all: &[News]) -> Result<(), Trouble> {
        let ids: Vec<String> = all.iter().map(|news| news.notice.id.clone()).collect();
        let known = self.book.known(&ids).await?;
        let (mut written, mut outcome) = (Vec::new(), Ok(()));
        for News { notice, is_stale } in all {
            let before = known.get(&notice.id);
            if before.is_some_and(|(_, told)| told.standing.is_settled()) {
                continue;
            }
            let (version, attempts) =
                before.map_or((0, 0), |(version, told)| (*version, told.attempts));
            let told = |attempts, standing| {
                let told = Told::of(notice, self.clock.now(), standing);
                (version, Told { attempts, ..told })
            };
            let waits = |trouble: &Trouble| Standing::Trying { why: trouble.detail.clone() };
            match &outcome {
                _ if *is_stale => {
                    let why = "nobody took it for three days".to_owned();
                    written.push(told(attempts, Standing::GivenUp { why }));
                }
                Err(trouble) if before.is_none() => written.push(told(0, waits(trouble))),
                Err(_) => {}
                Ok(()) => match self.hand(notice).await {
                    Ok(standing) => written.push(told(attempts + 1, standing)),
                    Err(trouble) => {
                        written.push(told(attempts + 1, waits(&trouble)));
                        outcome = Err(trouble);
                    }
                },
            }
        }
        self.book.write(&written).await?;
        self.forget_the_old().await;
        outcome
    }

    /// Once an hour.
    async fn forget_the_old(&self) {
        let now = self.clock.now();
        let last = self.forgot_us.load(Ordering::Relaxed);
        if now.ms_since(Moment(last)) < FORGET_MS {
            return;
        }
        self.forgot_us.store(now.0, Ordering::Relaxed);
        let before = Moment(now.0.saturating_sub_unsigned(KEPT_MS * 1_000));
        if let Err(trouble) = self.book.forget(before).await {
            tracing::warn!(%trouble, "the book of notices was not pruned");
        }
    }

    async fn write(&self, envelope: &Envelope) -> Result<Option<News>, Trouble> {
        let Some((what, reservation, payment)) = subject(&envelope.event) else { return Ok(None) };
        let is_stale = self.clock.now().ms_since(envelope.event.at) >= STALE_MS;
        let Some(mut story) = self.story(reservation, payment).await? else { return Ok(None) };
        story.seat = self.seat(&envelope.event, &story).await?;
        let (english, korean) = texts::write(what, &story);
        let notice = Notice {
            id: envelope.id(),
            what,
            buyer: story.buyer,
            reservation: story.reservation.map(|reservation| reservation.id),
            at: envelope.event.at,
            english,
            korean,
        };
        Ok(Some(News { notice, is_stale }))
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
        Ok(Some(Story { buyer, reservation, show, concert, payment, seat: None }))
    }

    /// The name of the seat that an event gave to an item.
    async fn seat(
        &self,
        event: &Event,
        story: &Story,
    ) -> Result<Option<(String, String, u32)>, Trouble> {
        let Happening::Reseated { to, .. } = event.what else { return Ok(None) };
        let show = story.show.as_ref().map(|show| Key::Plan(show.id));
        let Some(Row::Plan(_, plan)) = self.row(show).await? else { return Ok(None) };
        let found = plan.find(to);
        Ok(found.map(|(block, number)| (block.section.clone(), block.row.clone(), number)))
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
        (Key::Reservation(id), Happening::Reseated { .. }) => {
            Some((Subject::Reseated, Some(id), None))
        }
        (Key::Payment(id), Happening::Refunded { .. }) => Some((Subject::Refunded, None, Some(id))),
        _ => None,
    }
}
