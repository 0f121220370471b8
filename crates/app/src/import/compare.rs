//! What is there beside what a document says. Nothing is changed by an import: it says what differs.

use super::name::Name;
use super::report::{ImportTrouble, ImportedShow};
use super::{Import, Known, SeatsPlan, ShowPlan, TicketTypePlan, check};
use crate::operating::keep_seats;
use admitone_domain::command::operate::{BlockOfSeats, Kept};
use admitone_domain::concert::Concert;
use admitone_domain::id::{ConcertId, SeatId, ShowId, TicketTypeId};
use admitone_domain::show::{SeatBlock, SeatPlan, Show};
use admitone_domain::{Key, Loaded, Money, Row};

/// So many seats are read at once.
const READ_AT_ONCE: usize = 1_000;

/// So many differences are told of a block of seats: who has another price for every other seat of a hall is told of
/// the first of them, and how many more there are.
const TOLD_MAX: usize = 20;

impl Import<'_> {
    /// Notes where a row is not what the document wishes.
    pub(super) async fn compare(&mut self, wished: &Row, place: &str) -> Result<(), ImportTrouble> {
        let there = self.office.row(wished.key()).await?.map(Loaded::into_row);
        let fields = match (wished, &there) {
            (Row::Room { settings, .. }, Some(Row::Room { settings: known, .. })) => {
                differing(&[("settings", same_settings(settings, known))])
            }
            (Row::Concert(wished), Some(Row::Concert(known))) => of_concert(wished, known),
            (Row::Show(wished), Some(Row::Show(known))) => of_show(wished, known),
            _ => Vec::new(),
        };
        self.note(place, &fields, &id_of(wished));
        Ok(())
    }

    /// The same of a ticket type, of which a document says only a part.
    pub(super) async fn compare_ticket_type(
        &mut self,
        id: TicketTypeId,
        plan: &TicketTypePlan,
        place: &str,
    ) -> Result<(), ImportTrouble> {
        if let Some(Row::TicketType(known)) =
            self.office.row(Key::TicketType(id)).await?.map(Loaded::into_row)
        {
            let fields = differing(&[
                ("name", plan.name == known.name),
                ("price", Money(plan.price) == known.price),
                ("quantity", plan.quantity == known.capacity),
            ]);
            self.note(place, &fields, &id.to_string());
        }
        Ok(())
    }

    /// The same of what seats cost and are: of all that a block has in common with those that are there.
    /// Neighbours that differ in the same are told of together.
    pub(super) async fn compare_seats(
        &mut self,
        (wished, plan): (&SeatBlock, &SeatsPlan),
        there: &SeatPlan,
        place: &str,
    ) -> Result<(), ImportTrouble> {
        let mut all = Vec::new();
        for known in there.blocks.iter().filter(|known| known.overlaps(wished)) {
            let of_both = common(wished, known);
            let mut runs: Vec<(SeatId, SeatId, Vec<&str>)> = Vec::new();
            for seats in of_both.chunks(READ_AT_ONCE) {
                let keys: Vec<Key> = seats.iter().copied().map(Key::Seat).collect();
                let rows = self.office.reads.rows(&keys).await?;
                for (id, row) in seats.iter().zip(rows) {
                    let fields = of_seat((*id, row), plan, there);
                    match runs.last_mut() {
                        Some((_, last, same)) if *same == fields => *last = *id,
                        _ => runs.push((*id, *id, fields)),
                    }
                }
            }
            all.extend(runs.into_iter().filter(|(.., fields)| !fields.is_empty()));
        }
        let more = all.len().saturating_sub(TOLD_MAX);
        for (first, last, fields) in all.into_iter().take(TOLD_MAX) {
            let named = if first == last {
                first.to_string()
            } else {
                format!("each of {first} to {last}")
            };
            self.note(place, &fields, &named);
        }
        if more > 0 {
            let text = format!("{place}: and {more} more of its seats, or neighbours among them");
            self.imported.differences.push(text);
        }
        Ok(())
    }

    /// The same where a document names no seats: they are added later, and are kept as it says. A document that
    /// says nothing of that either has nothing to compare.
    pub(super) async fn kept_alone(
        &mut self,
        (above, show): (Name, ShowId),
        plan: &ShowPlan,
        place: &str,
    ) -> Result<(), ImportTrouble> {
        if plan.kept_until.is_none() {
            return Ok(());
        }
        let there = self.plan(show).await?;
        let Kept::Until(until) = self.kept(&there, plan, place)? else { return Ok(()) };
        match self.known(above.below("kept", &until.to_string())).await? {
            Known::Free(command) => {
                self.operate(command, keep_seats(show, Some(until)), place).await?;
            }
            // Somebody has them kept always since.
            Known::Made(_) => self.note(place, &["kept_until"], "what is kept"),
        }
        Ok(())
    }

    /// Until when seats are kept from now on: what was said of seats that are there stays.
    pub(super) fn kept(
        &mut self,
        there: &SeatPlan,
        plan: &ShowPlan,
        place: &str,
    ) -> Result<Kept, ImportTrouble> {
        let wished = check::kept_until(plan, place)?;
        if there.blocks.is_empty() && there.kept_until.is_none() {
            return Ok(wished.map_or(Kept::AsBefore, Kept::Until));
        }
        let is_same = there.kept_until == wished;
        self.note(place, &differing(&[("kept_until", is_same)]), "what is kept");
        Ok(Kept::AsBefore)
    }

    /// Notes the shows of a concert that the document does not name: one of another moment is
    /// another show.
    pub(super) async fn note_others(
        &mut self,
        concert: ConcertId,
        named: &[ImportedShow],
        place: &str,
    ) -> Result<(), ImportTrouble> {
        for show in self.office.reads.shows(Some(concert)).await? {
            let id = show.id.to_string();
            if !named.iter().any(|one| one.id == id) {
                let begins = show.opens_at;
                let text = format!("{place}: {id} of {begins} is there and not in the document");
                self.imported.differences.push(text);
            }
        }
        Ok(())
    }

    fn note(&mut self, place: &str, fields: &[&str], id: &str) {
        if !fields.is_empty() {
            let fields = fields.join(", ");
            let text = format!("{place}: {id} is there with another {fields} and stays as it is");
            self.imported.differences.push(text);
        }
    }
}

/// The ids that a block has for the seats that another one has too.
fn common(wished: &SeatBlock, known: &SeatBlock) -> Vec<SeatId> {
    let end = |block: &SeatBlock| u64::from(block.first_number) + u64::from(block.count);
    let numbered = known.seats().zip(u64::from(known.first_number)..);
    let both = u64::from(wished.first_number)..end(wished);
    numbered.filter(|(_, number)| both.contains(number)).map(|(id, _)| id).collect()
}

fn of_seat(
    (id, row): (SeatId, Option<Loaded>),
    plan: &SeatsPlan,
    there: &SeatPlan,
) -> Vec<&'static str> {
    let row = row.map(Loaded::into_row);
    let is_same = !matches!(row, Some(Row::Seat(seat)) if seat.price != Money(plan.price));
    let is_said = there.attribute(id) == plan.attribute;
    differing(&[("price", is_same), ("attribute", is_said)])
}

/// The names of fields that are not the same.
fn differing<'a>(fields: &[(&'a str, bool)]) -> Vec<&'a str> {
    fields.iter().filter(|(_, is_same)| !is_same).map(|(name, _)| *name).collect()
}

fn of_concert(wished: &Concert, known: &Concert) -> Vec<&'static str> {
    differing(&[
        ("name", wished.title == known.title),
        ("category", wished.category == known.category),
        ("venue", wished.venue == known.venue),
        ("currency", wished.currency == known.currency),
    ])
}

fn of_show(wished: &Show, known: &Show) -> Vec<&'static str> {
    let (limits, others) = (wished.limits, known.limits);
    differing(&[
        ("opens_at", wished.opens_at == known.opens_at),
        ("closes_at", wished.closes_at == known.closes_at),
        ("booking_opens_at", wished.booking_opens_at == known.booking_opens_at),
        ("booking_closes_at", wished.booking_closes_at == known.booking_closes_at),
        ("time_zone", wished.time_zone == known.time_zone),
        ("room", wished.room == known.room),
        ("per_reservation_max", limits.per_reservation_max == others.per_reservation_max),
        ("per_buyer_max", limits.per_buyer_max == others.per_buyer_max),
        ("hold_seconds", limits.hold_ms == others.hold_ms),
        ("extensions_max", limits.extensions_max == others.extensions_max),
    ])
}

/// Whether two forms of settings say the same.
fn same_settings(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    read(one) == read(other)
}

fn id_of(row: &Row) -> String {
    match row {
        Row::Room { id, .. } => id.to_string(),
        Row::Concert(concert) => concert.id.to_string(),
        Row::Show(show) => show.id.to_string(),
        other => format!("{:?}", other.key()),
    }
}

/// Blocks as they are said, without their ids.
pub(super) fn said(blocks: &[BlockOfSeats]) -> String {
    let one = |BlockOfSeats { block, .. }: &BlockOfSeats| {
        let SeatBlock { section, row, first_number, count, .. } = block;
        format!("{section:?} {row:?} {first_number} {count}")
    };
    blocks.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What of a block no other has.
pub(super) fn without(block: &SeatBlock, others: &[SeatBlock]) -> Vec<SeatBlock> {
    let mut known: Vec<&SeatBlock> = others.iter().filter(|known| known.overlaps(block)).collect();
    known.sort_by_key(|known| known.first_number);
    let end = |block: &SeatBlock| u64::from(block.first_number) + u64::from(block.count);
    let part = |from: u64, until: u64| {
        let count = u32::try_from(until.checked_sub(from)?).ok().filter(|count| *count > 0)?;
        let first_number = u32::try_from(from).ok()?;
        Some(SeatBlock { first_number, count, ..block.clone() })
    };
    let mut from = u64::from(block.first_number);
    let mut parts = Vec::new();
    for known in known {
        parts.extend(part(from, u64::from(known.first_number)));
        from = from.max(end(known));
    }
    parts.extend(part(from, end(block)));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(first: u32, last: u32) -> SeatBlock {
        let (section, row) = ("A".to_owned(), "1".to_owned());
        let count = last - first + 1;
        SeatBlock { section, row, first_number: first, count, first_seat: SeatId(0) }
    }

    fn left(wished: (u32, u32), there: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let there: Vec<_> = there.iter().map(|(first, last)| block(*first, *last)).collect();
        let left = without(&block(wished.0, wished.1), &there);
        left.iter().map(|one| (one.first_number, one.first_number + one.count - 1)).collect()
    }

    #[test]
    fn only_what_nobody_has_is_left_of_a_block() {
        assert_eq!(left((1, 50), &[]), [(1, 50)]);
        assert_eq!(left((1, 50), &[(1, 50)]), []);
        assert_eq!(left((1, 60), &[(1, 50)]), [(51, 60)]);
        assert_eq!(left((1, 60), &[(20, 30), (5, 9)]), [(1, 4), (10, 19), (31, 60)]);
        assert_eq!(left((10, 20), &[(1, 100)]), []);
        assert_eq!(left((10, 20), &[(1, 10), (20, 30)]), [(11, 19)]);
        let other_row = SeatBlock { row: "2".into(), ..block(1, 50) };
        assert_eq!(without(&block(1, 50), &[other_row]), [block(1, 50)]);
    }
}
