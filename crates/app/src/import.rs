//! Import: a whole programme from one document: rooms, concerts, shows, seats, ticket types.
//!
//! A document is looked through before anything is made of it, so that one with a mistake leaves
//! nothing behind. Every step is a command named after the document and its place in it, so that a document that
//! was imported half, or twice, ends as if it had been imported once.

mod check;
mod document;

pub use check::check_settings;
pub use document::{ConcertPlan, Document, RoomPlan, SeatsPlan, ShowPlan, TicketTypePlan};

use crate::box_office::{BoxOffice, Request};
use crate::ports::delivery::Reply;
use crate::ports::store::Sequence;
use crate::{Trouble, TroubleKind};
use admitone_domain::command::operate::{
    AddSeats, BlockOfSeats, Operate, SaveConcert, SaveRoom, SaveShow, SaveTicketType,
};
use admitone_domain::concert::Concert;
use admitone_domain::id::{ConcertId, RoomId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::SeatBlock;
use admitone_domain::{
    Action, Actor, CommandId, Fingerprint, Key, Moment, Money, Outcome, Refusal, Row,
};
use serde::Serialize;
use std::collections::HashMap;

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

/// Why an import stopped. A mistake in the document is told before anything is made; what was made
/// before the store was in trouble, or a rule refused, stays, and the same document again goes on.
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
        check::document(document, self.office.clock.now())?;
        self.check_rooms(document).await?;
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

    /// Rooms that a document does not make must be there.
    async fn check_rooms(&self, document: &Document) -> Result<(), ImportTrouble> {
        let made: Vec<&String> = document.rooms.iter().map(|room| &room.name).collect();
        for (place, show) in check::shows(document) {
            let Some(name) = show.room.as_ref().filter(|name| !made.contains(name)) else {
                continue;
            };
            let room = name.parse().map_err(|_| check::no_room(&place))?;
            if self.office.row(Key::Room(room)).await?.is_none() {
                return Err(check::no_room(&place));
            }
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
        let currency = check::currency(plan, place)?;
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
        let show = check::show_row((id, concert), &self.rooms, plan, place)?;
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

    async fn seats(
        &mut self,
        show: ShowId,
        plans: &[SeatsPlan],
        place: &str,
    ) -> Result<(), ImportTrouble> {
        let mut blocks = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            let place = format!("{place}.seats[{index}]");
            let block = check::block(plan, &place)?;
            let count = u64::from(block.count);
            let block = SeatBlock {
                first_seat: SeatId(self.office.draw(Sequence::Seat, count).await?),
                ..block
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
                    other => Err(check::wrong(place, "answer", &format_args!("{other:?}"))),
                }
            }
            Reply::KeyReused => {
                Err(check::wrong(place, "document", &"was imported in another form"))
            }
            Reply::Accepted(_) => {
                let detail = "accepted, and nobody settles it: import it again when somebody does";
                Err(Trouble::new(TroubleKind::Busy, "import", detail).into())
            }
        }
    }
}
