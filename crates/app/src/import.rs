//! Import: a whole programme from one document: rooms, concerts, shows, seats, ticket types.
//!
//! Every step is a command named after the document and its place in it, so that a document that
//! was imported half, or twice, ends as if it had been imported once.

mod document;

pub use document::{ConcertPlan, Document, RoomPlan, SeatsPlan, ShowPlan, TicketTypePlan};

use crate::box_office::{BoxOffice, Request};
use crate::ports::delivery::Reply;
use crate::ports::store::Sequence;
use crate::waiting_room::settings::RoomSettings;
use crate::{Trouble, TroubleKind};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveRoom, SaveShow, SaveTicketType,
};
use admitone_domain::concert::Concert;
use admitone_domain::id::{ConcertId, RoomId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{
    Action, Actor, CommandId, Currency, Fingerprint, Key, Moment, Money, Outcome, Refusal, Row,
};
use serde::Serialize;
use std::collections::HashMap;

/// The longest that a hold may last.
const HOLD_SECONDS_MAX: u64 = 86_400;

/// Imports one document.
pub struct Import<'a> {
    office: &'a BoxOffice,
    actor: Actor,
    /// Names the document.
    name: blake3::Hash,
    step: u64,
    rooms: HashMap<String, RoomId>,
}

/// What an import made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    /// Rooms, in their order.
    pub rooms: Vec<String>,
    /// Concerts, in their order.
    pub concerts: Vec<ImportedConcert>,
}

/// A concert that was made.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedConcert {
    /// Its id.
    pub id: String,
    /// Its shows, in their order.
    pub shows: Vec<ImportedShow>,
}

/// A show that was made.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedShow {
    /// Its id.
    pub id: String,
    /// For each block of seats the first and the last id.
    pub seats: Vec<[String; 2]>,
    /// Its ticket types.
    pub ticket_types: Vec<String>,
}

/// Why an import stopped. What was made before stays; importing the same document again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportTrouble {
    /// Something in the document is wrong.
    #[error("{place}: {what}")]
    Document {
        /// Where in the document.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A rule refused a step.
    #[error("{place}: {refusal}")]
    Refused {
        /// Where in the document.
        place: String,
        /// Why.
        refusal: Refusal,
    },
    /// The store is in trouble.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl<'a> Import<'a> {
    /// Imports for an actor; `text` is the document as it came, which names it.
    pub fn new(office: &'a BoxOffice, actor: Actor, text: &[u8]) -> Self {
        Self { office, actor, name: blake3::hash(text), step: 0, rooms: HashMap::new() }
    }

    /// Makes everything; `progress` is told after each show.
    pub async fn run(
        mut self,
        document: &Document,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<Imported, ImportTrouble> {
        Self::check_size(document)?;
        let mut imported = Imported::default();
        for (index, room) in document.rooms.iter().enumerate() {
            let id = self.room(room, &format!("rooms[{index}]")).await?;
            self.rooms.insert(room.name.clone(), id);
            imported.rooms.push(id.to_string());
        }
        for (index, concert) in document.concerts.iter().enumerate() {
            let place = format!("concerts[{index}]");
            let id = self.concert(concert, &place).await?;
            let mut shows = Vec::new();
            for (index, show) in concert.shows.iter().enumerate() {
                let place = format!("{place}.shows[{index}]");
                shows.push(self.show(id, show, &place).await?);
                progress(1);
            }
            imported.concerts.push(ImportedConcert { id: id.to_string(), shows });
        }
        Ok(imported)
    }

    /// Refuses more seats than one document may have, before anything is made.
    fn check_size(document: &Document) -> Result<(), ImportTrouble> {
        let shows = document.concerts.iter().flat_map(|concert| &concert.shows);
        let seats = shows.flat_map(|show| &show.seats);
        let count =
            |plan: &SeatsPlan| u64::from(plan.numbers[1].saturating_sub(plan.numbers[0])) + 1;
        if seats.map(count).sum::<u64>() > document::ALL_SEATS_MAX {
            return Err(wrong("document", "seats", &"at most 1,000,000 in one document"));
        }
        Ok(())
    }

    async fn room(&mut self, plan: &RoomPlan, place: &str) -> Result<RoomId, ImportTrouble> {
        let settings = check_settings(&plan.settings, self.office.clock.now())
            .map_err(|what| ImportTrouble::Document { place: place.to_owned(), what })?;
        let id = RoomId(self.office.draw(Sequence::Room, 1).await?);
        let save = SaveRoom { id, name: plan.name.clone(), settings, expected: Some(0) };
        match self.operate(Operate::SaveRoom(save), place).await? {
            Key::Room(id) => Ok(id),
            _ => Ok(id),
        }
    }

    async fn concert(
        &mut self,
        plan: &ConcertPlan,
        place: &str,
    ) -> Result<ConcertId, ImportTrouble> {
        let currency: Currency =
            plan.currency.parse().map_err(|error| wrong(place, "currency", &error))?;
        let id = ConcertId(self.office.draw(Sequence::Concert, 1).await?);
        let concert = Concert {
            id,
            title: plan.name.clone(),
            category: plan.category.clone(),
            venue: plan.venue.clone(),
            currency,
            first_at: Moment::MAX,
            last_at: Moment::MIN,
        };
        let save = SaveConcert { concert, expected: Some(0) };
        match self.operate(Operate::SaveConcert(save), place).await? {
            Key::Concert(id) => Ok(id),
            _ => Ok(id),
        }
    }

    async fn show(
        &mut self,
        concert: ConcertId,
        plan: &ShowPlan,
        place: &str,
    ) -> Result<ImportedShow, ImportTrouble> {
        let id = ShowId(self.office.draw(Sequence::Show, 1).await?);
        let show = self.show_row(id, concert, plan, place)?;
        let save = SaveShow { show, expected: Some(0) };
        let id = match self.operate(Operate::SaveShow(save), place).await? {
            Key::Show(id) => id,
            _ => id,
        };
        if !plan.seats.is_empty() {
            self.seats(id, &plan.seats, place).await?;
        }
        let mut ticket_types = Vec::new();
        for (index, planned) in plan.ticket_types.iter().enumerate() {
            let place = format!("{place}.ticket_types[{index}]");
            ticket_types.push(self.ticket_type(id, planned, &place).await?.to_string());
        }
        Ok(ImportedShow { id: id.to_string(), seats: self.blocks(id).await?, ticket_types })
    }

    fn show_row(
        &self,
        id: ShowId,
        concert: ConcertId,
        plan: &ShowPlan,
        place: &str,
    ) -> Result<Show, ImportTrouble> {
        let room = plan.room.as_ref().map(|name| {
            let known = self.rooms.get(name).copied().or_else(|| name.parse().ok());
            known.ok_or_else(|| wrong(place, "room", &"no room of this name in the document"))
        });
        let at = |field: &str, text: &str| {
            let parsed: Result<jiff::Timestamp, _> = text.parse();
            parsed.map(Moment::from).map_err(|error| wrong(place, field, &error))
        };
        if plan.hold_seconds.is_some_and(|seconds| !(1..=HOLD_SECONDS_MAX).contains(&seconds)) {
            return Err(wrong(place, "hold_seconds", &"must be between 1 and 86400"));
        }
        jiff::tz::TimeZone::get(&plan.time_zone).map_err(|e| wrong(place, "time_zone", &e))?;
        let usual = Limits::default();
        Ok(Show {
            id,
            concert,
            room: room.transpose()?,
            opens_at: at("opens_at", &plan.opens_at)?,
            closes_at: at("closes_at", &plan.closes_at)?,
            booking_opens_at: at("booking_opens_at", &plan.booking_opens_at)?,
            booking_closes_at: at("booking_closes_at", &plan.booking_closes_at)?,
            time_zone: plan.time_zone.clone(),
            currency: Currency::KRW,
            limits: Limits {
                per_reservation_max: plan.per_reservation_max.unwrap_or(usual.per_reservation_max),
                per_buyer_max: plan.per_buyer_max,
                hold_ms: plan.hold_seconds.map_or(usual.hold_ms, |seconds| seconds * 1_000),
                extensions_max: plan.extensions_max.unwrap_or(usual.extensions_max),
            },
        })
    }

    async fn seats(
        &mut self,
        show: ShowId,
        plans: &[SeatsPlan],
        place: &str,
    ) -> Result<(), ImportTrouble> {
        let mut blocks = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            let place = format!("{place}.seats[{index}]");
            let [first, last] = plan.numbers;
            let count = last.checked_sub(first).and_then(|distance| distance.checked_add(1));
            let count = count.filter(|count| *count <= document::SEATS_MAX);
            let count = count.ok_or_else(|| wrong(&place, "numbers", &"not a range of seats"))?;
            let first_seat = SeatId(self.office.draw(Sequence::Seat, u64::from(count)).await?);
            let block = SeatBlock {
                section: plan.section.clone(),
                row: plan.row.clone(),
                first_number: first,
                count,
                first_seat,
            };
            blocks.push(BlockOfSeats { block, price: Money(plan.price) });
        }
        self.operate(Operate::AddSeats(AddSeats { show, blocks }), place).await.map(|_| ())
    }

    async fn ticket_type(
        &mut self,
        show: ShowId,
        plan: &TicketTypePlan,
        place: &str,
    ) -> Result<TicketTypeId, ImportTrouble> {
        let id = TicketTypeId(self.office.draw(Sequence::TicketType, 1).await?);
        let save = SaveTicketType {
            id,
            show,
            name: plan.name.clone(),
            price: Money(plan.price),
            capacity: plan.quantity,
            expected: Some(0),
        };
        match self.operate(Operate::SaveTicketType(save), place).await? {
            Key::TicketType(id) => Ok(id),
            _ => Ok(id),
        }
    }

    async fn blocks(&self, show: ShowId) -> Result<Vec<[String; 2]>, ImportTrouble> {
        let Some(Row::Plan(_, plan)) =
            self.office.row(Key::Plan(show)).await?.map(admitone_domain::Loaded::into_row)
        else {
            return Ok(Vec::new());
        };
        let ends = |block: &SeatBlock| {
            let last = SeatId(block.first_seat.0 + u64::from(block.count.saturating_sub(1)));
            [block.first_seat.to_string(), last.to_string()]
        };
        Ok(plan.blocks.iter().map(ends).collect())
    }

    /// One step; the key of what it made, now or when it was first imported.
    async fn operate(&mut self, operate: Operate, place: &str) -> Result<Key, ImportTrouble> {
        self.step += 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.name.as_bytes()).update(&self.step.to_le_bytes());
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        let request = Request {
            id: CommandId(u128::from_le_bytes(id)),
            fingerprint: Fingerprint(self.step),
            actor: self.actor,
            admission: Admission::Staff,
            deadline: None,
            waits: true,
        };
        let refused = |refusal| ImportTrouble::Refused { place: place.to_owned(), refusal };
        match self.office.submit(&request, Action::Operate(operate)).await? {
            Reply::Answered { answer, .. } => {
                match answer.answer.as_ref().map_err(|refusal| refused(refusal.clone()))? {
                    Outcome::Saved { key, .. } => Ok(*key),
                    other => Err(wrong(place, "answer", &format_args!("{other:?}"))),
                }
            }
            Reply::KeyReused => Err(wrong(place, "document", &"was imported in another form")),
            Reply::Accepted(_) => {
                let detail = "accepted, and nobody settles it: import it again when somebody does";
                Err(Trouble::new(TroubleKind::Busy, "import", detail).into())
            }
        }
    }
}

fn wrong(place: &str, field: &str, what: &dyn std::fmt::Display) -> ImportTrouble {
    ImportTrouble::Document { place: format!("{place}.{field}"), what: what.to_string() }
}

/// Checks the settings of a room and brings them into the form in which they are kept.
pub fn check_settings(settings: &serde_json::Value, now: Moment) -> Result<String, String> {
    let mut whole = serde_json::to_value(RoomSettings::default()).map_err(|e| e.to_string())?;
    let (Some(known), Some(given)) = (whole.as_object_mut(), settings.as_object()) else {
        return Err("settings must be an object".to_owned());
    };
    for (name, value) in given {
        let slot = known.get_mut(name).ok_or_else(|| format!("there is no setting `{name}`"))?;
        slot.clone_from(value);
    }
    let parsed: RoomSettings = serde_json::from_value(whole).map_err(|error| error.to_string())?;
    parsed.validate().map_err(|problem| problem.to_string())?;
    parsed.check_bypass(now).map_err(|problem| problem.to_string())?;
    serde_json::to_string(&parsed).map_err(|error| error.to_string())
}
