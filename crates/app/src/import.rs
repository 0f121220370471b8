//! Import: a whole programme from one document: rooms, concerts, shows, seats, ticket types.
//!
//! A document is looked through before anything is made of it, so that one with a mistake leaves
//! nothing behind. Everything has a name in documents ([`Name`]), and the command that makes it is named
//! after that: a document that was imported half, or twice, ends as if it had been imported once, and
//! one that was corrected adds what is missing. What is there stays as it is, and is compared
//! (`docs/decisions/0014-documents-and-names.md`).

mod check;
mod compare;
mod document;
mod name;
mod report;

pub use check::check_settings;
pub use document::{ConcertPlan, Document, RoomPlan, SeatsPlan, ShowPlan, TicketTypePlan};
pub use report::{Count, ImportTrouble, Imported, ImportedConcert, ImportedShow};

use crate::box_office::{BoxOffice, Request};
use crate::operating::adding;
use crate::ports::delivery::Reply;
use crate::ports::store::Sequence;
use crate::{Trouble, TroubleKind};
use admitone_domain::command::operate::{
    BlockOfSeats, Operate, SaveConcert, SaveRoom, SaveShow, SaveTicketType,
};
use admitone_domain::concert::Concert;
use admitone_domain::id::{ConcertId, RoomId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::show::{SeatBlock, SeatPlan, Show};
use admitone_domain::{
    Action, Actor, CommandId, Fingerprint, Key, Loaded, Moment, Money, Outcome, Row,
};
use name::{Name, Names};
use std::collections::HashMap;

/// Imports one document.
pub struct Import<'a> {
    office: &'a BoxOffice,
    actor: Actor,
    names: Names,
    rooms: HashMap<String, RoomId>,
    imported: Imported,
}

/// What a name stands for.
enum Known {
    /// Something that was made before.
    Made(Key),
    /// Nothing yet; the command that makes it.
    Free(CommandId),
}

/// What a step came to.
struct Step {
    key: Key,
    /// Whether somebody had made it before.
    was_there: bool,
}

impl<'a> Import<'a> {
    /// Imports for an actor; `text` is the document as it came: before there were names, steps were
    /// named after it, and what they made is found again.
    pub fn new(office: &'a BoxOffice, actor: Actor, text: &[u8]) -> Self {
        let (names, imported) = (Names::of(text), Imported::default());
        Self { office, actor, names, rooms: HashMap::new(), imported }
    }

    /// Makes what is missing; `progress` is told after each show.
    pub async fn run(
        mut self,
        document: &Document,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<Imported, ImportTrouble> {
        check::document(document, self.office.clock.now())?;
        self.check_rooms(document).await?;
        for (index, room) in document.rooms.iter().enumerate() {
            let id = self.room(room, &format!("rooms[{index}]")).await?;
            self.rooms.insert(room.name.clone(), id);
            self.imported.rooms.push(id.to_string());
        }
        for (index, concert) in document.concerts.iter().enumerate() {
            let place = format!("concerts[{index}]");
            let name = Name::ROOT.below("concert", &concert.name);
            let (id, was_there) = self.concert(name, concert, &place).await?;
            let mut shows = Vec::new();
            for (index, show) in concert.shows.iter().enumerate() {
                let place = format!("{place}.shows[{index}]");
                shows.push(self.show((name, id), show, &place).await?);
                progress(1);
            }
            if was_there {
                self.note_others(id, &shows, &place).await?;
            }
            self.imported.concerts.push(ImportedConcert { id: id.to_string(), shows });
        }
        Ok(self.imported)
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
        let name = Name::ROOT.below("room", &plan.name);
        let step = match self.known(name).await? {
            Known::Made(key) => Step { key, was_there: true },
            Known::Free(command) => {
                let id = RoomId(self.office.draw(Sequence::Room, 1).await?);
                let (name, settings) = (plan.name.clone(), settings.clone());
                let save = SaveRoom { id, name, settings, expected: Some(0) };
                self.operate(command, Operate::SaveRoom(save), place).await?
            }
        };
        let Key::Room(id) = step.key else { return Err(check::other_kind(place, step.key)) };
        self.imported.count(step.was_there).rooms += 1;
        if step.was_there {
            let wished = Row::Room { id, name: plan.name.clone(), settings };
            self.compare(&wished, place).await?;
        }
        Ok(id)
    }

    /// A concert, and whether it was there before.
    async fn concert(
        &mut self,
        name: Name,
        plan: &ConcertPlan,
        place: &str,
    ) -> Result<(ConcertId, bool), ImportTrouble> {
        let currency = check::currency(plan, place)?;
        let wished = |id| Concert {
            id,
            title: plan.name.clone(),
            category: plan.category.clone(),
            venue: plan.venue.clone(),
            currency,
            first_at: Moment::MAX,
            last_at: Moment::MIN,
        };
        let step = match self.known(name).await? {
            Known::Made(key) => Step { key, was_there: true },
            Known::Free(command) => {
                let concert = wished(ConcertId(self.office.draw(Sequence::Concert, 1).await?));
                let save = SaveConcert { concert, expected: Some(0) };
                self.operate(command, Operate::SaveConcert(save), place).await?
            }
        };
        let Key::Concert(id) = step.key else { return Err(check::other_kind(place, step.key)) };
        self.imported.count(step.was_there).concerts += 1;
        if step.was_there {
            self.compare(&Row::Concert(wished(id)), place).await?;
        }
        Ok((id, step.was_there))
    }

    async fn show(
        &mut self,
        (above, concert): (Name, ConcertId),
        plan: &ShowPlan,
        place: &str,
    ) -> Result<ImportedShow, ImportTrouble> {
        let show = check::show_row((ShowId(0), concert), &self.rooms, plan, place)?;
        let name = above.below("show", &show.opens_at.to_string());
        let step = match self.known(name).await? {
            Known::Made(key) => Step { key, was_there: true },
            Known::Free(command) => {
                let id = ShowId(self.office.draw(Sequence::Show, 1).await?);
                let show = Show { id, ..show.clone() };
                let save = Operate::SaveShow(SaveShow { show, expected: Some(0) });
                self.operate(command, save, place).await?
            }
        };
        let Key::Show(id) = step.key else { return Err(check::other_kind(place, step.key)) };
        self.imported.count(step.was_there).shows += 1;
        if step.was_there {
            self.compare(&Row::Show(Show { id, ..show }), place).await?;
        }
        if plan.seats.is_empty() {
            self.kept_alone((name, id), plan, place).await?;
        } else {
            self.seats((name, id), plan, place).await?;
        }
        let mut ticket_types = Vec::new();
        for (index, planned) in plan.ticket_types.iter().enumerate() {
            let place = format!("{place}.ticket_types[{index}]");
            ticket_types.push(self.ticket_type((name, id), planned, &place).await?.to_string());
        }
        let ends = |block: &SeatBlock| {
            let last = SeatId(block.first_seat.0 + u64::from(block.count.saturating_sub(1)));
            [block.first_seat.to_string(), last.to_string()]
        };
        let seats = self.plan(id).await?.blocks.iter().map(ends).collect();
        Ok(ImportedShow { id: id.to_string(), seats, ticket_types })
    }

    /// Adds those seats that the show does not have.
    async fn seats(
        &mut self,
        (above, show): (Name, ShowId),
        plan: &ShowPlan,
        place: &str,
    ) -> Result<(), ImportTrouble> {
        let there = self.plan(show).await?;
        let kept = self.kept(&there, plan, place)?;
        let mut blocks = Vec::new();
        let mut said = Vec::new();
        for (index, plan) in plan.seats.iter().enumerate() {
            let place = format!("{place}.seats[{index}]");
            let wished = check::block(plan, &place)?;
            let missing = compare::without(&wished, &there.blocks);
            let left: u32 = missing.iter().map(|block| block.count).sum();
            self.imported.found.seats += u64::from(wished.count - left);
            self.compare_seats((&wished, plan), &there, &place).await?;
            for block in missing {
                let count = u64::from(block.count);
                let first_seat = SeatId(self.office.draw(Sequence::Seat, count).await?);
                let block = SeatBlock { first_seat, ..block };
                blocks.push(BlockOfSeats { block, price: Money(plan.price) });
                said.push(plan);
            }
        }
        let name = above.below("seats", &compare::said(&blocks));
        let known = self.known(name).await?;
        if blocks.is_empty() {
            return Ok(());
        }
        let was_there = match known {
            Known::Made(_) => true,
            Known::Free(command) => {
                let attributes = said.iter().map(|plan| plan.attribute);
                let add = adding(show, blocks.iter().cloned().zip(attributes).collect(), kept);
                self.operate(command, add, place).await?.was_there
            }
        };
        let count = blocks.iter().map(|added| u64::from(added.block.count)).sum::<u64>();
        self.imported.count(was_there).seats += count;
        if was_there {
            // Somebody added them since the plan was read, perhaps at another price.
            let there = self.plan(show).await?;
            for (BlockOfSeats { block, .. }, plan) in blocks.iter().zip(said) {
                self.compare_seats((block, plan), &there, place).await?;
            }
        }
        Ok(())
    }

    async fn ticket_type(
        &mut self,
        (above, show): (Name, ShowId),
        plan: &TicketTypePlan,
        place: &str,
    ) -> Result<TicketTypeId, ImportTrouble> {
        let name = above.below("ticket type", &plan.name);
        let step = match self.known(name).await? {
            Known::Made(key) => Step { key, was_there: true },
            Known::Free(command) => {
                let save = SaveTicketType {
                    id: TicketTypeId(self.office.draw(Sequence::TicketType, 1).await?),
                    show,
                    name: plan.name.clone(),
                    price: Money(plan.price),
                    capacity: plan.quantity,
                    expected: Some(0),
                };
                self.operate(command, Operate::SaveTicketType(save), place).await?
            }
        };
        let Key::TicketType(id) = step.key else {
            return Err(check::other_kind(place, step.key));
        };
        self.imported.count(step.was_there).ticket_types += 1;
        if step.was_there {
            self.compare_ticket_type(id, plan, place).await?;
        }
        Ok(id)
    }

    /// The seats that a show has.
    async fn plan(&self, show: ShowId) -> Result<SeatPlan, ImportTrouble> {
        match self.office.row(Key::Plan(show)).await?.map(Loaded::into_row) {
            Some(Row::Plan(_, plan)) => Ok(plan),
            _ => Ok(SeatPlan::default()),
        }
    }

    /// What a name stands for.
    async fn known(&mut self, name: Name) -> Result<Known, ImportTrouble> {
        let commands = self.names.commands(name);
        let kept = self.office.reads.answers(&commands).await?;
        let made = kept.iter().find_map(|kept| match &kept.answer {
            Ok(Outcome::Saved { key, .. }) => Some(Known::Made(*key)),
            _ => None,
        });
        Ok(made.unwrap_or(Known::Free(commands[1])))
    }

    /// One step. Of two imports at once one makes what both look for in vain.
    async fn operate(
        &self,
        id: CommandId,
        operate: Operate,
        place: &str,
    ) -> Result<Step, ImportTrouble> {
        let request = Request {
            id,
            fingerprint: Fingerprint(0),
            actor: self.actor,
            admission: Admission::Staff,
            deadline: None,
            waits: true,
        };
        let refused = |refusal| ImportTrouble::Refused { place: place.to_owned(), refusal };
        match self.office.submit(&request, Action::Operate(operate)).await? {
            Reply::Answered { answer, replayed: was_there } => {
                match answer.answer.as_ref().map_err(|refusal| refused(refusal.clone()))? {
                    Outcome::Saved { key, .. } => Ok(Step { key: *key, was_there }),
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
